"""The costs of tenants and of their models, day by day, and which of them grow. Pure.

Of a series without an hour of cost for `FORGET_US` nothing is kept; it begins anew. There are so
many series at most; those that there is no room for are counted.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

from streams.core.anomaly.growth import REMEMBERED, WEEKS, Growth, Run
from streams.core.money import PICO, half_even
from streams.core.timeline import WEEK_US
from streams.core.windows import DAY_US, HOUR_US

HISTORY_US: Final = REMEMBERED * DAY_US + WEEKS * WEEK_US  # after which more changes nothing
FORGET_US: Final = WEEKS * WEEK_US
PART_WEEKS: Final = WEEKS  # that a day of a part is compared with
DAY_HOURS: Final = DAY_US // HOUR_US


class Whose(NamedTuple):
    """What is followed: a tenant's cost, or that of its calls of one model."""

    tenant: str
    model: str
    currency: str


class HourCost(NamedTuple):
    """What an hour cost, in pico; it begins at its number times an hour."""

    of: Whose
    hour: int
    pico: int


class PartDay(NamedTuple):
    """What a part of a cost was on a day, in pico; the day begins at its number times a day."""

    model: str
    project: str
    pool: str
    day: int
    pico: int


class PartCost(NamedTuple):
    """What a day of a part of a cost was, and what it was on that day of the weeks before: pico."""

    dimension: str
    value: str
    now: int
    before: int


Hours: TypeAlias = Mapping[Whose, Mapping[int, int]]  # pico by the number of an hour


class Growing(NamedTuple):
    """A cost that goes on being more than in the weeks before, in pico.

    `actual` and `expected`: of an hour, on the day that shows how it is now. `grown`: of an hour,
    by how much more it is, wild hours left out.
    """

    run: Run
    actual: int
    expected: int
    grown: int


class Followed:
    """One series: its growth, and what its last days cost and were to cost."""

    __slots__ = ("costs", "growth", "seen_us")

    def __init__(self) -> None:
        self.growth = Growth()
        self.costs: dict[int, tuple[int, int]] = {}  # pico of a day, and what was usual
        self.seen_us = 0  # begin of its last hour with a cost

    def learn(self, day_us: int, hours: Mapping[int, int]) -> None:
        """Take in a day."""
        total, usual = 0, 0.0
        for number in range(day_us // HOUR_US, day_us // HOUR_US + DAY_HOURS):
            at_us, pico = number * HOUR_US, hours.get(number, 0)
            if pico:
                self.seen_us = at_us
            judged = self.growth.score(pico / PICO, at_us)
            self.growth.learn(pico / PICO, at_us, judged)
            total, usual = total + pico, usual + judged.expected
        self.costs[day_us] = total, round(usual * PICO)
        for old_us in [each for each in self.costs if each <= day_us - REMEMBERED * DAY_US]:
            del self.costs[old_us]

    @property
    def growing(self) -> Growing | None:
        """How much more it costs than in the weeks before; None where it does not."""
        run = self.growth.run
        if run is None:
            return None
        actual, expected = (half_even(each, DAY_HOURS) for each in self.costs[run.shown.at_us])
        return Growing(run, actual, expected, round(expected * run.grown))

    def excess(self, since_us: int) -> int:
        """Return what the days since an instant cost more than before, of those remembered."""
        return sum(cost - usual for at_us, (cost, usual) in self.costs.items() if at_us >= since_us)


class Growths:
    """All series. `until_us`: the end of the last day that was taken in; 0 before any was."""

    def __init__(self, max_series: int) -> None:
        self.until_us = 0
        self.without_room = 0  # series of the last day
        self._max_series = max_series
        self._series: dict[Whose, Followed] = {}

    def learn(self, day_us: int, hours: Hours) -> None:
        """Take in a day of all series, in the order of time."""
        self.without_room = 0
        for whose in sorted(hours.keys() - self._series.keys()):
            if len(self._series) < self._max_series:
                self._series[whose] = Followed()
            else:
                self.without_room += 1
        self.until_us = day_us + DAY_US
        for whose, each in list(self._series.items()):
            each.learn(day_us, hours.get(whose, {}))
            if each.seen_us < self.until_us - FORGET_US:
                del self._series[whose]

    def __len__(self) -> int:
        return len(self._series)

    def excess(self, whose: Whose, since_us: int) -> int:
        """Return what the days since an instant cost more than before; 0 of what is not known."""
        followed = self._series.get(whose)
        return 0 if followed is None else followed.excess(since_us)

    def growing(self) -> dict[Whose, Growing]:
        """Return what costs more than in the weeks before."""
        found = ((whose, each.growing) for whose, each in sorted(self._series.items()))
        return {whose: growing for whose, growing in found if growing is not None}


def part_costs(rows: Iterable[PartDay], dimensions: Sequence[str], day_us: int) -> list[PartCost]:
    """Return what each part of a cost was on a day, and on that day of the weeks before it.

    Weeks in which nothing at all was spent on that day do not count.
    """
    days = list(rows)
    today = day_us // DAY_US
    weeks = max(1, len({each.day for each in days if each.day != today}))
    sums: dict[tuple[str, str], list[int]] = {}
    for each in days:
        for dimension in dimensions:
            both = sums.setdefault((dimension, str(getattr(each, dimension))), [0, 0])
            both[each.day != today] += each.pico
    return [
        PartCost(dimension, value, now, half_even(before, weeks))
        for (dimension, value), (now, before) in sums.items()
    ]


def with_tenants(rows: Iterable[HourCost]) -> dict[Whose, dict[int, int]]:
    """Return what each series cost, of the cost of tenants by their models; empty: of none.

    >>> [each.model for each in with_tenants([HourCost(Whose("acme", "m", "USD"), 5, 1)])]
    ['', 'm']
    """
    found: dict[Whose, dict[int, int]] = {}
    for of, hour, pico in rows:
        for whose in dict.fromkeys((of._replace(model=""), of)):
            hours = found.setdefault(whose, {})
            hours[hour] = hours.get(hour, 0) + pico
    return found

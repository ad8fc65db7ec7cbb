"""Whether a cost grows bit by bit, beside the same hours of the weeks before: told by the hour.

An hour is compared with the median of that hour in up to four weeks; a day is as much more as half
of its hours are, at least, so neither a wild hour nor a wild week moves it. The days go to River's
Page-Hinkley test, which sums up by how much they are above their mean. What it finds goes on for as
long as most of the last three days are above what is spared.
"""

from array import array
from collections import deque
from collections.abc import Sequence
from itertools import combinations
from math import exp, log
from statistics import median
from typing import Final, NamedTuple

from river.drift import PageHinkley

from streams.core.anomaly.judgement import Judgement
from streams.core.timeline import WEEK_US
from streams.core.windows import DAY_US, HOUR_US

WEEKS: Final = 4  # that an hour is compared with
WEEK: Final = WEEK_US // HOUR_US
DAY: Final = DAY_US // HOUR_US
ENOUGH: Final = 12  # hours of a day with a cost, as in weeks before: with fewer it says nothing
MOST: Final = 0.5  # of a logarithm: what one day counts for at most in the test
SPARED: Final = 0.08  # of a logarithm: by so much a day may be above the mean and add nothing
DRIFT: Final = 0.4  # sum of what is above that, from which on it is a drift
REMEMBERED: Final = 28  # days back that are tested: more would depend on who began when
LATELY: Final = 3  # days of which the middle one says how it is now
WARM_AFTER: Final = 5  # days


class Day(NamedTuple):
    """How much more a day was than in the weeks before, as a logarithm."""

    at_us: int
    level: float


class Run(NamedTuple):
    """The last days of a series in which it cost more than before. `is_growth`: the test says so.

    `per_day`: by which part of itself it grew each day. `shown`: the middle one of the last days.
    """

    since_us: int
    per_day: float
    shown: Day
    is_growth: bool

    @property
    def grown(self) -> float:
        """By which part of what was usual it has grown.

        >>> round(Run(0, 0.01, Day(0, log(1.5)), is_growth=True).grown, 6)
        0.5
        """
        return exp(self.shown.level) - 1


class Growth:
    """The hours of one series, which come without a gap, from its first cost on.

    `run`: what goes on with the last day; None where that is nothing.
    """

    __slots__ = ("_days", "_hours", "_ratios", "run")

    def __init__(self) -> None:
        self.run: Run | None = None
        self._hours = array("d", bytes(8 * WEEKS * WEEK))  # 0: without a cost
        self._ratios: list[float] = []  # of the day that runs
        self._days: deque[Day] = deque()

    def score(self, value: float, at_us: int) -> Judgement:
        """Judge an hour: the score is of growth until now, `low` and `high` of one wild hour."""
        usual = self._usual_at(at_us)
        is_growth = self.run is not None and self.run.is_growth
        return Judgement(
            1 - exp(-self.run.shown.level) if self.run is not None and is_growth else 0.0,
            is_warm=len(self._days) >= WARM_AFTER,
            expected=value if usual is None else usual,
            low=value if usual is None else usual * exp(-MOST),
            high=value if usual is None else usual * exp(MOST),
        )

    def learn(self, value: float, at_us: int, judgement: Judgement) -> None:  # noqa: ARG002 - a wild hour is learned, too: medians do not mind
        """Take an hour in."""
        usual = self._usual_at(at_us)
        if usual is not None and value > 0:
            self._ratios.append(log(value / usual))
        self._hours[at_us // HOUR_US % len(self._hours)] = value
        if (at_us + HOUR_US) % DAY_US == 0:
            self._end_day(at_us + HOUR_US - DAY_US)

    def _usual_at(self, at_us: int) -> float | None:
        """Return the median of an hour in weeks in which it cost something; None without one."""
        hour = at_us // HOUR_US
        before = [self._hours[(hour + week * WEEK) % len(self._hours)] for week in range(WEEKS)]
        seen = [each for each in before if each > 0]
        return median(seen) if seen else None

    def _end_day(self, at_us: int) -> None:
        if len(self._ratios) >= ENOUGH:
            self._days.append(Day(at_us, median(self._ratios)))
        while self._days and self._days[0].at_us <= at_us - REMEMBERED * DAY_US:
            self._days.popleft()
        self._ratios = []
        is_known = bool(self._days) and self._days[-1].at_us > at_us - LATELY * DAY_US
        self.run = run_of(list(self._days)) if is_known else None


def run_of(days: Sequence[Day]) -> Run | None:
    """Return the run that some days end with; they come in order, and there is one at least."""
    drift = PageHinkley(min_instances=1, delta=SPARED, threshold=DRIFT, alpha=1.0, mode="up")
    above, is_growth = 0, False
    for number, day in enumerate(days, start=1):
        drift.update(max(-MOST, min(MOST, day.level)))  # type: ignore[no-untyped-call]  # River has no types
        above = above + 1 if lately(days[:number]).level > SPARED else 0
        is_drift = drift.drift_detected and number >= WARM_AFTER
        is_growth = above > 0 and (is_growth or is_drift)
    if not above:
        return None
    first = begin_of(days, len(days) - above)
    return Run(
        days[first].at_us, slope(days[max(0, first - 1) :]), lately(days), is_growth=is_growth
    )


def begin_of(days: Sequence[Day], first: int) -> int:
    """Return the first day of a run of which this one is: after the last that was as usual."""
    usual = median(day.level for day in days[:first]) if first else 0.0
    while first and days[first - 1].level > usual:
        first -= 1
    return first


def lately(days: Sequence[Day]) -> Day:
    """Return the middle one of the last days."""
    last = sorted(days[-LATELY:], key=lambda day: day.level)
    return last[(len(last) - 1) // 2]


def slope(days: Sequence[Day]) -> float:
    """Return by which part days grow each, by the median of all pairs (Theil and Sen).

    >>> round(slope([Day(n * DAY_US, log(1.05**n)) for n in range(5)]), 6)
    0.05
    """
    slopes = [
        (two.level - one.level) * DAY_US / (two.at_us - one.at_us)
        for one, two in combinations(days, 2)
    ]
    return exp(median(slopes)) - 1 if slopes else 0.0

"""What a period costs in the end: what was spent, exactly, and a forecast of the rest.

Money is pico. What was spent is counted, never estimated; what is estimated is rounded to a pico
once, and says so by its interval.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from streams.core.forecast.drivers import Driven, Driver, driven
from streams.core.forecast.forecaster import Forecaster, Interval, Outlook
from streams.core.money import PICO
from streams.core.windows import HOUR_US


class Between(NamedTuple):
    """Where a total is, pico."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class PeriodEnd:
    """A period in the end, pico. `rest` null: too little was seen to say.

    `rest` is what goes on as it went; `drivers` is what is planned and makes a difference.
    `missing`: hours that must be seen before what was spent says how it goes on.
    """

    spent: int
    rest: int | None
    drivers: tuple[tuple[Driver, int], ...] = ()
    by80: Between | None = None
    by95: Between | None = None
    missing: int = 0

    @property
    def expected(self) -> int | None:
        """What the period costs."""
        if self.rest is None:
            return None
        return self.spent + self.rest + sum(amount for _, amount in self.drivers)


def learned(hour: int, costs: Iterable[int]) -> Forecaster:
    """Return a forecaster that has learned what each hour cost, pico, from one on without a gap."""
    made = Forecaster(hour)
    for cost in costs:
        made.learn(cost / PICO)
    return made


def period_end(
    seen: Forecaster, spent: int, within: tuple[int, int], drivers: Sequence[Driver] = ()
) -> PeriodEnd:
    """Return what [from, to), microseconds, costs, of which `spent` was until the hour seen last.

    An hour that holds the end counts whole. Where too little was seen, all of what drivers say is
    to come and nothing else, if they say from the first hour on what it costs: of a tenant that was
    announced. Otherwise nothing is said.
    """
    from_us, to_us = within
    first = max(seen.hour, from_us // HOUR_US)
    hours = range(first, -(-to_us // HOUR_US))
    if not hours:
        exactly = Between(spent, spent)
        return PeriodEnd(spent, 0, (), exactly, exactly)
    skip = first - seen.hour
    outlook = seen.ahead(len(hours), skip)
    if outlook is None:
        return planned(seen, spent, hours, drivers)
    path = seen.path(skip + len(hours))[skip:]
    return ended(spent, outlook, driven(path, drivers, hours, seen.hour * HOUR_US - 1))


def planned(seen: Forecaster, spent: int, hours: range, drivers: Sequence[Driver]) -> PeriodEnd:
    """Return a period's end by what is planned alone, if that is all there is to a cost."""
    begin_us = (seen.first + 1) * HOUR_US
    amounts = [each for each in drivers if each.per_day is not None]
    is_announced = any(each.from_us <= begin_us for each in amounts)
    if not is_announced and seen.first != seen.hour:
        return PeriodEnd(spent, None, missing=seen.missing)
    alone = driven([0.0] * len(hours), drivers, hours, -1)
    return replace(ended(spent, Outlook(0.0, None, None), alone), missing=seen.missing)


def ended(spent: int, outlook: Outlook, by: Driven) -> PeriodEnd:
    """Return a period's end by an outlook with drivers on it."""
    more = sum(amount for _, amount in by.parts)
    parts = ((driver, pico(amount)) for driver, amount in by.parts)

    def total(interval: Interval | None) -> Between | None:
        if interval is None:
            return None
        middle = outlook.expected + more
        low = middle - by.times * (outlook.expected - interval.low)
        high = middle + by.times * (interval.high - outlook.expected)
        return Between(spent + pico(low), spent + pico(high))

    return PeriodEnd(
        spent,
        pico(outlook.expected),
        tuple((driver, amount) for driver, amount in parts if amount),
        total(outlook.by80),
        total(outlook.by95),
    )


def pico(amount: float) -> int:
    """Return an estimate in pico.

    >>> pico(1.5)
    1500000000000
    """
    return round(amount * PICO)

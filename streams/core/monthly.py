"""Amounts of calendar months, UTC, spread over time: the parts of a month sum to it.

A part gets what is spread by its end, less what is spread by its begin, both rounded down to a
pico. So parts of any length sum to the whole, in months of 28 to 31 days.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from streams.core.catalog import SHARED_KIND
from streams.core.shared_costs import SharedCost
from streams.core.windows import SECOND_US

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MONTHS = 12
SECONDS = "Seconds"
PRODUCER = "accrual-shared:"  # and the name


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month in UTC, [from, to). `number` counts from January 1970."""

    number: int

    @property
    def from_us(self) -> int:
        """Its begin."""
        return begin_us(self.number)

    @property
    def to_us(self) -> int:
        """Its end."""
        return begin_us(self.number + 1)


@dataclass(frozen=True, slots=True)
class MonthOfCost:
    """The time of one month that a shared cost is paid for. What it costs says the catalog."""

    name: str
    month: Month

    @property
    def from_us(self) -> int:
        """Its begin."""
        return self.month.from_us

    @property
    def to_us(self) -> int:
        """Its end."""
        return self.month.to_us

    @property
    def producer(self) -> str:
        """The source of its batches."""
        return f"{PRODUCER}{self.name}"

    @property
    def kind(self) -> str:
        """The kind of resource that its time is."""
        return f"{SHARED_KIND}{self.name}"

    @property
    def unit(self) -> str:
        """What its time is counted in: any stretch is a whole number of 1e-12 of it."""
        return SECONDS

    @property
    def unit_us(self) -> int:
        """How long that is."""
        return SECOND_US


def month_of(at_us: int) -> Month:
    """Return the month that holds an instant."""
    at = EPOCH + timedelta(microseconds=at_us)
    return Month((at.year - EPOCH.year) * MONTHS + at.month - 1)


@lru_cache(1024)
def begin_us(number: int) -> int:
    """Return the begin of a month, microseconds.

    >>> begin_us(1) - begin_us(0) == 31 * 86_400_000_000
    True
    """
    years, month = divmod(number, MONTHS)
    begin = datetime(EPOCH.year + years, month + 1, 1, tzinfo=UTC)
    return (begin - EPOCH) // timedelta(microseconds=1)


def spread(monthly: int, start_us: int, end_us: int) -> int:
    """Return what of a monthly amount falls into [start, end).

    >>> spread(1000, begin_us(1), begin_us(2))
    1000
    """
    return spread_until(monthly, end_us) - spread_until(monthly, start_us)


def spread_until(monthly: int, at_us: int) -> int:
    """Return what is spread by an instant, since 1970."""
    month = month_of(at_us)
    part = monthly * (at_us - month.from_us) // (month.to_us - month.from_us)
    return monthly * month.number + part


def months(costs: Iterable[SharedCost], since_us: int, until_us: int) -> Iterator[MonthOfCost]:
    """Yield the months, begun before an instant and not over at another, of monthly amounts.

    Each once, whatever a cost says in how many entries.
    """
    found: dict[MonthOfCost, None] = {}
    for cost in costs:
        if cost.monthly is None:
            continue
        from_us, to_us = max(cost.from_us, since_us), min(cost.to_us, until_us)
        if from_us < to_us:
            numbers = range(month_of(from_us).number, month_of(to_us - 1).number + 1)
            found |= {MonthOfCost(cost.name, Month(number)): None for number in numbers}
    yield from found

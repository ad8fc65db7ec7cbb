"""The periods that budgets are for, in UTC: of the calendar, or as long as ever before now.

A window belongs to the period that its begin is in.
"""

import re
from functools import lru_cache
from typing import Final, NamedTuple

from streams.core.monthly import month_of
from streams.core.windows import DAY_US, HOUR_US, MINUTE_US

ROLLING: Final = re.compile(r"^([1-9]\d*) (hours|days)$")
CALENDAR: Final = ("month", "week", "day")
LENGTHS: Final = {"month": 30 * DAY_US, "week": 7 * DAY_US, "day": DAY_US}
UNITS: Final = {"hours": HOUR_US, "days": DAY_US}
SLIDES_BY_MINUTE_US: Final = 2 * DAY_US  # what is longer slides by the hour
LONGEST_US: Final = 366 * DAY_US
MONDAY_US: Final = 4 * DAY_US  # the first one, 1970-01-05
EVER: Final = "rolling"


class Period(NamedTuple):
    """A stretch of time, half-open. `name` tells it from others of the same budget."""

    start_us: int
    end_us: int
    name: str

    @property
    def for_us(self) -> int:
        """How long it is."""
        return self.end_us - self.start_us


class Rolling(NamedTuple):
    """A period that ends now: how long, and the steps that it slides in."""

    for_us: int
    step_us: int


@lru_cache(1024)
def rolling(period: str) -> Rolling | None:
    """Return a rolling period; None where it is one of the calendar.

    >>> rolling("6 hours"), rolling("month")
    (Rolling(for_us=21600000000, step_us=60000000), None)
    """
    found = ROLLING.match(period)
    if found is None:
        return None
    for_us = int(found[1]) * UNITS[found[2]]
    return Rolling(for_us, MINUTE_US if for_us <= SLIDES_BY_MINUTE_US else HOUR_US)


def nominal_us(period: str) -> int:
    """Return how long a period is, whichever month it is."""
    known = rolling(period)
    return LENGTHS[period] if known is None else known.for_us


def period_at(period: str, at_us: int) -> Period:
    """Return the period that an instant is in.

    >>> [(each.start_us // DAY_US, each.name) for each in (period_at("week", 12 * DAY_US - 1),
    ...  period_at("day", 12 * DAY_US), period_at("2 days", 12 * DAY_US - 1))]
    [(11, '1970-01-12'), (12, '1970-01-13'), (10, 'rolling')]
    """
    known = rolling(period)
    if known is not None:
        end_us = at_us - at_us % known.step_us + known.step_us
        return Period(end_us - known.for_us, end_us, EVER)
    if period == "month":
        month = month_of(at_us)
        return Period(month.from_us, month.to_us, day_of(month.from_us))
    start_us = begin_of(period, at_us)
    return Period(start_us, start_us + LENGTHS[period], day_of(start_us))


def begin_of(period: str, at_us: int) -> int:
    """Return the begin of the week or day that holds an instant; weeks begin on Monday."""
    offset_us = MONDAY_US if period == "week" else 0
    return at_us - (at_us - offset_us) % LENGTHS[period]


def day_of(at_us: int) -> str:
    """Return the date of an instant.

    >>> day_of(1_767_225_600_000_000)
    '2026-01-01'
    """
    month = month_of(at_us)
    years, before = divmod(month.number, 12)
    day = (at_us - month.from_us) // DAY_US + 1
    return f"{1970 + years}-{before + 1:02}-{day:02}"

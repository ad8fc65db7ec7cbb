"""When calls are made: declared shapes over the minutes of a week that begins on Monday, in UTC.

They are shapes as anybody knows them, not measurements: no public trace is weeks long.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Literal, TypeAlias

from streams.config.fields import EPOCH
from streams.core.windows import MINUTE_US

Shape: TypeAlias = Literal["office", "consumer", "steady", "nightly", "weekly"]

HOUR = 60  # in minutes, as all that is not named otherwise
DAY = 24 * HOUR
WEEK_DAYS = 7
WORKING_DAYS = 5
WEEK = WEEK_DAYS * DAY

BEGIN_US = (datetime(2026, 3, 2, tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)  # a Monday

# Weights of the hours of a day; between two the rate goes over steadily.
OFFICE = (10, 10, 10, 10, 10, 15, 30, 60, 100, 130, 140, 135,
          110, 120, 135, 130, 120, 90, 60, 40, 30, 20, 15, 10)  # fmt: skip
CONSUMER = (50, 35, 25, 20, 20, 25, 40, 60, 80, 90, 100, 105,
            110, 105, 100, 100, 110, 120, 135, 150, 155, 145, 110, 80)  # fmt: skip
WEEKENDS = {"office": 0.2, "consumer": 1.15}
BATCH = (90, 210)  # minutes of the day in which the nightly batch calls
REPORT = (6 * HOUR, 8 * HOUR)  # minutes of Monday in which the weekly report calls


def at_us(minute: int) -> int:
    """Return the instant at which a minute begins."""
    return BEGIN_US + minute * MINUTE_US


@cache
def weights(shape: Shape) -> tuple[float, ...]:
    """Return the weight of each minute of the week; their mean is 1, of batches while they run."""
    match shape:
        case "office":
            return around_one([w for day in range(WEEK_DAYS) for w in day_of(shape, OFFICE, day)])
        case "consumer":
            return around_one([w for day in range(WEEK_DAYS) for w in day_of(shape, CONSUMER, day)])
        case "steady":
            return (1.0,) * WEEK
        case "nightly":
            return tuple(float(BATCH[0] <= minute % DAY < BATCH[1]) for minute in range(WEEK))
        case "weekly":
            return tuple(float(REPORT[0] <= minute < REPORT[1]) for minute in range(WEEK))


def day_of(shape: Shape, hours: Sequence[int], day: int) -> list[float]:
    """Return the weights of a day's minutes."""
    level = WEEKENDS[shape] if day >= WORKING_DAYS else 1.0
    return [level * between(hours, minute) for minute in range(DAY)]


def between(hours: Sequence[int], minute: int) -> float:
    """Return the weight at a minute of the day.

    >>> between([0, 60, *[0] * 22], 30), between([0, 60, *[0] * 22], 60)
    (30.0, 60.0)
    """
    hour, past = divmod(minute, HOUR)
    here, there = hours[hour], hours[(hour + 1) % len(hours)]
    return here + (there - here) * past / HOUR


def around_one(values: Sequence[float]) -> tuple[float, ...]:
    """Return the values over their mean."""
    mean = sum(values) / len(values)
    return tuple(value / mean for value in values)

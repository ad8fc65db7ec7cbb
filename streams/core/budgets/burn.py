"""How fast a budget is spent, over two windows, as practice is for error budgets.

A rate of 1 spends exactly the limit by the end of the period. An alert wants a rate over a long
window, so that little things raise none, and over a short one as well, so that what is over does
not. Windows and factors are those of Google's SRE workbook (chapter 5, "Alerting on SLOs", table
5-8): for 30 days 14.4 over 1 hour and 5 minutes, which spends 2 % of the limit in the hour, and 6
over 6 hours and 30 minutes, which spends 5 %. Shorter periods have shorter windows.
"""

from fractions import Fraction
from functools import lru_cache
from typing import Final, NamedTuple

from streams.core.budgets.periods import nominal_us
from streams.core.windows import HOUR_US, MINUTE_US

FAST: Final = "fast"
SLOW: Final = "slow"
SHORTEST_US: Final = 15 * MINUTE_US  # of long windows: cost comes by the minute
LONGEST_US: Final = HOUR_US
FIRST_PART: Final = 720  # 30 days over an hour
SHORT_PART: Final = 12
SHORTEST_SHORT_US: Final = 5 * MINUTE_US
OPEN_WHILE: Final = Fraction(3, 4)  # of the factor, once an alert is open


class Pair(NamedTuple):
    """Two windows over which the rate is at least a factor when there is an alert."""

    name: str
    long_us: int
    short_us: int
    factor: Fraction


@lru_cache(1024)
def pairs(period: str) -> tuple[Pair, ...]:
    """Return the pairs of a period, the faster first.

    A pair that would take longer than the period to spend the limit is left out: `exceeded` says so
    before.

    >>> [(each.name, each.long_us // MINUTE_US, each.short_us // MINUTE_US, float(each.factor))
    ...  for each in (*pairs("month"), *pairs("day"), *pairs("1 hours"))]
    [('fast', 60, 5, 14.4), ('slow', 360, 30, 6.0), ('fast', 15, 5, 14.4), ('slow', 90, 8, 6.0)]
    """
    length_us = nominal_us(period)
    first_us = min(LONGEST_US, max(SHORTEST_US, whole_minutes(length_us // FIRST_PART)))
    found = (
        _pair(FAST, first_us, Fraction(72, 5)),
        _pair(SLOW, 6 * first_us, Fraction(6)),
    )
    return tuple(each for each in found if each.factor * each.long_us <= length_us)


def _pair(name: str, long_us: int, factor: Fraction) -> Pair:
    short_us = max(SHORTEST_SHORT_US, whole_minutes(long_us // SHORT_PART))
    return Pair(name, long_us, short_us, factor)


def whole_minutes(for_us: int) -> int:
    """Return a duration, rounded up to minutes."""
    return -(-for_us // MINUTE_US) * MINUTE_US


def rate(pico: int, within_us: int, limit: int, period_us: int) -> Fraction:
    """Return the rate of what was spent within a window.

    >>> rate(pico=20, within_us=HOUR_US, limit=1000, period_us=720 * HOUR_US)
    Fraction(72, 5)
    """
    return Fraction(pico * period_us, within_us * limit)

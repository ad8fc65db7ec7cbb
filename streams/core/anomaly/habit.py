"""Whether a value is usual at this time of the week: people, batches and reports have habits.

Expected is the mean of the same quarter of an hour in past weeks, in the first week in past days,
times how the last minutes compare with it; on the first day it is the level of late. What is usual
in the weeks or in the days is usual. The spread is never less than chance makes of small numbers,
nor than a part of the value; but what is far above for minutes on end is no chance. What is unusual
teaches little, unless it was so the time before, too. A series that is young, or comes at any time,
is compared with its busiest values of past days, too.
"""

from collections.abc import Iterable, Sequence
from math import hypot, inf, sqrt
from typing import Final, NamedTuple

from streams.core.anomaly.busiest import Busiest
from streams.core.anomaly.calendar import UNUSUAL, Calendar, Usual
from streams.core.anomaly.judgement import Judgement, Quarter
from streams.core.timeline import WEEK_US
from streams.core.windows import DAY_US, HOUR_US

WIDE: Final = 3.0  # standard deviations that few values are off by
SIGMA: Final = 1.25  # a bell curve's standard deviation over its mean deviation: sqrt(pi / 2)
LEAST_RATIO: Final = 0.1  # of a value: the least that a mean deviation is taken to be
COLD_RATIO: Final = 0.2  # the same on the first day, on which a morning may be all that is known
DRIFT_US: Final = HOUR_US // 3  # in which expectations follow what the hour is like
DRIFT: Final = (0.85, 1.15)  # times the habit: further they do not
RATIO: Final = (0.5, 2.0)  # times what was expected: what one value says of its hour at most
LASTING: Final = 1.6  # times the most that is usual, over the last minutes: chance does not last
ONE_RATIO: Final = 4.0  # times that: what one value says of the last minutes at most
LEVEL_US: Final = HOUR_US // 2  # the level of late is of so long
LEVEL_VALUES: Final = 5  # and of so many values at least
OUTLYING: Final = 4  # times the usual: what one value says of chance at most
WARM_AFTER: Final = 30  # values
HALF_BUSY: Final = 0.5  # of the busiest value of past days: from there on one is much
FURTHEST: Final = 9.0  # where there is no way at all to what few values are


class Range(NamedTuple):
    """Between `least` and `most` values are usual; few lie outside `low` and `high`.

    On the first day nobody knows what is usual: a level says what one value may be, not several.
    """

    expected: float
    low: float
    least: float
    most: float
    high: float


class Habit:
    """The habits of one series. Costs and shares are not negative; a value that is, is zero."""

    __slots__ = ("_busiest", "_chance", "_day", "_drift", "_first_us", "_late", "_late_ratio",
                 "_level", "_period_us", "_seen", "_spread", "_week")  # fmt: skip

    def __init__(self, period_us: int) -> None:
        self._period_us = period_us
        self._late = max(LEVEL_US // period_us, LEVEL_VALUES)
        self._day = Calendar(DAY_US, period_us)
        self._week = Calendar(WEEK_US, period_us)
        self._first_us = 0
        self._seen = 0
        self._level = self._spread = 0.0
        self._drift = 1.0
        self._late_ratio = 1.0  # of the last values to the most that is usual
        self._busiest = Busiest()
        self._chance = 0.0  # mean deviation of a value whose expectation is 1

    def score(self, value: float, at_us: int) -> Judgement:
        """Judge a value by how far it is from what is usual now."""
        if not self._seen:
            return Judgement(0.0, is_warm=False, expected=value, low=value, high=value)
        around = self._around(at_us)
        off = abs(value - around.expected)
        wide = (
            around.high - around.expected
            if value > around.expected
            else around.expected - around.low
        )
        return Judgement(
            off / (off + wide) if off else 0.0,
            self._seen >= WARM_AFTER,
            around.expected,
            around.low,
            around.high,
            way(value - around.most, around.high - around.most),
            way(around.least - value, around.least - around.low),
        )

    def learn(self, value: float, at_us: int, judgement: Judgement) -> None:
        """Take a value in: fully where it is usual."""
        if not self._seen:
            self._first_us, self._level = at_us, value
        self._seen += 1
        known = self._known(at_us)
        self._look_back(value, known)
        self._busiest.learn(value, at_us, most_of(known) if known else None)
        is_usual = not judgement.is_warm or judgement.low <= value <= judgement.high
        self._day.learn(value, at_us, is_usual=is_usual)
        self._week.learn(value, at_us, is_usual=is_usual)
        rate = (1.0 if is_usual else UNUSUAL) / min(self._seen, self._late)
        self._spread += rate * (abs(value - self._level) - self._spread)
        self._level += rate * (value - self._level)
        if is_usual and judgement.expected > 0:
            self._follow(value, judgement.expected, abs(value - judgement.expected))

    def recall(self, past: Iterable[Quarter]) -> None:
        """Take in quarters of an hour, in order, about as if their values had been learned."""
        for each in past:
            judged = self.score(each.mean, each.at_us)
            known = self._known(each.at_us)
            self._busiest.recall(each, most_of(known) if known else None)
            usual = [
                not judged.is_warm or judged.low <= value <= judged.high for value in each.halves
            ]
            if usual[0] == usual[1]:
                self._recall(each, judged, is_usual=usual[0])
            else:
                for value, is_usual in zip(each.halves, usual, strict=True):
                    half = Quarter(each.at_us, value, 0.0, max(1, each.values // 2), value)
                    self._recall(half, judged, is_usual=is_usual)

    def _recall(self, past: Quarter, judged: Judgement, *, is_usual: bool) -> None:
        if not self._seen:
            self._first_us, self._level = past.at_us, past.mean
        self._seen += past.values
        self._look_back(past.mean, self._known(past.at_us), past.values)
        self._day.recall(past, is_usual=is_usual)
        self._week.recall(past, is_usual=is_usual)
        rate = gain((1.0 if is_usual else UNUSUAL) / min(self._seen, self._late), past.values)
        self._spread += rate * (hypot(past.deviation, past.mean - self._level) - self._spread)
        self._level += rate * (past.mean - self._level)
        if is_usual and judged.expected > 0:
            off = hypot(past.deviation, past.mean - judged.expected)
            self._follow(past.mean, judged.expected, off, past.values)

    def _known(self, at_us: int) -> list[Usual]:
        """Return what past weeks, then days, say of an instant; on the first day nothing."""
        for_us = at_us - self._first_us
        of_week = self._week.at(at_us) if for_us >= WEEK_US else None
        of_day = self._day.at(at_us) if for_us >= DAY_US else None
        return [each for each in (of_week, of_day) if each is not None]

    def _around(self, at_us: int) -> Range:
        """Return what is usual at an instant."""
        known = self._known(at_us)
        if not known:
            level = self._level
            low, high = self._range(Usual(level, level, level, self._spread), 1.0, COLD_RATIO)
            return Range(level, low, -inf, inf, high)
        ranges = [self._range(each, self._drift, LEAST_RATIO) for each in known]
        low, high = min(each for each, _ in ranges), max(each for _, each in ranges)
        expected = known[0].mean * self._drift
        least = min(each.least for each in known) * self._drift
        most = max(expected, most_of(known) * self._drift)
        if self._late_ratio > LASTING:
            high = min(high, max(expected, most_of(known) * DRIFT[1]))
        is_young = at_us - self._first_us < WEEK_US
        if is_young or self._busiest.comes_any_time:
            busiest = self._busiest.before(at_us, is_young=is_young)
            if busiest > high:
                most, high = max(most, HALF_BUSY * busiest), busiest
        return Range(expected, low, least, most, high)

    def _range(self, usual: Usual, drift: float, ratio: float) -> tuple[float, float]:
        """Return between which values few others lie."""
        least, most = usual.least * drift, usual.most * drift
        low = least - self._width(least, usual.deviation, ratio)
        return low, most + self._width(most, usual.deviation, ratio)

    def _width(self, value: float, deviation: float, ratio: float) -> float:
        size = max(value, 0.0)
        return WIDE * SIGMA * max(deviation, self._chance * sqrt(size), ratio * size)

    def _look_back(self, value: float, known: Sequence[Usual], times: int = 1) -> None:
        """Take in how a value compares with the most that is usual, however unusual it is."""
        ratio = 1.0
        if known and value > 0:
            most = most_of(known)
            ratio = min(value / most, ONE_RATIO) if most > 0 else ONE_RATIO
        rate = gain(min(1.0, self._period_us / DRIFT_US), times)
        self._late_ratio += rate * (ratio - self._late_ratio)

    def _follow(self, value: float, expected: float, apart: float, times: int = 1) -> None:
        """Learn from a usual value how much chance there is, and what the hour is like."""
        off = apart / sqrt(expected)
        most = OUTLYING * self._chance if self._chance else off
        rate = gain(max(1 / self._seen, self._period_us / DAY_US), times)
        self._chance += rate * (min(off, most) - self._chance)
        low, high = RATIO
        ratio = min(max(value / expected, low), high)
        rate = gain(min(1.0, self._period_us / DRIFT_US), times)
        drift = self._drift * (1 + rate * (ratio - 1))
        low, high = DRIFT
        self._drift = min(max(drift, low), high)


def most_of(known: Sequence[Usual]) -> float:
    """Return the most that is usual, in weeks or in days."""
    return max(each.most for each in known)


def way(off: float, whole: float) -> float:
    """Return how far something is off, as a part of the way to where few values are.

    >>> way(3.0, 2.0), way(1.0, 0.0), way(-1.0, 0.0), way(-inf, -inf)
    (1.5, 9.0, 0.0, 0.0)
    """
    if whole > 0:
        return off / whole
    return FURTHEST if off > 0 else 0.0


def gain(rate: float, times: int) -> float:
    """Return what one value moves a mean by that stands for so many.

    >>> gain(0.5, 2)
    0.75
    """
    return rate if times == 1 else 1 - (1 - rate) ** times

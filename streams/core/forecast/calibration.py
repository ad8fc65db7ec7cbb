"""How far totals ahead were off, by how far ahead: what intervals are made of.

Conformal: an interval is as wide as what was wrong of forecasts made the same way, once what they
were of had come. No distribution is assumed. A surprise is kept in days' worth of cost, so that a
tenant that grows keeps its intervals in proportion.
"""

from collections import deque
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate, pairwise
from math import ceil
from statistics import NormalDist

AHEAD = (1, 2, 3, 5, 7, 10, 14, 21, 28)  # days
FURTHEST = AHEAD[-1]
KEPT = 84  # surprises of each; three months, less what is ahead
FEWEST = 3  # of one distance to say anything by it
GROWTH = 0.9  # power of the distance by which surprises grow beyond what was seen
SIZE_RATE = 0.05  # a day: of what a day costs


class Calibration:
    """Forecasts whose days have not all come, and the surprises of those whose have."""

    def __init__(self) -> None:
        self._open: deque[tuple[list[float], float]] = deque(maxlen=FURTHEST)
        self._sums: deque[float] = deque(maxlen=FURTHEST)
        self._surprises = [deque[float](maxlen=KEPT) for _ in AHEAD]
        self._size = 0.0
        self._days = 0

    def forecast(self, days: Sequence[float]) -> None:
        """Keep what is said at a midnight of the days ahead."""
        totals = list(accumulate(days))
        self._open.append(([totals[ahead - 1] for ahead in AHEAD], self._size))

    def passed(self, cost: float) -> None:
        """Take what a whole day cost, and settle the forecasts that end with it."""
        self._sums.append(cost)
        self._days += 1
        self._size += max(SIZE_RATE, 1 / self._days) * (abs(cost) - self._size)
        came = list(accumulate(reversed(self._sums)))
        for index, ahead in enumerate(AHEAD):
            if ahead <= len(self._open):
                totals, size = self._open[-ahead]
                if size:
                    self._surprises[index].append(abs(came[ahead - 1] - totals[index]) / size)

    def reach(self, level: float, days: float) -> float | None:
        """Return how far a total so many days ahead may be off, at a level; None: who knows."""
        known = [(0.0, 0.0)]
        for ahead, surprises in zip(AHEAD, self._surprises, strict=True):
            if len(surprises) >= FEWEST:
                apart = 1 + (len(surprises) - 1) / ahead  # others share days with these
                wide = quantile(surprises, level) * beyond_normal(level, apart)
                known.append((float(ahead), max(wide, known[-1][1])))
        if len(known) == 1:
            return None
        return self._size * at(known, days)


def quantile(surprises: Sequence[float], level: float) -> float:
    """Return what the next surprise does not pass at a level, or the largest where few were seen.

    >>> quantile([1.0, 4.0, 2.0, 3.0], 0.6), quantile([1.0, 4.0, 2.0, 3.0], 0.95)
    (3.0, 4.0)
    """
    rank = ceil(level * (len(surprises) + 1))
    return sorted(surprises)[min(rank, len(surprises)) - 1]


@lru_cache(1024)
def beyond_normal(level: float, seen: float) -> float:
    """Return how much wider an interval is when its width is known of so many surprises only.

    Student's quantile over the normal one, by the expansion of Abramowitz and Stegun, 26.7.5.

    >>> round(beyond_normal(0.95, 3.0), 2), round(beyond_normal(0.8, 3.0), 2)
    (1.61, 1.28)
    """
    z = NormalDist().inv_cdf((1 + level) / 2)
    terms = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
    )
    return sum(term / seen**power for power, term in enumerate(terms)) / z


def at(known: Sequence[tuple[float, float]], days: float) -> float:
    """Return the reach between two that are known, or beyond the last.

    >>> at([(0.0, 0.0), (2.0, 4.0)], 1.0)
    2.0
    """
    for (near, less), (far, more) in pairwise(known):
        if days <= far:
            return less + (more - less) * (days - near) / (far - near)
    far, more = known[-1]
    return more * float((days / far) ** GROWTH)

"""How many calls a use makes in each minute, and which: everything that chance decides about it.

One stream of chance a use, drawn in order whatever is injected, so that a minute with an injection
and the same minute without it differ by the injection alone.
"""

from collections.abc import Iterator
from math import exp, sqrt
from random import Random

from streams.demo.chance import stream
from tests.bench.anomaly.customers import Use
from tests.bench.anomaly.season import DAY, HOUR, WEEK, weights

DAY_SPREAD = 0.08  # of the logarithm of a day's rate
HOUR_SPREAD = 0.06  # of the logarithm of an hour's rate
LARGE = 40.0  # of a mean: above it a bell curve is close enough to Poisson's
SPURTS_A_DAY = 6  # of a tenant that calls now and then
SPURT_MINUTES = (3, 30)


class Demand:
    """The calls of one use, minute by minute from the first."""

    def __init__(self, seed: int, use: Use, ripple: tuple[float, ...], calls: int) -> None:
        self.use = use
        self._seed = seed
        self._calls = calls  # of the trace
        self._ripple = (*ripple, *reversed(ripple))  # forth and back: it has no jump
        self._weights = weights(use.shape)

    def minutes(self) -> Iterator[tuple[int, int]]:
        """Yield (the first call's place in the trace, calls) of each minute, for ever."""
        chance = stream(self._seed, self.use.name)
        phase = chance.randrange(len(self._ripple))
        spurts = self._spurts(chance) if self.use.is_sparse else None
        of_day = of_hour = 1.0
        minute = 0
        while True:
            if minute % DAY == 0:
                of_day = exp(chance.gauss(0, DAY_SPREAD))
            if minute % HOUR == 0:
                of_hour = exp(chance.gauss(0, HOUR_SPREAD))
            mean = self._mean(minute) * of_day * of_hour
            mean *= self._ripple[(phase + minute) % len(self._ripple)]
            if spurts is not None and not next(spurts):
                mean = 0.0
            calls = poisson(chance, mean)
            yield chance.randrange(self._calls), calls
            minute += 1

    def _mean(self, minute: int) -> float:
        use = self.use
        if minute < use.begins:
            return 0.0
        season = self._weights[(minute + use.zone_minutes) % WEEK]
        return use.rate * season * (1 + use.growth_a_day * minute / DAY)

    def _spurts(self, chance: Random) -> Iterator[bool]:
        """Yield for each minute whether the use is in a spurt."""
        left = 0
        while True:
            if not left and chance.random() < SPURTS_A_DAY / DAY:
                left = chance.randrange(*SPURT_MINUTES)
            yield left > 0
            left = max(left - 1, 0)


def poisson(chance: Random, mean: float) -> int:
    """Draw how many of something happen."""
    if mean <= 0:
        return 0
    if mean > LARGE:
        return max(round(chance.gauss(mean, sqrt(mean))), 0)
    count, below, left = 0, exp(-mean), chance.random()
    term = below
    while left > below and term > 0:
        count += 1
        term *= mean / count
        below += term
    return count

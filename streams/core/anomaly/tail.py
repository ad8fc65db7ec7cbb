"""How rare a value is among those before it, where only the greatest of them matter.

Above a bound that a small share of the values exceeds, values are taken to thin out by a power law
(Hill, 1975): the farther above, the rarer, by how far the ones before it were. The bound and the
power follow the values. So what counts as rare is learned of each series, whatever its unit, and
however wild it is.
"""

from math import exp, log
from typing import Final

MEMORY: Final = 3000  # values that count; older ones fade
STEP: Final = 8.0  # how far the bound moves, in its logarithm, for a value's weight
EARLY_POWER: Final = 0.4  # how values thin out before any is known; 0.2 is about a bell curve
LEAST_POWER: Final = 0.02
EARLY_WEIGHT: Final = 5  # values above the bound that the early power counts for
RAREST: Final = 12.0  # nothing is rarer: powers of ten
LEARNED: Final = 2.0  # a rarer value teaches as one so rare does
TENFOLD: Final = log(10)


class Tail:
    """The great ones among values of 0 and above; `share` of them are above the bound."""

    __slots__ = ("_power", "_seen", "_share", "bound")

    def __init__(self, share: float) -> None:
        self.bound = 0.0
        self._share = share
        self._power = EARLY_POWER
        self._seen = 0

    def rarity(self, value: float) -> float:
        """Return how rare a value is among those above the bound, as a power of ten.

        0 is up to the bound, 2 one of a hundred above it.
        """
        if value <= self.bound:
            return 0.0
        if not self.bound:
            return RAREST
        return min(RAREST, log(value / self.bound) / self._power / TENFOLD)

    def learn(self, value: float) -> None:
        """Take a value in."""
        self._seen += 1
        if not self.bound:
            self.bound = value
            return
        rate = max(1 / self._seen, 1 / MEMORY)
        step = min(1.0, STEP * rate)
        if value <= self.bound:
            self.bound *= exp(-step * self._share)
            return
        above = self._seen * self._share
        rate = max(1 / (EARLY_WEIGHT + above), 1 / (MEMORY * self._share))
        beyond = min(log(value / self.bound), LEARNED * TENFOLD * self._power)
        self._power = max(LEAST_POWER, self._power + rate * (beyond - self._power))
        self.bound *= exp(step * (1 - self._share))

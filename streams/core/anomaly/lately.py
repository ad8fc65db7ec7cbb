"""The last values of a series together: where they lie, and how restless they are."""

from collections import deque
from math import sqrt
from typing import Final

LATELY: Final = 24  # values


class Lately:
    """The last values: how far each was off what was expected, and apart from the slow level."""

    __slots__ = ("_apart", "_unrest", "_values")

    def __init__(self) -> None:
        self._values: deque[tuple[float, float]] = deque(maxlen=LATELY)
        self._apart = self._unrest = 0.0  # sums

    def joined_by(self, off: float, apart: float) -> tuple[float, float]:
        """Return where the last values lie with one more, and how restless they are.

        The first is 0 around the slow level, and as wide for many independent values as for one.
        """
        unrest, apart = self._unrest + abs(off), self._apart + apart
        count = len(self._values) + 1
        if count > LATELY:
            oldest_off, oldest_apart = self._values[0]
            unrest, apart, count = unrest - abs(oldest_off), apart - oldest_apart, LATELY
        return apart / sqrt(count), unrest / count

    def add(self, off: float, apart: float) -> None:
        """Take one more value, and let go of the oldest."""
        if len(self._values) == LATELY:
            oldest_off, oldest_apart = self._values[0]
            self._unrest -= abs(oldest_off)
            self._apart -= oldest_apart
        self._values.append((off, apart))
        self._unrest += abs(off)
        self._apart += apart

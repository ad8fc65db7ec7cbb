"""How far a cost may be from what was expected and still teach all of it.

What is far beyond the typical surprise teaches as much as one at the edge. The edge follows what
comes: one wild hour moves it little, a day of them makes them typical.
"""

LEARNING = 24  # hours before anything is cut
RATE = 0.02  # an hour: two days
CUT = 6.0  # typical surprises
OF_SIZE = 0.05  # of what an hour costs: less than that is never wild
GROWTH = 2.0  # of the edge: the most that one hour counts for what is typical


class Surprise:
    """The typical surprise of a series, and the size of its hours."""

    def __init__(self) -> None:
        self._seen = 0
        self._typical = 0.0
        self._size = 0.0

    def learn(self, off: float, value: float) -> float:
        """Take by how much a value was off, and return what of that teaches."""
        kept = self.cut(off)
        self._seen += 1
        part = max(RATE, 1 / self._seen)
        self._typical += part * (min(abs(off), GROWTH * abs(kept)) - self._typical)
        self._size += part * (abs(value - off + kept) - self._size)
        return kept

    def cut(self, off: float) -> float:
        """Return what of a surprise teaches; all of it where little was seen, or only zeros."""
        most, least = CUT * self._typical, OF_SIZE * self._size
        most = max(most, least)
        if -most <= off <= most or self._seen < LEARNING or not most:
            return off
        return most if off > 0 else -most

"""Which instants of a device's wall clock have been told of. Pure, immutable.

Invariant: an instant that is covered is never covered again, whatever the clock does. All before
`floor_us` is; beyond it lie the spans told of after a hole that was too long to tell.
"""

from bisect import bisect_right
from typing import NamedTuple

# More holes than this are closed from the left. Whoever left one counted it: it is told of nowhere.
MOST_SPANS = 32

Span = tuple[int, int]  # half-open


class Covered(NamedTuple):
    """What has been told.

    >>> told = Covered(10).plus(10, 20).plus(50, 60)
    >>> told
    Covered(floor_us=20, spans=((50, 60),))
    >>> told.free(15, 70)
    [(20, 50), (60, 70)]
    >>> told.last_before(45), told.last_before(55), told.last_before(90)
    (20, 55, 60)
    """

    floor_us: int
    spans: tuple[Span, ...] = ()

    def plus(self, start_us: int, end_us: int) -> "Covered":
        """Return this with one more free span covered."""
        spans = sorted((*self.spans, (start_us, end_us)))
        floor_us = self.floor_us
        merged: list[Span] = []
        for start, end in spans:
            if start <= floor_us:
                floor_us = max(floor_us, end)
            elif merged and start <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(merged[-1][1], end))
            else:
                merged.append((start, end))
        while len(merged) > MOST_SPANS:
            floor_us = merged.pop(0)[1]
        return Covered(floor_us, tuple(merged))

    def free(self, start_us: int, end_us: int) -> list[Span]:
        """Return what of a span is not covered."""
        found = []
        at_us = max(start_us, self.floor_us)
        for start, end in self.spans:
            if at_us < min(start, end_us):
                found.append((at_us, min(start, end_us)))
            at_us = max(at_us, end)
        if at_us < end_us:
            found.append((at_us, end_us))
        return found

    @property
    def last_us(self) -> int:
        """The last instant up to which anything was told."""
        return self.spans[-1][1] if self.spans else self.floor_us

    def last_before(self, at_us: int) -> int:
        """Return the last instant, not after this one, up to which something was told."""
        index = bisect_right(self.spans, at_us, key=lambda span: span[0])
        last_us = self.spans[index - 1][1] if index else self.floor_us
        return min(at_us, last_us)

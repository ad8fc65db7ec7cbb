"""Makes sure a partition is folded in order, each record once, from where reading should begin.

Faust may hand over records fetched before a rebalance, or again after one, under the number of the
new generation. State that is a fold of the log must see neither, nor may an offset be committed
that records before it have not reached.
"""

from enum import Enum

from faust.types import TP

GAP_S = 5.0  # how long a record missing after a seek is waited for before the gap is believed


class Verdict(Enum):
    """What to do with a record."""

    FOLD = "fold"
    SKIP = "skip"  # seen before, from before the rebalance, or ahead of one that is sought
    SEEK = "seek"  # records are missing before it: read again from `expected`


class Positions:
    """Next offset expected of each partition."""

    def __init__(self) -> None:
        self._expected: dict[TP, int] = {}
        self._sought_s: dict[TP, float] = {}

    def begin(self, tp: TP, offset: int) -> None:
        """Expect a partition to begin at an offset."""
        self._expected[tp] = offset
        self._sought_s.pop(tp, None)

    def check(self, tp: TP, offset: int, now_s: float) -> Verdict:
        """Judge the record at an offset; `now_s` is monotonic."""
        expected = self._expected[tp]
        if offset < expected:
            return Verdict.SKIP
        if offset > expected:
            sought_s = self._sought_s.get(tp)
            if sought_s is None:
                self._sought_s[tp] = now_s
                return Verdict.SEEK
            if now_s - sought_s < GAP_S:
                return Verdict.SKIP
        self._sought_s.pop(tp, None)
        self._expected[tp] = offset + 1
        return Verdict.FOLD

    def expected(self, tp: TP) -> int:
        """Return the next offset of a partition."""
        return self._expected[tp]

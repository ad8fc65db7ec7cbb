"""Notices partitions that stand still although there is more of them to read.

Around a rebalance Faust drops records that it has fetched, and seeks back to what is committed. It
does not where nothing is committed, nor when the seek fails; then they come only with the next
record of their partition, which may be hours away. What is read and not handed over for a while is
sought again.
"""

from dataclasses import dataclass

from faust.types import TP

PATIENCE_S = 2.0  # a record that was fetched is handed over within milliseconds
PAUSE_S = 1.5  # not looking for so long is no patience: the process was stopped, or starved


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a partition stands, and since when."""

    expected: int
    since_s: float


class Stalls:
    """Where each partition stands that has more to read."""

    def __init__(self) -> None:
        self._standing: dict[TP, Standing] = {}
        self._last_s = 0.0

    def forget(self) -> None:
        """Begin anew: something is being handed over, or the partitions are others."""
        self._standing.clear()

    def look(self, now_s: float) -> None:
        """Say when one looks, before one asks; after a pause everything is begun anew."""
        if now_s - self._last_s > PAUSE_S:
            self.forget()
        self._last_s = now_s

    def is_stalled(self, tp: TP, expected: int, end: int, now_s: float) -> bool:
        """Whether records in [expected, end) should have come by now; `now_s` is monotonic.

        Answers once, then waits as long again.
        """
        if expected >= end:
            self._standing.pop(tp, None)
            return False
        standing = self._standing.get(tp)
        if standing is None or standing.expected != expected:
            self._standing[tp] = Standing(expected, now_s)
            return False
        if now_s - standing.since_s < PATIENCE_S:
            return False
        self._standing[tp] = Standing(expected, now_s)
        return True

"""More GPU time than a pool has: a correction of its own, never a clamp.

Every interval is balanced, so one GPU cannot be held for more than the time that passed. A pool can
still report more than it has: a GPU that two agents watch, or one that is named on two nodes. Where
the catalog says how many GPUs a pool has, the lines of what was reported stay as they are, and one
row of the platform account takes back what is over, so that they sum to the cost of the capacity
that there is.
"""

from collections.abc import Iterable

from streams.core.capacity import Capacity
from streams.core.lines import Lines
from streams.core.time_lines import pool_line, put

ADJUSTMENT = "adjustment"
OVER_USE = "gpu.over_use"


def correct(lines: Lines, reported: Iterable[Capacity], capacity_us: int, account: str) -> None:
    """Take back what was reported beyond a pool's capacity; the row is there in any case."""
    whole = Capacity()
    for part in reported:
        whole.add(part)
    over_us = max(0, whole.for_us - capacity_us)
    _, over = whole.parts([whole.for_us - over_us, over_us])
    put(lines, pool_line(account, ADJUSTMENT, OVER_USE), over.opposite())

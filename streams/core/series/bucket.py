"""One stretch of time of all cost lines: what they sum to, line by line until all are final.

Of each line as streamed the highest revision counts, final over provisional, as in `cost_current`.
Joining is idempotent and in any order. Corrections are of time that was judged long ago.
"""

from typing import NamedTuple

from schemas.records import CostLine
from streams.core.job_cost import RANK
from streams.core.series.bought import Bought, Item, bought_of, item_of, purchases
from streams.core.series.cells import Amounts, Cell, Sums, amounts_of, cell_of, summed

FINAL = RANK["final"]
NO_PURCHASE = Bought(0, 0)


class Kept(NamedTuple):
    """What is kept of a line: of equal ids that of the greatest (revision, rank) counts.

    `item`: what it is a purchase of, where its price is to be known.
    """

    revision: int
    rank: int
    cell: Cell
    amounts: Amounts
    item: Item | None = None
    bought: Bought = NO_PURCHASE


class Bucket:
    """The lines of windows that begin in one stretch of time."""

    __slots__ = ("_lines", "changed_us", "end_us", "followed_us", "is_judged", "open", "start_us")

    def __init__(self, start_us: int) -> None:
        self.start_us = start_us
        self.end_us = start_us  # of the last window in it
        self.changed_us = 0  # when it was told something new, by the clock of who told it
        self.followed_us: int | None = None  # when a later one was first heard of
        self.is_judged = False  # before it was final
        self.open = 0  # lines that are not final
        self._lines: dict[str, Kept] = {}  # by line id

    def __len__(self) -> int:
        return len(self._lines)

    @property
    def is_final(self) -> bool:
        """Whether every line that is known of it is final."""
        return not self.open and bool(self._lines)

    def join(self, line_id: str, kept: Kept, end_us: int, now_us: int) -> None:
        """Join one line as streamed, and the end of its window."""
        before = self._lines.get(line_id)
        if before is not None and before[:2] >= kept[:2]:
            return
        self._lines[line_id] = kept
        self.open += (kept.rank < FINAL) - (before is not None and before.rank < FINAL)
        self.end_us = max(self.end_us, end_us)
        self.changed_us = now_us

    def sums(self) -> Sums:
        """Return what its lines sum to."""
        return summed((each.cell, each.amounts) for each in self._lines.values())

    def purchases(self) -> dict[Item, Bought]:
        """Return what was bought at a price that is to be known."""
        return purchases((each.item, each.bought) for each in self._lines.values())


def kept_of(line: CostLine) -> Kept | None:
    """Return what is kept of a line as streamed; None where it is no cost of its window."""
    cell = cell_of(line)
    if cell is None:
        return None
    item, rank = item_of(line), RANK[line["status"]]
    bought = NO_PURCHASE if item is None else bought_of(line)
    return Kept(line["revision"], rank, cell, amounts_of(line), item, bought)

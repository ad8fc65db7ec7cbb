"""A set of batch ids in about a bit each.

Sequence numbers of a (source, epoch) run without gaps, so the ones a window has seen lie close
together: one integer used as a bitmap, with an offset, holds them.
"""

BLOCK = 4096  # sequence numbers a bitmap; bounds what one id far away from the others costs


class BatchIds:
    """Set of (source, epoch, seq)."""

    __slots__ = ("_blocks", "_count")

    def __init__(self) -> None:
        self._blocks: dict[tuple[str, int, int], int] = {}
        self._count = 0

    def add(self, source: str, epoch: int, seq: int) -> bool:
        """Add an id; return whether it is new."""
        block, bit = divmod(seq, BLOCK)
        key = (source, epoch, block)
        mask = 1 << bit
        bits = self._blocks.get(key, 0)
        if bits & mask:
            return False
        self._blocks[key] = bits | mask
        self._count += 1
        return True

    def update(self, other: "BatchIds") -> None:
        """Add every id of another set."""
        for key, bits in other._blocks.items():  # noqa: SLF001  # of its own class
            mine = self._blocks.get(key, 0)
            self._blocks[key] = mine | bits
            self._count += (bits & ~mine).bit_count()

    def __contains__(self, batch_id: tuple[str, int, int]) -> bool:
        source, epoch, seq = batch_id
        block, bit = divmod(seq, BLOCK)
        return bool(self._blocks.get((source, epoch, block), 0) >> bit & 1)

    def __len__(self) -> int:
        return self._count

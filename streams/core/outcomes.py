"""What a step may ask its shell to do, beside the records it emits."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rejected:
    """An event that cannot be counted: `index` in its batch, -1 for the whole batch."""

    index: int
    reason: str
    detail: str

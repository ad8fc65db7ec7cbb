"""Capacity on its way to whoever pays for it: what it costs, and how much time it is."""

from collections.abc import Sequence
from dataclasses import dataclass

from streams.core.money import split


@dataclass(slots=True)
class Capacity:
    """Cost and cost by the list in pico, time in GPU-microseconds."""

    cost: int = 0
    listed: int = 0
    for_us: int = 0

    def add(self, other: "Capacity") -> None:
        """Add another part."""
        self.cost += other.cost
        self.listed += other.listed
        self.for_us += other.for_us

    def split(self, weights: Sequence[int]) -> list["Capacity"]:
        """Return parts by integer weights, of which one is positive; they sum to the whole."""
        return [
            Capacity(*part)
            for part in zip(
                split(self.cost, weights),
                split(self.listed, weights),
                split(self.for_us, weights),
                strict=True,
            )
        ]

"""Capacity on its way to whoever pays for it: what it costs, and how much time it is.

Asked to, it remembers where it came from: parts that have an origin give one to what they are added
to and to what they are split into. Nothing is computed from it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from streams.core.money import split
from streams.core.sums import Key


@dataclass(frozen=True, slots=True)
class Metered:
    """Time under one key of a window's sums; `meter` names what became of it."""

    key: Key
    meter: str


@dataclass(frozen=True, slots=True)
class Joined:
    """Parts that were added up, each as it was then."""

    parts: tuple["Capacity", ...]


@dataclass(frozen=True, slots=True)
class Share:
    """One part of a whole that was split by weights."""

    whole: "Capacity"
    weights: Sequence[int]
    index: int


Origin: TypeAlias = Metered | Joined | Share


@dataclass(slots=True)
class Capacity:
    """Cost and cost by the list in pico, time in GPU-microseconds."""

    cost: int = 0
    listed: int = 0
    for_us: int = 0
    origin: Origin | None = field(default=None, compare=False, repr=False)

    def add(self, other: "Capacity") -> None:
        """Add another part."""
        if other.origin is not None:
            self.origin = Joined((*self._joined(), replace(other)))
        self.cost += other.cost
        self.listed += other.listed
        self.for_us += other.for_us

    def split(self, weights: Sequence[int]) -> list["Capacity"]:
        """Return parts by integer weights, of which one is positive; they sum to the whole."""
        parts = [
            Capacity(*part)
            for part in zip(
                split(self.cost, weights),
                split(self.listed, weights),
                split(self.for_us, weights),
                strict=True,
            )
        ]
        if self.origin is not None:
            whole, weights = replace(self), tuple(weights)
            for index, part in enumerate(parts):
                part.origin = Share(whole, weights, index)
        return parts

    def _joined(self) -> tuple["Capacity", ...]:
        if self.origin is None:
            return ()
        return self.origin.parts if isinstance(self.origin, Joined) else (replace(self),)

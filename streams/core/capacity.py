"""Capacity on its way to whoever pays for it: what it costs, and how much time it is.

Asked to, it remembers where it came from: parts that have an origin give one to what they are added
to and to what they are split into. Nothing is computed from it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Literal, TypeAlias

from streams.core.money import half_even, split
from streams.core.steady import split_steadily
from streams.core.sums import Key

By: TypeAlias = Literal["time", "work", "weighted", "even", "reservation", "separate"]

KNOWN: frozenset[By] = frozenset({"time", "work"})  # what each has is known; the rest are idle time


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
    by: By


@dataclass(frozen=True, slots=True)
class Multiple:
    """The time of a whole, at a multiple of its cost."""

    whole: "Capacity"
    factor: Fraction


@dataclass(frozen=True, slots=True)
class Opposite:
    """What takes a whole away again."""

    whole: "Capacity"


Origin: TypeAlias = Metered | Joined | Share | Multiple | Opposite


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

    def split(self, weights: Sequence[int], by: By = "time") -> list["Capacity"]:
        """Return parts by integer weights, of which one is positive; they sum to the whole.

        `by`: what the weights are. Where it is idle time that is handed out, no part of more of
        it is smaller.
        """
        rule = split if by in KNOWN else split_steadily
        costs = rule(self.cost, weights)
        listed = costs if self.listed == self.cost else rule(self.listed, weights)
        parts = list(map(Capacity, costs, listed, rule(self.for_us, weights)))
        if self.origin is not None:
            whole, weights = replace(self), tuple(weights)
            for index, part in enumerate(parts):
                part.origin = Share(whole, weights, index, by)
        return parts

    def parts(self, weights: Sequence[int], by: By = "time") -> list["Capacity"]:
        """Return parts by integer weights; all are nothing where no weight is positive."""
        return self.split(weights, by) if any(weights) else [Capacity() for _ in weights]

    def times(self, factor: Fraction) -> "Capacity":
        """Return the same time at a multiple of its cost, rounded half-even."""
        above, below = factor.numerator, factor.denominator
        cost, listed = half_even(self.cost * above, below), half_even(self.listed * above, below)
        origin = Multiple(replace(self), factor) if self.origin is not None else None
        return Capacity(cost, listed, self.for_us, origin)

    def opposite(self) -> "Capacity":
        """Return what takes it away again."""
        origin = Opposite(replace(self)) if self.origin is not None else None
        return Capacity(-self.cost, -self.listed, -self.for_us, origin)

    def _joined(self) -> tuple["Capacity", ...]:
        if self.origin is None:
            return ()
        return self.origin.parts if isinstance(self.origin, Joined) else (replace(self),)

"""How a device is divided for as long as nothing changes: integer weights, and time by them. Pure.

Invariant: the times of a division sum to the time that was divided.
"""

from typing import Literal, NamedTuple, TypeAlias

from agents.gpu.sampler.claims import Claim
from schemas.splitting import split

Mode: TypeAlias = Literal["exclusive", "mig", "time_sliced", "mps"]


class Slot(NamedTuple):
    """One holder's part."""

    claim: Claim
    weight: int
    has_context: bool | None  # it has a process on the device; None: nobody can tell
    is_measured: bool  # what it worked is known


class Division(NamedTuple):
    """Weights of everything that a device's time can be. One of them is positive."""

    slots: tuple[Slot, ...] = ()
    unallocated: int = 0
    stranded: int = 0
    out_of_service: int = 0
    unobserved: int = 0

    def whole(self) -> int:
        """Return the sum of the weights."""
        return sum(slot.weight for slot in self.slots) + sum(self[1:])

    def times(self, for_us: int) -> tuple[list[int], list[int]]:
        """Return the times of the slots, and of the four states in their order here."""
        weights = [slot.weight for slot in self.slots]
        parts = split(for_us, [*weights, *self[1:]])
        return parts[: len(weights)], parts[len(weights) :]


UNOBSERVED = Division(unobserved=1)
OUT_OF_SERVICE = Division(out_of_service=1)

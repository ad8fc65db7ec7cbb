"""How a stretch of time between two looks divides, and what each holder worked in it. Pure."""

from math import lcm
from typing import NamedTuple

from agents.gpu.observed import DeviceSeen
from agents.gpu.sampler.claims import Claim
from agents.gpu.sampler.division import Division, Slot
from agents.gpu.sampler.holding import HeldPlace, Holding
from agents.gpu.sampler.sharing import active_blend, dominant
from agents.gpu.sampler.terms import Terms
from agents.gpu.sampler.worked import worked


class Settled(NamedTuple):
    """How a stretch divides. `active_us` has the holders of whom it is known."""

    division: Division
    active_us: dict[Claim, int]
    flags: frozenset[str] = frozenset()


class Part(NamedTuple):
    """A place of a stretch: weights of its holders, out of a whole of its own."""

    weight: int
    slots: list[Slot]
    unheld: int

    def whole(self) -> int:
        """Return the sum of its weights."""
        return sum(slot.weight for slot in self.slots) + self.unheld


def settle(holding: Holding, after: DeviceSeen, for_us: int, terms: Terms) -> Settled:
    """Settle a stretch that began with a holding and ended with a look at the device."""
    if holding.fixed is not None:
        return Settled(holding.fixed, {})
    gpu = sum(held.place.weight for held in holding.places) + holding.stranded
    parts: list[Part] = []
    active: dict[Claim, int] = {}
    for held in holding.places:
        did = worked(held, after)
        parts.append(_part(held, did, for_us, terms))
        for one, worked_us in zip(held.holds, did, strict=True):
            if worked_us is not None:  # of the GPU it is worth what its place is
                active[one.claim] = worked_us * held.place.weight // gpu
    is_known = all(slot.is_measured for part in parts for slot in part.slots)
    flags = frozenset() if is_known else frozenset({"activity_unknown"})
    return Settled(_joined(holding, parts), active, flags)


def _part(held: HeldPlace, did: list[int | None], for_us: int, terms: Terms) -> Part:
    weights = [one.weight for one in held.holds]
    if held.is_by_use:
        known = [worked_us or 0 for worked_us in did]
        memory = [one.memory_bytes for one in held.holds]
        total = held.place.memory_bytes
        if None in did:
            weights = [1] * len(weights)
        elif terms.sharing == "active_blend":
            weights = active_blend(known, memory, total, terms.even_permille)
        else:
            weights = dominant(known, memory, total, for_us)
    slots = [
        Slot(one.claim, weight, one.has_context, worked_us is not None)
        for one, weight, worked_us in zip(held.holds, weights, did, strict=True)
    ]
    return Part(held.place.weight, slots, held.unheld)


def _joined(holding: Holding, parts: list[Part]) -> Division:
    """Bring the places to one whole: each weighs what it is of the physical GPU."""
    scale = lcm(*(part.whole() for part in parts))
    slots: list[Slot] = []
    unallocated, stranded = 0, holding.stranded * scale
    for part in parts:
        times = part.weight * (scale // part.whole())
        slots += [
            Slot(slot.claim, slot.weight * times, slot.has_context, slot.is_measured)
            for slot in part.slots
        ]
        unallocated += part.unheld * times
    ordered = tuple(slots[place] for place in holding.order)
    if holding.is_drained:
        return Division(ordered, out_of_service=unallocated + stranded)
    return Division(ordered, unallocated, stranded)

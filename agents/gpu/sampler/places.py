"""The places of a GPU: the whole of it or its MIG devices, which are what somebody can hold. Pure.

A MIG device takes the greater of its parts of compute and memory: what it has of one keeps others
from using the other. Where these parts come to more than the GPU they are scaled down to it; what
they leave can be held by nobody, and is stranded.
"""

from dataclasses import dataclass

from agents.gpu.observed import DeviceSeen, MigInstance, MigLayout, ProcessSeen
from agents.gpu.sampler.division import Mode
from agents.gpu.sampler.look import Look


@dataclass(frozen=True, slots=True)
class Place:
    """A GPU, or a MIG device of it."""

    uuid: str
    weight: int  # of the physical GPU
    memory_bytes: int | None
    processes: tuple[ProcessSeen, ...] | None  # None: nobody can tell
    instance: str | None = None  # UUID of the MIG device


@dataclass(frozen=True, slots=True)
class Layout:
    """The places of a GPU, and the weight that is in none of them."""

    places: tuple[Place, ...]
    stranded: int = 0
    is_mig: bool = False

    def instances(self) -> tuple[str, ...]:
        """Return the UUIDs of its MIG devices: others are another layout."""
        return tuple(place.instance or "" for place in self.places if self.is_mig)


def layout(device: DeviceSeen, look: Look) -> Layout:
    """Return the places of a device. One that is cut but handed out as a whole is one place."""
    whole = Place(device.uuid, 1, device.memory_bytes, device.processes)
    if device.mig is None:
        return Layout((whole,))
    if any(one.device == device.uuid for one in look.allotment.allocations or ()):
        return Layout((whole,), is_mig=True)
    return _cut(device, device.mig)


def mig_weight(one: MigInstance, cut: MigLayout) -> int:
    """Return the dominant part of a MIG device; the whole is compute slices times memory."""
    return max(one.compute_slices * cut.memory_bytes, one.memory_bytes * cut.compute_slices)


def mode_of(device: DeviceSeen, holders: int, replicas: int) -> Mode:
    """Return how a device is shared."""
    if device.mig is not None:
        return "mig"
    if device.is_mps:
        return "mps"
    return "time_sliced" if max(holders, replicas) > 1 else "exclusive"


def _cut(device: DeviceSeen, cut: MigLayout) -> Layout:
    places = tuple(
        Place(one.uuid, mig_weight(one, cut), one.memory_bytes, _inside(device, one.uuid), one.uuid)
        for one in sorted(cut.instances, key=lambda one: one.uuid)
    )
    taken = sum(place.weight for place in places)
    return Layout(places, max(0, cut.compute_slices * cut.memory_bytes - taken), is_mig=True)


def _inside(device: DeviceSeen, instance: str) -> tuple[ProcessSeen, ...] | None:
    if device.processes is None:
        return None
    return tuple(one for one in device.processes if one.instance == instance)

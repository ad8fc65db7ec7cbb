"""How one GPU is cut by MIG, and whether that is still so.

Slots are sparse, and the driver gives a used handle to the next MIG device: a cut is known by the
UUIDs on its handles, which are read again at every look.
"""

from dataclasses import dataclass

from agents.errors import NvmlRefused
from agents.gpu.nvml import library as nvml
from agents.gpu.nvml.faults import Fault, fault_of
from agents.gpu.nvml.library import Handle

EMPTY_SLOT = frozenset({Fault.NOTHING, Fault.VOID_HANDLE})


@dataclass(frozen=True, slots=True)
class Slot:
    """A MIG device and the handle that names it now."""

    handle: Handle
    uuid: str
    profile: str
    gpu_instance: int
    compute_slices: int
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class Cut:
    """A GPU in MIG mode; without slots, all of it is stranded."""

    slots: tuple[Slot, ...]
    compute_slices: int
    memory_bytes: int


def read_cut(handle: Handle) -> Cut:
    """Read how a GPU is cut now. Raises NvmlRefused."""
    most = nvml.most_mig_devices(handle)
    whole = nvml.whole_slices(handle) or (most, nvml.memory_bytes(handle))
    slots = [slot for index in range(most) if (slot := _slot(handle, index))]
    return Cut(tuple(slots), *whole)


def _slot(handle: Handle, index: int) -> Slot | None:
    try:
        device = nvml.mig_device_at(handle, index)
    except NvmlRefused as refused:
        if fault_of(refused) in EMPTY_SLOT:
            return None
        raise
    slices, memory_bytes = nvml.mig_slices(device)
    return Slot(
        handle=device,
        uuid=nvml.uuid(device),
        profile=nvml.name(device).rpartition("MIG ")[2],
        gpu_instance=nvml.gpu_instance(device),
        compute_slices=slices,
        memory_bytes=memory_bytes,
    )


def is_current(cut: Cut) -> bool:
    """Tell whether every handle of a cut still names the MIG device it was read for."""
    try:
        return all(nvml.uuid(slot.handle) == slot.uuid for slot in cut.slots)
    except NvmlRefused as refused:
        if fault_of(refused) in EMPTY_SLOT:
            return False
        raise

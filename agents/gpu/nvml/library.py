"""NVML as this agent needs it: pynvml with types and plain values.

With `calls` and `gpm` the only module that touches pynvml. Every function raises NvmlRefused. All
of them block, and may do so for ever when the driver hangs.
"""

import ctypes
from collections.abc import Callable
from typing import NewType, Protocol

import pynvml

from agents.errors import NvmlRefused
from agents.gpu.nvml.calls import ask, ask_list
from agents.gpu.nvml.faults import TIMEOUT, Fault, fault_of

Handle = NewType("Handle", object)  # of a GPU or a MIG device; void after a shutdown
EventSet = NewType("EventSet", object)

MEBIBYTE = 1 << 20
HIDDEN = frozenset({Fault.UNSUPPORTED, Fault.FORBIDDEN, Fault.VOID_HANDLE, Fault.NOTHING})
WIDEST_FIRST = (
    pynvml.NVML_GPU_INSTANCE_PROFILE_8_SLICE,
    pynvml.NVML_GPU_INSTANCE_PROFILE_7_SLICE,
    pynvml.NVML_GPU_INSTANCE_PROFILE_6_SLICE,
    pynvml.NVML_GPU_INSTANCE_PROFILE_4_SLICE,
)


class ProcessInfo(Protocol):
    """A process as pynvml gives it."""

    pid: int
    usedGpuMemory: int | None  # noqa: N815 # NVML's name


def open_session() -> None:
    """Load the library if it is not, and initialise it."""
    ask(pynvml.nvmlInit)


def close_session() -> None:
    """Shut down; the library stays loaded. One that is shut down already is fine."""
    try:
        ask(pynvml.nvmlShutdown)
    except NvmlRefused as refused:
        if fault_of(refused) is Fault.STALE:
            raise


def driver_version() -> str:
    """Return the version of the kernel driver."""
    return str(ask(pynvml.nvmlSystemGetDriverVersion))


def device_count() -> int:
    """Return how many GPUs there are to enumerate."""
    return int(ask(pynvml.nvmlDeviceGetCount))


def device_at(index: int) -> Handle:
    """Return the GPU of an index. Indices change; UUIDs do not."""
    return Handle(ask(pynvml.nvmlDeviceGetHandleByIndex, index))


def address(handle: Handle) -> int:
    """Return what tells two handles of one session apart, without asking the driver."""
    return ctypes.cast(handle, ctypes.c_void_p).value or 0  # type: ignore[arg-type] # a pointer, opaque here


def uuid(handle: Handle) -> str:
    """Return the UUID of a GPU or a MIG device."""
    return str(ask(pynvml.nvmlDeviceGetUUID, handle))


def name(handle: Handle) -> str:
    """Return the model of a GPU; of a MIG device, that and its profile."""
    return str(ask(pynvml.nvmlDeviceGetName, handle))


def minor(handle: Handle) -> int:
    """Return N of /dev/nvidiaN."""
    return int(ask(pynvml.nvmlDeviceGetMinorNumber, handle))


def memory_bytes(handle: Handle) -> int:
    """Return all memory of a GPU, what the driver reserves included."""
    return int(ask(pynvml.nvmlDeviceGetMemoryInfo, handle, pynvml.nvmlMemory_v2).total)


def processes(handle: Handle) -> list[tuple[int, int | None]]:
    """Return (pid, bytes) of the compute processes. None as bytes: the driver does not tell."""
    return _processes(pynvml.nvmlDeviceGetComputeRunningProcesses, handle)


def graphics_processes(handle: Handle) -> list[tuple[int, int | None]]:
    """Return (pid, bytes) of the graphics processes."""
    return _processes(pynvml.nvmlDeviceGetGraphicsRunningProcesses, handle)


def mps_processes(handle: Handle) -> list[tuple[int, int | None]]:
    """Return (pid, bytes) of the clients of an MPS server."""
    return _processes(pynvml.nvmlDeviceGetMPSComputeRunningProcesses, handle)


def _processes(
    function: Callable[..., list[ProcessInfo]], handle: Handle
) -> list[tuple[int, int | None]]:
    return [(process.pid, process.usedGpuMemory) for process in ask_list(function, handle)]


def process_utilisation(handle: Handle, since_us: int) -> list[tuple[int, int, int]]:
    """Return (pid, at_us, SM percent) of who worked after an instant, by the wall clock."""
    rows = ask_list(pynvml.nvmlDeviceGetProcessUtilization, handle, since_us)
    return [(row.pid, row.timeStamp, row.smUtil) for row in rows]


def utilisation_samples(handle: Handle, since_us: int) -> list[tuple[int, int]]:
    """Return (at_us, percent) of the driver's samples after an instant, oldest first."""
    kind = pynvml.NVML_GPU_UTILIZATION_SAMPLES
    try:
        value_type, samples = ask(pynvml.nvmlDeviceGetSamples, handle, kind, since_us)
    except NvmlRefused as refused:
        if fault_of(refused) is Fault.NOTHING:
            return []
        raise
    if value_type == pynvml.NVML_VALUE_TYPE_DOUBLE:
        return [(s.timeStamp, round(s.sampleValue.dVal)) for s in samples]
    return [(s.timeStamp, s.sampleValue.uiVal) for s in samples]


def utilisation_percent(handle: Handle) -> int:
    """Return the share of the last sample period in which a kernel ran."""
    return int(ask(pynvml.nvmlDeviceGetUtilizationRates, handle).gpu)


def energy_mj(handle: Handle) -> int:
    """Return what the GPU has used since the driver was loaded."""
    return int(ask(pynvml.nvmlDeviceGetTotalEnergyConsumption, handle))


def clock_reasons(handle: Handle) -> int:
    """Return the bit mask of what holds the clocks down."""
    return int(ask(pynvml.nvmlDeviceGetCurrentClocksEventReasons, handle))


def recovery_action(handle: Handle) -> int:
    """Return what the driver says has to be done before the GPU can be used: 0 is nothing."""
    field = pynvml.NVML_FI_DEV_GET_GPU_RECOVERY_ACTION
    value = ask(pynvml.nvmlDeviceGetFieldValues, handle, [field])[0]
    if value.nvmlReturn != pynvml.NVML_SUCCESS:
        raise NvmlRefused("nvmlDeviceGetFieldValues", value.nvmlReturn)
    return int(value.value.uiVal)


def is_mig(handle: Handle) -> bool:
    """Tell whether a GPU is in MIG mode now. One that never can be is not."""
    try:
        current, _pending = ask(pynvml.nvmlDeviceGetMigMode, handle)
    except NvmlRefused as refused:
        if fault_of(refused) is Fault.UNSUPPORTED:
            return False
        raise
    return bool(current == pynvml.NVML_DEVICE_MIG_ENABLE)


def most_mig_devices(handle: Handle) -> int:
    """Return how many MIG devices a GPU can be cut into at most."""
    return int(ask(pynvml.nvmlDeviceGetMaxMigDeviceCount, handle))


def mig_device_at(handle: Handle, slot: int) -> Handle:
    """Return the MIG device in a slot. Slots may be empty, and handles are used again."""
    return Handle(ask(pynvml.nvmlDeviceGetMigDeviceHandleByIndex, handle, slot))


def mig_slices(handle: Handle) -> tuple[int, int]:
    """Return (compute slices, bytes of memory) of a MIG device."""
    attributes = ask(pynvml.nvmlDeviceGetAttributes, handle)
    return attributes.computeInstanceSliceCount, attributes.memorySizeMB * MEBIBYTE


def whole_slices(handle: Handle) -> tuple[int, int] | None:
    """Return (compute slices, bytes) of the widest instance of a GPU; None: it cannot tell."""
    for profile in WIDEST_FIRST:
        try:
            info = ask(pynvml.nvmlDeviceGetGpuInstanceProfileInfo, handle, profile)
        except NvmlRefused as refused:
            if fault_of(refused) in HIDDEN:
                continue
            raise
        return info.sliceCount, info.memorySizeMB * MEBIBYTE
    return None


def gpu_instance(handle: Handle) -> int:
    """Return the number of the GPU instance that a MIG device is on."""
    return int(ask(pynvml.nvmlDeviceGetGpuInstanceId, handle))


def open_events() -> EventSet:
    """Return a new event set. It hears of nothing yet."""
    return EventSet(ask(pynvml.nvmlEventSetCreate))


def close_events(events: EventSet) -> None:
    """Free an event set."""
    ask(pynvml.nvmlEventSetFree, events)


def listen_for_xids(handle: Handle, events: EventSet) -> None:
    """Let an event set hear of the Xids of a GPU."""
    ask(pynvml.nvmlDeviceRegisterEvents, handle, pynvml.nvmlEventTypeXidCriticalError, events)


def next_xid(events: EventSet) -> tuple[Handle, int] | None:
    """Return (GPU, Xid) of the next event, or None when there is none now. Does not wait."""
    try:
        event = ask(pynvml.nvmlEventSetWait, events, 0)
    except NvmlRefused as refused:
        if refused.code == TIMEOUT:
            return None
        raise
    return Handle(event.device), int(event.eventData)

"""What NVML can and cannot tell on this node and why: for `doctor`.

Asks once for everything that a look asks for. What a GPU, its mode or its driver cannot tell is no
fault; the finding says how the agent does without.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from agents.errors import NvmlRefused
from agents.gpu.findings import Finding
from agents.gpu.nvml import gpm, mig
from agents.gpu.nvml import library as nvml
from agents.gpu.nvml.faults import Fault, fault_of, flag_of
from agents.gpu.nvml.library import Handle
from agents.gpu.nvml.xids import Xids

EVER_US = 0  # since the oldest sample that the driver keeps
TO_DO = {
    Fault.UNSUPPORTED: "",
    Fault.FORBIDDEN: "give this user /dev/nvidiactl and /dev/nvidia<N>, in a container the "
    "capability `utility` of the NVIDIA runtime",
    Fault.SESSION_LOST: "install or load the NVIDIA driver, and give this process "
    "libnvidia-ml.so.1 and /dev/nvidia*",
    Fault.STALE: "the driver was replaced: start this process anew, in a container the container",
    Fault.DEVICE_LOST: "reset the GPU (nvidia-smi --gpu-reset) or restart the node",
}
WITHOUT_XIDS = "a fault is seen only by the errors it makes"
WITHOUT_GPM = "all time held on a MIG device counts as active"
ELSE_TO_DO = "look for Xids in the kernel's log, and whether nvidia-smi answers"


@dataclass(frozen=True, slots=True)
class Feature:
    """Something that a look asks of a GPU."""

    name: str
    ask: Callable[[Handle], object]
    without: str = ""  # how the agent does without it; empty: it cannot


def _work(handle: Handle) -> object:
    return nvml.process_utilisation(handle, EVER_US)


def _samples(handle: Handle) -> object:
    return nvml.utilisation_samples(handle, EVER_US)


ALWAYS = (
    Feature("compute processes", nvml.processes),
    Feature("graphics processes", nvml.graphics_processes, "graphics processes are not seen"),
    Feature("MPS clients", nvml.mps_processes, "sharing by MPS is not recognised as such"),
    Feature("memory", nvml.memory_bytes, "its size is not reported"),
    Feature("energy", nvml.energy_mj, "energy is not reported"),
    Feature("clocks", nvml.clock_reasons, "forced slowdowns are not reported"),
    Feature("recovery action", nvml.recovery_action, "Xids alone tell whether it can be used"),
)
WHOLE = (
    Feature("work of each process", _work, "holders who share it are not told apart by their work"),
    Feature("samples of utilisation", _samples, "a gauge is read, which may miss short work"),
)
CUT = (Feature("MIG devices", mig.read_cut),)


def probe() -> tuple[Finding, ...]:
    """Return what NVML tells here. Initialises it and shuts it down."""
    try:
        nvml.open_session()
    except NvmlRefused as refused:
        return (Finding("NVML", False, f"{refused} ({flag_of(refused)})", _to_do(refused)),)
    try:
        return tuple(_node())
    except NvmlRefused as refused:
        return (Finding("GPUs", False, f"{refused} ({flag_of(refused)})", _to_do(refused)),)
    finally:
        nvml.close_session()


def _node() -> Iterator[Finding]:
    count = nvml.device_count()
    yield Finding("NVML", True, f"driver {nvml.driver_version()}")
    yield Finding(
        "GPUs",
        count > 0,
        f"{count} enumerated",
        ""
        if count
        else "this node has none, or the container was given none (NVIDIA_VISIBLE_DEVICES=all)",
    )
    xids = Xids()
    xids.open()
    for index in range(count):
        yield from _gpu(index, xids)
    xids.close()


def _gpu(index: int, xids: Xids) -> Iterator[Finding]:
    try:
        handle = nvml.device_at(index)
        name = f"GPU {index} ({nvml.uuid(handle)})"
        is_mig = nvml.is_mig(handle)
        model = nvml.name(handle)
    except NvmlRefused as refused:
        yield Finding(f"GPU {index}", False, f"{refused} ({flag_of(refused)})", _to_do(refused))
        return
    yield Finding(name, True, f"{model}, {'in MIG mode' if is_mig else 'not in MIG mode'}")
    for feature in (*ALWAYS, *(CUT if is_mig else WHOLE)):
        yield _found(f"{name}: {feature.name}", handle, feature)
    if is_mig:
        yield _gpm(name, handle)
    xids.listen(name, handle)
    refused_xids = xids.refused.get(name)
    if refused_xids is not None:
        yield _missing(f"{name}: Xids", refused_xids, WITHOUT_XIDS)
    else:
        yield Finding(f"{name}: Xids", True, "are heard")


def _gpm(name: str, handle: Handle) -> Finding:
    feature = Feature("work on each MIG device", gpm.is_supported, WITHOUT_GPM)
    found = _found(f"{name}: {feature.name}", handle, feature)
    if found.is_ok and not gpm.is_supported(handle):
        return Finding(found.what, False, f"this GPU has no GPM; {WITHOUT_GPM}", is_needed=False)
    return found


def _found(what: str, handle: Handle, feature: Feature) -> Finding:
    try:
        feature.ask(handle)
    except NvmlRefused as refused:
        return _missing(what, refused, feature.without)
    return Finding(what, True, "can be read")


def _missing(what: str, refused: NvmlRefused, without: str) -> Finding:
    why = f"{refused} ({flag_of(refused)})"
    if without:
        why += f"; {without}"
    return Finding(what, False, why, _to_do(refused), is_needed=not without)


def _to_do(refused: NvmlRefused) -> str:
    return TO_DO.get(fault_of(refused), ELSE_TO_DO)

"""Whose the devices are, by the evidence of one look. Pure.

The allocators decide what is charged. Where processes of others than were given a device work on
it, the device is named in `conflicts`; nothing is moved from one to the other.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from agents.gpu.conflicts import conflicts
from agents.gpu.evidence import Evidence
from agents.gpu.handed_out import Given, of_kubelet, of_slurm
from agents.gpu.observed import Allotment, DeviceSeen, Owner, Ownership
from agents.gpu.processes import Process
from agents.gpu.workloads import UNRESOLVED, Workloads

DCGM: Final = frozenset({"nv-hostengine", "dcgm-exporter", "dcgmi"})
DCGM_UNITS: Final = frozenset(
    {"nvidia-dcgm.service", "dcgm.service", "nvidia-dcgm-exporter.service", "dcgm-exporter.service"}
)
DCGM_NAMESPACES: Final = frozenset({"gpu-operator", "nvidia-gpu-operator", "kube-system"})


def judged(devices: Sequence[DeviceSeen], evidence: Evidence, own_pid: int) -> Ownership:
    """Return whose everything on the devices is. `own_pid`: of the agent, which only watches."""
    workloads = Workloads(evidence.cluster, evidence.jobs)
    owners = dict(_owners(devices, evidence.processes, workloads, own_pid))
    given = [*_given(devices, evidence, workloads)]
    known = [each.allocations for each in given if each.allocations is not None]
    allocations = tuple(each for part in known for each in part)
    replicas = {uuid: count for each in given for uuid, count in each.replicas.items()}
    is_known = len(known) == len(given)
    is_comparable = bool(given) and is_known
    allotment = Allotment(
        allocations if given else None,
        replicas,
        evidence.cluster is not None and evidence.cluster.is_cordoned,
        is_known=is_known,
        is_whole=all(each.is_whole for each in given),
        conflicts=conflicts(devices, allocations, replicas, owners)
        if is_comparable
        else frozenset(),
        flags=_flags(evidence).union(*(each.flags for each in given)),
    )
    return Ownership(allotment, owners)


def _owners(
    devices: Sequence[DeviceSeen],
    processes: Mapping[int, Process | None] | None,
    workloads: Workloads,
    own_pid: int,
) -> Iterator[tuple[int, Owner | None]]:
    """Yield pid and owner of every process seen, save of those that only watch."""
    for pid in pids_on(devices):
        process = None if processes is None else processes.get(pid)
        if process is None:
            if pid != own_pid:
                yield pid, UNRESOLVED if processes is None else None
            continue
        owner = workloads.of_process(process)
        if own_pid not in (pid, process.parent) and not _is_dcgm(process, owner):
            yield pid, owner


def pids_on(devices: Sequence[DeviceSeen]) -> list[int]:
    """Return the processes on devices, each once, in order."""
    return sorted({process.pid for device in devices for process in device.processes or ()})


def _is_dcgm(process: Process, owner: Owner) -> bool:
    """Whether it is DCGM: anybody may call a process so, but not where the system runs it."""
    if process.name not in DCGM:
        return False
    is_in_unit = owner.workload.get("unit") in DCGM_UNITS
    return is_in_unit or owner.workload.get("namespace") in DCGM_NAMESPACES


def _given(
    devices: Sequence[DeviceSeen], evidence: Evidence, workloads: Workloads
) -> Iterator[Given]:
    if evidence.kubelet is not None:
        yield of_kubelet(evidence.kubelet, devices, workloads)
    if evidence.slurm is not None:
        yield of_slurm(evidence.slurm, devices, workloads)


def _flags(evidence: Evidence) -> frozenset[str]:
    flags = set() if evidence.processes is not None else {"pid_namespace"}
    if evidence.cluster is not None and evidence.cluster.is_old:
        flags.add("api_server_unreachable")
    return frozenset(flags)

"""Who holds the devices of this node: what its allocators handed out, and whose its processes are.

The allocators decide what is charged. Where processes of others than were given a device work on
it, the device is named in `conflicts`; nothing is moved from one to the other.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from agents.gpu.cluster import Cluster
from agents.gpu.conflicts import conflicts
from agents.gpu.handed_out import Given, of_kubelet, of_slurm
from agents.gpu.kubelet import Kubelet
from agents.gpu.observed import Allotment, DeviceSeen, Owner
from agents.gpu.processes import Process, Processes
from agents.gpu.slurm import SlurmJobs
from agents.gpu.workloads import UNRESOLVED, Workloads

DCGM: Final = frozenset({"nv-hostengine", "dcgm-exporter", "dcgmi"})
DCGM_UNITS: Final = frozenset(
    {"nvidia-dcgm.service", "dcgm.service", "nvidia-dcgm-exporter.service", "dcgm-exporter.service"}
)
DCGM_NAMESPACES: Final = frozenset({"gpu-operator", "nvidia-gpu-operator", "kube-system"})


@dataclass(frozen=True, slots=True)
class Sources:
    """Where a node's owners are found. Null: not on this node."""

    processes: Processes
    kubelet: Kubelet | None = None
    cluster: Cluster | None = None
    slurm: SlurmJobs | None = None
    has_true_pids: bool = True  # False: NVML's pids are not those that are seen here


class NodeOwners:
    """Looks at who holds the devices of a node."""

    def __init__(self, sources: Sources) -> None:
        self._from = sources
        self._workloads = Workloads(sources.cluster, sources.slurm)
        self._own_pid = os.getpid()
        self._named: dict[int, Owner | None] = {}  # in this look: each is asked for several times

    def allotment(self, devices: Sequence[DeviceSeen]) -> Allotment:
        """Return what the allocators say now of the devices that were just looked at."""
        self._from.processes.forget_gone()
        self._named.clear()
        given = [*self._given(devices)]
        known = [each.allocations for each in given if each.allocations is not None]
        allocations = tuple(each for part in known for each in part) if given else None
        replicas = {uuid: count for each in given for uuid, count in each.replicas.items()}
        is_known = len(known) == len(given)
        agreed = allocations is None or not is_known  # there is nothing to compare processes with
        flags = self._flags().union(*(each.flags for each in given))
        return Allotment(
            allocations,
            replicas,
            self._from.cluster is not None and self._from.cluster.is_cordoned,
            is_known=is_known,
            is_whole=all(each.is_whole for each in given),
            conflicts=frozenset()
            if agreed
            else conflicts(devices, allocations or (), replicas, self._working),
            flags=flags,
        )

    def owner_of(self, pid: int) -> Owner | None:
        """Return whose a process is; None when it is gone and was never seen."""
        if not self._from.has_true_pids:
            return UNRESOLVED
        if pid not in self._named:
            process = self._from.processes.find(pid)
            found = None if process is None else self._workloads.of_process(process)
            self._named[pid] = found
        return self._named[pid]

    def is_monitor(self, pid: int) -> bool:
        """Whether a process only watches: this agent, its children, DCGM. It holds nothing."""
        process = self._from.processes.find(pid) if self._from.has_true_pids else None
        if process is None:
            return pid == self._own_pid
        return self._own_pid in (pid, process.parent) or self._is_dcgm(process)

    def _is_dcgm(self, process: Process) -> bool:
        """Whether it is DCGM: anybody may call a process so, but not where the system runs it."""
        if process.name not in DCGM:
            return False
        owner = self._workloads.of_process(process)
        is_in_unit = owner.workload.get("unit") in DCGM_UNITS
        return is_in_unit or owner.workload.get("namespace") in DCGM_NAMESPACES

    def _flags(self) -> frozenset[str]:
        flags = set() if self._from.has_true_pids else {"pid_namespace"}
        if self._from.cluster is not None and self._from.cluster.faults:
            flags.add("api_server_unreachable")
        return frozenset(flags)

    def _given(self, devices: Sequence[DeviceSeen]) -> Iterator[Given]:
        if self._from.kubelet is not None:
            yield of_kubelet(self._from.kubelet.ask(), devices, self._workloads)
        if self._from.slurm is not None:
            yield of_slurm(self._from.slurm.ask(), devices, self._workloads)

    def _working(self, pid: int) -> Owner | None:
        """Return whose a process is that does work of its own."""
        return None if self.is_monitor(pid) else self.owner_of(pid)

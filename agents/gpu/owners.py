"""Who holds the devices of this node, look by look.

Every look reads of each process on a device whether it is still the same one, and asks what is
handed out unless nothing on the node has changed for a while. What follows is not worked out again
as long as all of it stays as it was.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass

from agents.gpu.calm import Calm
from agents.gpu.cluster import Cluster, View
from agents.gpu.evidence import Evidence, named_in
from agents.gpu.judging import judged, pids_on
from agents.gpu.kubelet import Answer, Kubelet
from agents.gpu.last_answer import LastAnswer
from agents.gpu.observed import DeviceSeen, Ownership
from agents.gpu.processes import Process, Processes
from agents.gpu.slurm import SlurmJobs, Written


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
        self._own_pid = os.getpid()
        self._calm = Calm(sources.processes.now_us)
        self._judged: LastAnswer[object, Ownership] = LastAnswer()

    def look(self, devices: Sequence[DeviceSeen]) -> Ownership:
        """Return whose the devices that were just looked at are, and what runs on them."""
        names = named_in(devices)
        evidence = self._evidence(devices, names)
        asked = (evidence, names)
        return self._judged.to(asked, lambda: judged(devices, evidence, self._own_pid))

    def _evidence(self, devices: Sequence[DeviceSeen], names: tuple[object, ...]) -> Evidence:
        sources = self._from
        processes = self._processes(devices) if sources.has_true_pids else None
        cluster = None if sources.cluster is None else sources.cluster.view()
        written = None if sources.slurm is None else sources.slurm.ask()
        jobs = _jobs(processes or {}, written)
        return Evidence(
            processes,
            self._handed_out((names, processes), cluster),
            written,
            {job: sources.slurm.details(job) for job in jobs} if sources.slurm else {},
            cluster,
        )

    def _handed_out(self, signs: object, cluster: View | None) -> Answer | None:
        """Return what the kubelet says. Without news of pods it is asked at every look."""
        if self._from.kubelet is None:
            return None
        has_news = cluster is not None and not cluster.is_old
        is_calm = self._calm.note((signs, cluster and cluster.pods))
        return self._from.kubelet.ask(is_quiet=has_news and is_calm)

    def _processes(self, devices: Sequence[DeviceSeen]) -> dict[int, Process | None]:
        self._from.processes.forget_gone()
        return {pid: self._from.processes.find(pid) for pid in pids_on(devices)}


def _jobs(processes: dict[int, Process | None], written: Written | None) -> set[str]:
    """Return the jobs of Slurm that have devices, or processes on them."""
    running = {each.place.slurm_job for each in processes.values() if each is not None}
    handed = (written and written.jobs) or {}
    jobs = {job for several in handed.values() for job in several}
    return jobs | {job for job in running if job is not None}

"""A node whose allocators, API server and processes say what a test has them say."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from agents.gpu.api_server import Address
from agents.gpu.cluster import Cluster, Pod
from agents.gpu.kubelet import Answer, Handed, Held
from agents.gpu.observed import Allotment, DeviceSeen, MigLayout, Owner, ProcessSeen, Standing
from agents.gpu.owners import NodeOwners, Sources
from agents.gpu.processes import Processes
from agents.gpu.slurm import SlurmJobs
from tests.builders.kubelet_said import Said
from tests.builders.proc import Clock, Proc

UID = "0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0"
OTHER = "1b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0"
ID = "ab" * 32
GROUP = "/kubepods.slice/kubepods-pod{}.slice/cri-containerd-" + ID + ".scope"
JOB = "/system.slice/slurmstepd.scope/job_{}/step_0"
TRAIN = Pod("ml", "train-0", UID, {"app": "train"}, UID, False, {ID: "main"}, "containerd")
WORKLOAD = {
    "namespace": "ml",
    "pod": "train-0",
    "pod_uid": UID,
    "container": "main",
    "container_id": ID,
    "runtime": "containerd",
}
HELD = Held("ml", "train-0", "main", ("GPU-1",))


@dataclass
class Node:
    """A node that a test fills."""

    proc: Proc
    folder: Path
    kubelet: Said | None = None
    cluster: Cluster | None = None
    slurm: SlurmJobs | None = None
    clock: Clock = field(default_factory=Clock)
    has_true_pids: bool = True

    def hands_out(self, *held: Held, allocatable: tuple[str, ...] | None = ()) -> None:
        self.kubelet = Said(Answer(Handed(held, allocatable)))

    def knows(
        self, *pods: Pod, labels: Mapping[str, str] | None = None, cordoned: bool = False
    ) -> None:
        cluster = Cluster(Address("http://127.0.0.1:1"), "node-1", self.clock)
        cluster.pods.objects = {pod.uid: pod for pod in pods}
        cluster.namespaces.objects = {} if labels is None else {"ml": labels}
        cluster.nodes.objects = {"node-1": cordoned}
        cluster.pods.fault = cluster.namespaces.fault = cluster.nodes.fault = None
        self.cluster = cluster

    def writes(self, **files: str) -> None:
        self.folder.mkdir(exist_ok=True)
        for name, text in files.items():
            (self.folder / name.replace("_", "-")).write_text(text)
        self.slurm = SlurmJobs(self.folder, self.clock)

    @property
    def owners(self) -> NodeOwners:
        processes = Processes(self.clock, self.proc.root)
        return NodeOwners(
            Sources(processes, self.kubelet, self.cluster, self.slurm, self.has_true_pids)
        )

    def allotment(self, *devices: DeviceSeen) -> Allotment:
        return self.owners.look(devices).allotment

    def owner_of(self, pid: int) -> Owner | None:
        return self.owners.look([gpu("GPU-1", pid)]).owners[pid]

    def is_monitor(self, pid: int) -> bool:
        return pid not in self.owners.look([gpu("GPU-1", pid)]).owners


def gpu(
    uuid: str = "GPU-1", *pids: int, mig: MigLayout | None = None, index: int = 0
) -> DeviceSeen:
    seen = tuple(ProcessSeen(pid) for pid in pids)
    return DeviceSeen(
        uuid, "H100", Standing.IN_SERVICE, processes=seen, mig=mig, index=index, minor=index
    )

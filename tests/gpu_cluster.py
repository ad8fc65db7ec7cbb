"""A node of a Kubernetes cluster for a real agent, with a kubelet and an API server."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.gpu_host import Host
from tests.nvml_scenario import Gpu
from tests.servers import kubelet, kubernetes_api
from tests.servers.kubelet import KubeletSays
from tests.servers.kubernetes_api import KubernetesSays, namespace, node, pod

GROUP = "/kubepods.slice/kubepods-pod{}.slice/cri-containerd-{}.scope"
CATALOG = """
owners:
  - {name: by-team, match: {namespace_label: {team: ["*"]}}, tenant_from: "namespace_label:team"}
"""
PODS, SPACES, NODES = "/api/v1/pods", "/api/v1/namespaces", "/api/v1/nodes"


@dataclass
class Cluster:
    """What the cluster says of the host. All pods are in the namespace ml, of team search."""

    host: Host
    kubelet: KubeletSays = field(default_factory=KubeletSays)
    api: KubernetesSays = field(default_factory=KubernetesSays)

    def place(self, gpu: Gpu, pid: int, device_id: str, percent: float) -> None:
        """Run a pod with one process on a GPU, or on a replica of it."""
        name, uid, container = f"pod-{pid}", f"{pid:08d}-0000-4000-8000-000000000000", f"{pid:064x}"
        self.kubelet.hold("ml", name, [device_id])
        self.api.put(PODS, pod(name, uid, containers={container: "main"}))
        group = GROUP.format(uid.replace("-", "_"), container)
        self.host.proc.start(pid, group)
        gpu.start(pid)
        gpu.work(pid, percent)


@contextmanager
def running(host: Host) -> Iterator[Cluster]:
    """Serve a cluster of which the host is a node; its agent may be started then."""
    cluster = Cluster(host)
    cluster.api.put(SPACES, namespace("ml", team="search"))
    cluster.api.put(NODES, node("node-1", is_cordoned=False))
    (host.folder / "catalog.yaml").write_text(CATALOG)
    socket = host.folder / "kubelet.sock"
    with (
        kubelet.running(socket, cluster.kubelet),
        kubernetes_api.running(cluster.api) as url,
    ):
        host.settings |= {
            "OWNERS__KUBELET_SOCKET": str(socket),
            "OWNERS__API_SERVER": url,
        }
        yield cluster

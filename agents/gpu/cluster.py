"""What the Kubernetes API says of one node: its pods, labels of namespaces, whether it is cordoned.

Needs `get`, `list` and `watch` of pods, namespaces and nodes. Pods that are gone stay known for a
while, as their processes do.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from agents.errors import ApiServerSilent
from agents.gpu.api_server import Address, ApiServer, Collection, Object
from agents.gpu.processes import KEPT_US
from agents.gpu.reflection import Reflection

TERMINAL: Final = frozenset({"Succeeded", "Failed"})
CONFIG_HASH: Final = "kubernetes.io/config.hash"  # of a static pod: its groups are named by this
FIRST_S: Final = 5.0  # for the first answers
LAST_S: Final = 5.0  # for a thread to end
STATUSES: Final = ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod of this node."""

    namespace: str
    name: str
    uid: str
    labels: Mapping[str, str] = field(default_factory=dict)
    group: str = ""  # what its control groups are named by: its uid, or the hash of a static pod
    is_terminal: bool = False
    containers: Mapping[str, str] = field(default_factory=dict)  # names by id
    runtime: str | None = None  # None: no container has started


def pod_of(of: Object) -> tuple[str, Pod]:
    """Return a pod by its uid."""
    meta, status = of["metadata"], of.get("status") or {}
    every = [each for kind in STATUSES for each in status.get(kind) or ()]
    started = [(each["name"], each["containerID"]) for each in every if each.get("containerID")]
    uid = meta["uid"]
    return uid, Pod(
        meta["namespace"],
        meta["name"],
        uid,
        meta.get("labels") or {},
        (meta.get("annotations") or {}).get(CONFIG_HASH, uid),
        status.get("phase") in TERMINAL,
        {container_id.rpartition("://")[2]: name for name, container_id in started},
        started[0][1].partition("://")[0] if started else None,
    )


def namespace_of(of: Object) -> tuple[str, Mapping[str, str]]:
    """Return the labels of a namespace by its name."""
    return of["metadata"]["name"], of["metadata"].get("labels") or {}


def cordoned(of: Object) -> tuple[str, bool]:
    """Return whether a node takes no new pods, by its name."""
    return of["metadata"]["name"], bool((of.get("spec") or {}).get("unschedulable"))


@dataclass(frozen=True, slots=True)
class Index:
    """Pods as they are looked up."""

    by_name: Mapping[tuple[str, str], Pod] = field(default_factory=dict)
    by_group: Mapping[str, Pod] = field(default_factory=dict)
    present: frozenset[str] = frozenset()  # uids of those that are not gone


@dataclass(frozen=True, slots=True)
class View:
    """What is known at one instant."""

    pods: Index = Index()
    namespaces: Mapping[str, Mapping[str, str]] | None = None  # labels by name
    is_cordoned: bool = False  # the node takes no new pods; False while that is not known
    is_old: bool = False  # the API server is away

    def pod_named(self, namespace: str, name: str) -> Pod | None:
        """Return a pod by its name."""
        return self.pods.by_name.get((namespace, name))

    def pod_in(self, group: str) -> Pod | None:
        """Return the pod whose control groups have this uid or hash in their names."""
        return self.pods.by_group.get(group)

    def namespace_labels(self, namespace: str) -> Mapping[str, str] | None:
        """Return the labels of a namespace; None when it is not known."""
        return (self.namespaces or {}).get(namespace)


class Cluster:
    """The API server's view of a node, followed by three threads."""

    def __init__(
        self, address: Address, node: str, now_us: Callable[[], int], pause_s: float = 1.0
    ) -> None:
        self._server = ApiServer(address)
        self._now_us = now_us
        pods = Collection("/api/v1/pods", f"spec.nodeName={node}")
        spaces = Collection("/api/v1/namespaces", is_metadata_only=True)
        nodes = Collection("/api/v1/nodes", f"metadata.name={node}")
        self.pods = Reflection(self._server, pods, pod_of, pause_s)
        self.namespaces = Reflection(self._server, spaces, namespace_of, pause_s)
        self.nodes = Reflection(self._server, nodes, cordoned, pause_s)
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._indexed: Mapping[str, Pod] | None = None
        self._index = Index()
        self._gone: dict[str, tuple[int, Pod]] = {}  # by uid: since when

    def start(self, first_s: float = FIRST_S) -> None:
        """Follow the API in threads that end with the process.

        Waits a moment for the first answers: without them the first look knows no label.
        """
        for each in (self.pods, self.namespaces, self.nodes):
            thread = threading.Thread(target=each.follow, args=(self._stop,), daemon=True)
            thread.start()
            self._threads.append(thread)
        for each in (self.pods, self.namespaces, self.nodes):
            each.was_asked.wait(first_s)

    def close(self) -> None:
        """Stop following."""
        self._stop.set()
        self._server.close()
        for thread in self._threads:
            thread.join(LAST_S)

    def check(self) -> Iterator[tuple[str, ApiServerSilent | None]]:
        """Yield each path that is followed, and why it cannot be listed. Blocks."""
        for each in (self.pods, self.namespaces, self.nodes):
            try:
                self._server.page(each.of, 1, "")
            except ApiServerSilent as refused:
                yield each.of.path, refused
            else:
                yield each.of.path, None

    @property
    def faults(self) -> tuple[str, ...]:
        """Why what is known may be old; none: it is not."""
        found = (each.fault for each in (self.pods, self.namespaces, self.nodes))
        return tuple(dict.fromkeys(fault for fault in found if fault is not None))

    def view(self) -> View:
        """Return what is known now. Never blocks."""
        is_cordoned = any((self.nodes.objects or {}).values())
        return View(self._pods(), self.namespaces.objects, is_cordoned, bool(self.faults))

    def _pods(self) -> Index:
        pods = self.pods.objects
        if pods is not self._indexed:
            self._note_gone(self._indexed or {}, pods or {})
            self._indexed = pods
            every = [*(pod for _, pod in self._gone.values()), *(pods or {}).values()]
            self._index = Index(
                {(pod.namespace, pod.name): pod for pod in every},
                {pod.group: pod for pod in every},
                frozenset(pods or ()),
            )
        return self._index

    def _note_gone(self, before: Mapping[str, Pod], now: Mapping[str, Pod]) -> None:
        now_us = self._now_us()
        kept = {uid: each for uid, each in self._gone.items() if now_us - each[0] <= KEPT_US}
        gone = {uid: (now_us, pod) for uid, pod in before.items() if uid not in now}
        self._gone = {uid: each for uid, each in (kept | gone).items() if uid not in now}

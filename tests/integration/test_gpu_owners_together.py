"""Every source of a Kubernetes node at once, as servers speak: from a process to who pays."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from agents.gpu.api_server import Address
from agents.gpu.catalog_text import rules_in
from agents.gpu.cluster import Cluster
from agents.gpu.kubelet import Kubelet
from agents.gpu.observed import DeviceSeen, Payer, ProcessSeen, Standing
from agents.gpu.owners import NodeOwners, Sources
from agents.gpu.owners_probe import probe
from agents.gpu.processes import Processes
from agents.gpu.tenant_rules import TenantRules
from tests.builders.proc import Proc
from tests.outbox_parts import wait_until
from tests.servers import kubelet, kubernetes_api
from tests.servers.kubelet import KubeletSays
from tests.servers.kubernetes_api import KubernetesSays, namespace, node, pod

pytestmark = pytest.mark.integration

UIDS = [f"0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f{number}" for number in range(3)]
IDS = [f"{number}" * 64 for number in range(3)]
CATALOG = """
owners:
  - {name: serving, match: {namespace: [ml], pod_label: {app: [llama]}}, endpoint: llama-prod}
  - {name: team, match: {namespace_label: {team: ["*"]}}, tenant_from: "namespace_label:team",
     job_from: pod}
"""
PODS, SPACES, NODES = "/api/v1/pods", "/api/v1/namespaces", "/api/v1/nodes"


def now_us() -> int:
    return time.monotonic_ns() // 1000


@dataclass(frozen=True)
class World:
    """A node, and what surrounds it."""

    kubelet: KubeletSays
    api: KubernetesSays
    proc: Proc
    sources: Sources
    rules: TenantRules

    def payers(self, *devices: DeviceSeen) -> dict[str, Payer]:
        """Return who pays for each device."""
        found = NodeOwners(self.sources).look(devices).allotment
        assert found.is_known
        return {a.device: self.rules.at(0).payer(a.owner) for a in found.allocations or ()}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    said, api, proc = KubeletSays(), KubernetesSays(), Proc(tmp_path / "proc")
    proc.start(1, "/init.scope")
    api.put(SPACES, namespace("ml", team="search"))
    api.put(NODES, node("node-1", is_cordoned=False))
    for number, app in enumerate(("llama", "train", "train")):
        labels, containers = {"app": app}, {IDS[number]: "main"}
        api.put(PODS, pod(f"pod-{number}", UIDS[number], labels=labels, containers=containers))
        group = (
            f"/kubepods.slice/kubepods-pod{UIDS[number]}.slice/cri-containerd-{IDS[number]}.scope"
        )
        proc.start(100 + number, group)
    said.hold("ml", "pod-0", ["GPU-0"])
    said.hold("ml", "pod-1", ["GPU-1::0"])
    said.hold("ml", "pod-2", ["GPU-1::1"])
    said.allocatable = ["GPU-0", "GPU-1::0", "GPU-1::1", "GPU-1::2"]
    path = tmp_path / "k.sock"
    with kubelet.running(path, said), kubernetes_api.running(api) as url:
        cluster = Cluster(Address(url, None, None), "node-1", now_us, 0.01)
        cluster.start()
        sources = Sources(Processes(now_us, proc.root), Kubelet(now_us, path), cluster)
        rules = TenantRules(lambda: rules_in(CATALOG, "test", "v1"), "node-1")
        yield World(said, api, proc, sources, rules)
        cluster.close()


def gpus(*pids: tuple[int, ...]) -> tuple[DeviceSeen, ...]:
    return tuple(
        DeviceSeen(f"GPU-{n}", "H100", Standing.IN_SERVICE, processes=tuple(map(ProcessSeen, each)))
        for n, each in enumerate(pids)
    )


def test_allocations_and_processes_lead_to_the_same_payers(world: World) -> None:
    owners = NodeOwners(world.sources)
    whose = owners.look(gpus((100,), (101, 102)))
    found = whose.allotment
    assert (found.replicas, found.conflicts, found.flags) == (
        {"GPU-1": 3},
        frozenset(),
        frozenset(),
    )
    serving = Payer(endpoint="llama-prod", rule="serving")
    jobs = [Payer("search", job=f"pod-{number}", rule="team") for number in (1, 2)]
    assert [world.rules.at(0).payer(a.owner) for a in found.allocations or ()] == [serving, *jobs]
    seen = [whose.owners[pid] for pid in (100, 101, 102)]
    assert [owner and world.rules.at(0).payer(owner) for owner in seen] == [serving, *jobs]


def test_the_first_look_after_a_start_knows_all_labels(world: World) -> None:
    assert world.payers(*gpus(()))["GPU-0"].flags == frozenset()


def test_a_pod_that_takes_over_a_gpu_pays_from_then_on(world: World) -> None:
    world.kubelet.pods.clear()
    world.kubelet.hold("ml", "next", ["GPU-0"])
    assert world.payers(*gpus(()))["GPU-0"] == Payer(
        rule="serving", flags=frozenset({"rule_undecided"})
    )
    world.api.put(PODS, pod("next", "u-next", labels={"app": "other"}))
    wait_until(
        lambda: world.payers(*gpus(()))["GPU-0"] == Payer("search", None, None, "next", "team")
    )


def test_a_pod_that_has_ended_frees_its_gpu_though_it_is_still_listed(world: World) -> None:
    world.api.put(PODS, pod("pod-0", UIDS[0], phase="Failed"))
    wait_until(lambda: "GPU-0" not in world.payers(*gpus(())))


def test_labels_that_change_count_from_when_they_do(world: World) -> None:
    world.api.put(SPACES, namespace("ml", team="fraud"))
    wait_until(lambda: world.payers(*gpus(()))["GPU-1"].tenant == "fraud")


def test_a_cordoned_node_is_drained_until_it_is_not(world: World) -> None:
    owners = NodeOwners(world.sources)
    for is_cordoned in (True, False):
        world.api.put(NODES, node("node-1", is_cordoned=is_cordoned))
        wait_until(lambda: owners.look(()).allotment.is_drained is is_cordoned)  # noqa: B023 - at once


def test_doctor_finds_nothing_wrong(world: World) -> None:
    found = probe(world.sources, rules_in(CATALOG, "test", "v1"))
    assert [each for each in found if not each.is_ok] == []
    blind = replace(world.sources, has_true_pids=False)
    assert [each.what for each in probe(blind, None) if not each.is_ok] == [
        "pid namespace",
        "tenant rules",
    ]

"""What is not worked out again is what would be found: two agents see one history, one from memory.

Anything may change from look to look, or nothing. Both say the same of owners and of time.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias
from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st

from agents.gpu.api_server import Address
from agents.gpu.catalog_text import RuleSet, rules_in
from agents.gpu.cgroups import Place
from agents.gpu.cluster import Cluster, Pod
from agents.gpu.kubelet import Answer, Handed, Held
from agents.gpu.last_answer import LastAnswer
from agents.gpu.observed import DeviceSeen, MigInstance, MigLayout, Ownership
from agents.gpu.owners import NodeOwners, Sources
from agents.gpu.processes import Identity, Process, Processes
from agents.gpu.sampler import Look, Outcome, Sampler, Terms
from agents.gpu.slurm import SlurmJobs, Written
from agents.gpu.tenant_rules import TenantRules
from tests.builders.kubelet_said import Said
from tests.gpu_looks import LOST, START_US, UNREADABLE, Clocks, active, gpu, process

UIDS, IDS, UUIDS = ("u-1", "u-2"), ("1" * 64, "2" * 64), ("GPU-0", "GPU-1")
PIDS = (5, 6, 7)
CATALOGS: list[RuleSet | None] = [
    None,
    rules_in("owners: [{name: n, match: {pod: ['*']}, tenant_from: namespace}]", "test", "1"),
    rules_in(
        """
owners:
  - {name: job, match: {slurm_account: ["*"]}, tenant_from: slurm_account}
  - {name: early, match: {pod: [a]}, tenant: early, effective_to: "2026-01-01T00:00:05Z"}
  - {name: app, match: {pod_label: {app: ["*"]}}, tenant_from: "pod_label:app"}
  - {name: team, match: {namespace_label: {team: [x]}}, endpoint: e}
""",
        "test",
        "2",
    ),
]

instances = st.sampled_from(["MIG-1", "MIG-2"])
cuts = st.builds(
    lambda uuid, slices, worked, number: MigLayout(
        (MigInstance(uuid, "x", slices, slices, worked, gpu_instance=number),), 7, 8
    ),
    instances,
    st.integers(1, 7),
    st.none() | st.integers(0, 10**6),
    st.integers(1, 2),
)
places = st.sampled_from(
    [Place(UIDS[0], (IDS[0],)), Place(UIDS[1], (IDS[1],)), Place(slurm_job="1"), Place()]
)
names = st.sampled_from(["python", "dcgmi"])
device_ids = st.sampled_from([*UUIDS, "MIG-1", "GPU-1::0", "nvidia0", "nvidia1/gi1", "?"])
helds = st.builds(
    lambda pod, container, ids, claims: Held("ml", pod, container, tuple(ids), tuple(claims)),
    st.sampled_from(["a", "b"]),
    st.sampled_from(["main", "side"]),
    st.lists(device_ids, min_size=1, max_size=3),
    st.lists(st.just("gpu.nvidia.com/n/gpu-0"), max_size=1),
)
pods = st.builds(
    lambda uid, label, is_terminal, container: Pod(
        "ml", "ab"[UIDS.index(uid)], uid, label, uid, is_terminal, {container: "main"}, "cri-o"
    ),
    st.sampled_from(UIDS),
    st.sampled_from([{}, {"app": "train"}]),
    st.booleans(),
    st.sampled_from(IDS),
)
jobs = st.dictionaries(
    st.sampled_from(["0", "1.1", "GPU-1"]), st.lists(st.sampled_from("12")).map(tuple), max_size=2
)
away = st.sampled_from([None, None, "away"])
seldom = st.sampled_from([False] * 7 + [True])
FIELDS: Mapping[str, st.SearchStrategy[Any]] = {
    "pids": st.tuples(*[st.sets(st.sampled_from(PIDS), max_size=2)] * 2),
    "has_no_pids": seldom,
    "memory_bytes": st.sampled_from([None, 1, 2]),
    "instance": st.none() | instances,  # on which the processes of a cut device are
    "worked_us": st.none() | st.integers(0, 10**6),
    "standing": st.sampled_from([*[gpu().standing] * 6, LOST, UNREADABLE]),
    "cut": st.none() | cuts,
    "index": st.integers(0, 1),  # of the first device
    "minor": st.integers(0, 1),  # as above
    "is_mps": st.booleans(),
    "flags": st.sampled_from([frozenset(), frozenset({"hw_slowdown"})]),
    "processes": st.dictionaries(
        st.sampled_from(PIDS), st.tuples(st.integers(0, 1), places, names)
    ),
    "held": st.lists(helds, max_size=3),
    "is_silent": seldom,
    "allocatable": st.sampled_from([None, ("GPU-1::0", "GPU-1::1", "GPU-1::2")]),
    "kubelet_fault": away,
    "pods": st.lists(pods, max_size=2),
    "labels": st.sampled_from([None, {}, {"ml": {"team": "x"}}, {"ml": {"team": "y"}}]),
    "is_cordoned": st.booleans(),
    "api_fault": away,
    "jobs": jobs,
    "slurm_fault": away,
    "details": st.sampled_from([{}, {"account": "one"}, {"account": "two", "user": "u"}]),
    "rules": st.sampled_from(CATALOGS),
    "seconds": st.sampled_from([1, 2, 3]),
}
World: TypeAlias = Mapping[str, Any]
one_change = st.one_of(
    st.just({}), *(st.fixed_dictionaries({name: each}) for name, each in FIELDS.items())
)


def devices_of(world: World) -> tuple[DeviceSeen, ...]:
    """Return two GPUs; the second may be cut, or out."""
    found = []
    for place, uuid in enumerate(UUIDS):
        inside = world["instance"] if place and world["cut"] else None
        pids = sorted(world["pids"][place])
        seen = tuple(process(pid, world["memory_bytes"], inside) for pid in pids)
        worked_us = world["worked_us"]
        found.append(
            gpu(
                uuid,
                processes=None if world["has_no_pids"] else seen,
                activity=None if worked_us is None else active(worked_us, {5: worked_us // 2}),
                standing=world["standing"] if place else gpu().standing,
                mig=world["cut"] if place else None,
                index=(place + world["index"]) % 2,
                minor=(place + world["minor"]) % 2,
                is_mps=world["is_mps"],
                flags=world["flags"],
            )
        )
    return tuple(found)


class Running(Processes):
    """The processes of a world: others are nobody's."""

    def __init__(self, twin: "Twin") -> None:
        super().__init__(lambda: twin.clocks.boottime_us, Path("/nowhere"))
        self._twin = twin

    def find(self, pid: int) -> Process | None:
        """Return a process, made anew each time."""
        known = self._twin.world["processes"]
        if pid not in known:
            return None
        start, place, name = known[pid]
        return Process(Identity("boot", pid, start), name, place, 7, 7, 1)


class Directory(SlurmJobs):
    """What Slurm's prolog wrote in a world."""

    def __init__(self, twin: "Twin") -> None:
        super().__init__(Path("/nowhere"), lambda: twin.clocks.boottime_us)
        self._twin = twin

    def ask(self) -> Written:
        """Return the jobs."""
        world = self._twin.world
        return Written(None if world["is_silent"] else world["jobs"], world["slurm_fault"])

    def details(self, job: str) -> dict[str, str]:
        """Return what was written of any job."""
        return {**self._twin.world["details"], "partition": job}


class Twin:
    """One agent: owners and sampler."""

    def __init__(self, *, has_kubelet: bool, has_slurm: bool) -> None:
        self.world: World = {}
        self.clocks = Clocks(START_US)
        self.kubelet = Said(Answer())
        self.cluster = Cluster(
            Address("http://127.0.0.1:1"), "node-1", lambda: self.clocks.boottime_us
        )
        sources = Sources(
            Running(self),
            self.kubelet if has_kubelet else None,
            self.cluster,
            Directory(self) if has_slurm else None,
        )
        self.owners = NodeOwners(sources)
        self.rules = TenantRules(lambda: self.world["rules"], "node-1")
        self.sampler = Sampler(Terms(node="node-1"), {}, START_US)

    def look(self, world: World) -> tuple[Ownership, Outcome]:
        """Let the node be so, and look."""
        self.world = world
        self.clocks.go(world["seconds"])
        handed = Handed(tuple(world["held"]), world["allocatable"])
        is_silent, fault = world["is_silent"], world["kubelet_fault"]
        self.kubelet.said = Answer(None, "away") if is_silent else Answer(handed, fault)
        cluster = self.cluster
        cluster.pods.objects = {each.uid: each for each in world["pods"]}
        cluster.namespaces.objects = world["labels"]
        cluster.nodes.objects = {"node-1": world["is_cordoned"]}
        for each in (cluster.pods, cluster.namespaces, cluster.nodes):
            each.fault = world["api_fault"]
        devices = devices_of(world)
        whose = self.owners.look(devices)
        seen = Look(
            at=self.clocks.now(),
            devices=devices,
            allotment=whose.allotment,
            owners=whose.owners,
            rules=self.rules.at(self.clocks.wall_us),
        )
        return whose, self.sampler.look(seen)


@given(
    world=st.fixed_dictionaries(FIELDS),
    changes=st.lists(one_change, min_size=1, max_size=8),
    has_kubelet=st.booleans(),
    has_slurm=st.booleans(),
)
@settings(deadline=None, max_examples=200)
def test_what_is_remembered_is_what_would_be_found(
    world: World, changes: list[World], has_kubelet: bool, has_slurm: bool
) -> None:
    mindful, forgetful = (Twin(has_kubelet=has_kubelet, has_slurm=has_slurm) for _ in range(2))
    for change in ({}, *changes):
        world = {**world, **change}
        remembered = mindful.look(world)
        with mock.patch.object(LastAnswer, "to", lambda _self, _asked, find: find()):
            assert remembered == forgetful.look(world)
    assert mindful.sampler.finish() == forgetful.sampler.finish()

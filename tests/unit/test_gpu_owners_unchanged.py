"""What stays as it was is not worked out again, and what changes is seen at once."""

from dataclasses import replace
from pathlib import Path

import pytest

from agents.gpu.calm import SETTLED_US
from agents.gpu.cluster import Pod
from agents.gpu.kubelet import Held
from agents.gpu.observed import DeviceSeen, MigInstance, MigLayout, Owner, ProcessSeen
from tests.builders.owned_node import GROUP, HELD, OTHER, TRAIN, UID, Node, gpu
from tests.builders.proc import Proc


@pytest.fixture
def on(tmp_path: Path) -> Node:
    return Node(Proc(tmp_path / "proc"), tmp_path / "jobs")


def cut(instance: str, number: int, on: str | None = None) -> DeviceSeen:
    parts = (
        MigInstance(instance, "1g.10gb", 1, 10, gpu_instance=number),
        MigInstance("MIG-9", "1g.10gb", 1, 10, gpu_instance=9),
    )
    seen = (ProcessSeen(7, None, on),)
    return replace(gpu(mig=MigLayout(parts, 7, 80)), processes=seen)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([gpu("GPU-1", index=0), gpu("GPU-2", index=1)], [gpu("GPU-1", index=1), gpu("GPU-2")]),
        ([cut("MIG-1", 5)], [cut("MIG-2", 5)]),
        ([cut("MIG-1", 5)], [cut("MIG-1", 6)]),
        ([cut("MIG-1", 5)], [replace(cut("MIG-1", 5), minor=1)]),
        ([cut("MIG-1", 5, on="MIG-1")], [cut("MIG-1", 5, on="MIG-9")]),
        ([gpu("GPU-1")], [gpu("GPU-1", 7)]),
    ],
)
def test_what_the_names_of_devices_mean_is_found_again_when_they_change(
    on: Node, before: list[DeviceSeen], after: list[DeviceSeen]
) -> None:
    on.hands_out(Held("ml", "train-0", "main", ("nvidia0/gi5",)))
    on.knows(TRAIN, labels={})
    on.proc.start(7, GROUP.format(UID))
    on.writes(**{"0": "12\n"})
    owners = on.owners
    first = owners.look(before)
    assert owners.look(after) == on.owners.look(after) != first


def test_while_everything_stays_as_it_was_nothing_is_worked_out_again(on: Node) -> None:
    on.hands_out(HELD)
    on.knows(TRAIN, labels={"team": "search"})
    on.proc.start(7, GROUP.format(UID))
    owners = on.owners
    before = owners.look([gpu("GPU-1", 7)])
    on.clock.later(61)  # groups of processes are read again
    assert owners.look([replace(gpu("GPU-1", 7), energy_mj=5)]) is before


def test_a_pid_that_another_process_has_is_seen_at_once(on: Node) -> None:
    on.hands_out(HELD)
    on.knows(TRAIN, Pod("ml", "thief", OTHER, {}, OTHER), labels={})
    on.proc.start(7, GROUP.format(UID), start_ticks=100)
    owners = on.owners
    assert owners.look([gpu("GPU-1", 7)]).allotment.conflicts == frozenset()
    on.proc.start(7, GROUP.format(OTHER), start_ticks=101)
    found = owners.look([gpu("GPU-1", 7)])
    assert found.allotment.conflicts == {"GPU-1"}
    assert (found.owners[7] or Owner({})).workload["pod"] == "thief"


def test_the_kubelet_is_left_in_peace_once_nothing_has_changed_for_a_while(on: Node) -> None:
    on.hands_out(HELD)
    on.knows(TRAIN)
    on.proc.start(7, GROUP.format(UID))
    owners, settled_s = on.owners, SETTLED_US / 1_000_000
    assert on.kubelet is not None
    assert on.cluster is not None

    def is_left(*pids: int, after_s: float = 0.0) -> bool:
        on.clock.later(after_s)
        owners.look([gpu("GPU-1", *pids)])
        return on.kubelet is not None and on.kubelet.was_quiet[-1]

    assert [is_left(7), is_left(7, after_s=settled_s - 1), is_left(7, after_s=1)] == [0, 0, 1]
    assert [is_left(), is_left(after_s=settled_s - 1), is_left(after_s=1)] == [0, 0, 1]
    on.cluster.pods.objects = {}
    assert [is_left(), is_left(after_s=settled_s)] == [False, True]
    owners.look([cut("MIG-1", 5)])
    assert not on.kubelet.was_quiet[-1]
    assert [is_left(), is_left(after_s=settled_s)] == [False, True]
    on.cluster.nodes.fault = "away"  # then nobody tells of pods
    assert not is_left(after_s=settled_s)


def test_without_an_api_server_the_kubelet_is_asked_at_every_look(on: Node) -> None:
    on.hands_out(HELD)
    owners = on.owners
    for _ in range(3):
        owners.look([gpu()])
        on.clock.later(60)
    assert on.kubelet is not None
    assert on.kubelet.was_quiet == [False] * 3

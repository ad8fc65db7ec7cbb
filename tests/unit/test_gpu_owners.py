"""Who holds the devices: the word of kubelet, Slurm, API server and kernel, together."""

import os
from pathlib import Path

import pytest

from agents.gpu.cluster import Pod
from agents.gpu.kubelet import Answer, Handed, Held
from agents.gpu.observed import (
    Allocation,
    Allotment,
    DeviceSeen,
    MigInstance,
    MigLayout,
    Owner,
    ProcessSeen,
    Standing,
)
from agents.gpu.slurm import SlurmJobs
from tests.builders.kubelet_said import Said
from tests.builders.owned_node import GROUP, HELD, ID, JOB, OTHER, TRAIN, UID, WORKLOAD, Node, gpu
from tests.builders.proc import Proc


@pytest.fixture
def on(tmp_path: Path) -> Node:
    return Node(Proc(tmp_path / "proc"), tmp_path / "jobs")


def test_a_node_without_allocators_leaves_it_to_the_processes(on: Node) -> None:
    assert on.allotment(gpu()) == Allotment()


def test_what_the_kubelet_gave_has_all_that_the_api_server_knows(on: Node) -> None:
    on.hands_out(HELD)
    on.knows(TRAIN, labels={"team": "search"})
    owner = Owner(WORKLOAD, {"app": "train"}, {"team": "search"}, ("pod_resources", "api_server"))
    assert on.allotment(gpu()) == Allotment((Allocation("GPU-1", owner),))


def test_an_allocation_and_its_processes_are_the_same_work(on: Node) -> None:
    on.hands_out(HELD)
    on.knows(TRAIN, labels={})
    on.proc.start(7, GROUP.format(UID.replace("-", "_")))
    (allocation,) = on.allotment(gpu("GPU-1", 7)).allocations or ()
    owner = on.owner_of(7)
    assert owner is not None
    assert owner.work == allocation.owner.work == ("namespace", "ml", "pod", "train-0")
    assert (owner.workload, owner.evidence) == (WORKLOAD, ("cgroup", "api_server"))


def test_without_the_api_server_labels_are_unknown_not_missing(on: Node) -> None:
    on.hands_out(HELD)
    on.proc.start(7, GROUP.format(UID))
    (allocation,) = on.allotment(gpu()).allocations or ()
    assert (allocation.owner.labels, allocation.owner.namespace_labels) == (None, None)
    assert allocation.owner.evidence == ("pod_resources",)
    owner = on.owner_of(7)
    assert owner == Owner(
        {"pod_uid": UID, "container_id": ID, "runtime": "containerd"}, None, None, ("cgroup",)
    )


def test_a_pod_that_the_api_server_has_not_shown_yet_is_held_with_unknown_labels(on: Node) -> None:
    on.hands_out(HELD)
    on.knows(labels={"team": "search"})
    (allocation,) = on.allotment(gpu()).allocations or ()
    assert allocation.owner.labels is None
    assert allocation.owner.namespace_labels == {"team": "search"}


def test_a_pod_that_has_ended_holds_nothing_though_the_kubelet_still_lists_it(on: Node) -> None:
    ended = Pod("ml", "old-0", OTHER, {}, OTHER, is_terminal=True)
    on.hands_out(Held("ml", "old-0", "main", ("GPU-1",)), HELD)
    on.knows(TRAIN, ended)
    found = on.allotment(gpu())
    assert [each.owner.workload["pod"] for each in found.allocations or ()] == ["train-0"]
    assert found.conflicts == frozenset()


def test_a_kubelet_that_is_silent_has_not_taken_its_devices_back(on: Node) -> None:
    on.kubelet = Said(Answer(Handed((HELD,)), "away"))
    away = on.allotment(gpu())
    assert len(away.allocations or ()) == 1
    assert away.is_known
    assert away.flags == {"pod_resources_unreachable"}
    on.kubelet = Said(Answer(None, "away"))
    lost = on.allotment(gpu())
    assert (lost.allocations, lost.is_known) == ((), False)
    assert lost.flags == {"pod_resources_unreachable"}


def test_an_api_server_that_is_away_is_flagged_and_what_it_said_holds(on: Node) -> None:
    on.hands_out(HELD)
    on.knows(TRAIN, labels={"team": "search"})
    assert on.cluster is not None
    on.cluster.pods.fault = "away"
    found = on.allotment(gpu())
    assert found.flags == {"api_server_unreachable"}
    assert (found.allocations or ())[0].owner.namespace_labels == {"team": "search"}


def test_replicas_are_counted_by_pod_and_in_all(on: Node) -> None:
    total = tuple(f"GPU-1::{number}" for number in range(4))
    on.hands_out(
        Held("ml", "a", "main", ("GPU-1::0", "GPU-1::2")),
        Held("ml", "a", "side", ("GPU-1::3",)),
        Held("ml", "b", "main", ("GPU-1::1",)),
        allocatable=(*total, "GPU-2"),
    )
    found = on.allotment(gpu())
    assert found.replicas == {"GPU-1": 4}
    counts = {each.owner.workload["pod"]: each.replicas for each in found.allocations or ()}
    assert counts == {"a": 3, "b": 1}
    assert found.conflicts == frozenset()


def test_replicas_that_nobody_could_count_are_flagged(on: Node) -> None:
    on.hands_out(Held("ml", "a", "main", ("GPU-1::0", "GPU-1::2")), allocatable=None)
    found = on.allotment(gpu())
    assert found.replicas == {"GPU-1": 2}
    assert found.flags == {"replicas_unknown"}


def test_a_device_that_two_containers_of_a_pod_have_is_held_once(on: Node) -> None:
    on.hands_out(HELD, Held("ml", "train-0", "side", ("GPU-1",)))
    (allocation,) = on.allotment(gpu()).allocations or ()
    assert allocation.replicas == 1


def test_a_device_that_is_not_known_and_a_claim_are_flagged_not_guessed(on: Node) -> None:
    on.hands_out(
        Held("ml", "a", "main", ("slot-7",)),
        Held("ml", "b", "main", (), ("gpu.nvidia.com/node-1/gpu-0",)),
    )
    found = on.allotment(gpu())
    assert found.allocations == ()
    assert found.flags == {"device_unresolved", "claim_unresolved"}
    assert not found.is_whole


def test_a_mig_device_is_held_by_its_own_uuid(on: Node) -> None:
    mig = MigLayout((MigInstance("MIG-1", "1g.10gb", 1, 10, gpu_instance=5),), 7, 80)
    on.hands_out(Held("ml", "a", "main", ("nvidia0/gi5",)))
    found = on.allotment(gpu(mig=mig))
    assert [each.device for each in found.allocations or ()] == ["MIG-1"]


def test_a_cordoned_node_is_drained(on: Node) -> None:
    on.hands_out()
    on.knows(cordoned=True)
    assert on.allotment(gpu()).is_drained


def test_slurm_s_jobs_hold_what_the_prolog_wrote(on: Node) -> None:
    on.writes(**{"0": "12\n", "1": "", "job_12": "account=fraud\nuser=ann\npartition=gpu\n"})
    owner = Owner(
        {
            "slurm_job": "12",
            "slurm_account": "fraud",
            "slurm_user": "ann",
            "slurm_partition": "gpu",
        },
        evidence=("slurm",),
    )
    assert on.allotment(gpu(), gpu("GPU-2", index=1)) == Allotment((Allocation("GPU-1", owner),))
    on.proc.start(7, JOB.format(12))
    process = on.owner_of(7)
    assert process is not None
    assert (process.work, process.workload) == (owner.work, owner.workload)


def test_jobs_that_share_a_device_have_a_replica_each(on: Node) -> None:
    on.writes(**{"0": "12\n13\n"})
    found = on.allotment(gpu())
    assert found.replicas == {"GPU-1": 2}
    assert [each.owner.workload["slurm_job"] for each in found.allocations or ()] == ["12", "13"]
    assert found.conflicts == frozenset()


def test_a_directory_of_jobs_that_is_away_says_nothing(on: Node) -> None:
    on.slurm = SlurmJobs(on.folder, on.clock)
    found = on.allotment(gpu())
    assert (found.allocations, found.is_known) == ((), False)
    assert found.flags == {"slurm_jobs_unreachable"}


def test_processes_of_others_on_a_device_are_a_conflict_and_change_nothing(on: Node) -> None:
    on.hands_out(HELD)
    on.knows(TRAIN, Pod("ml", "thief", OTHER, {}, OTHER))
    on.proc.start(7, GROUP.format(UID))
    on.proc.start(8, GROUP.format(OTHER))
    on.proc.start(9, "/system.slice/own.service", uid=1001)
    agreed = on.allotment(gpu("GPU-1", 7))
    assert agreed.conflicts == frozenset()
    for stranger in (8, 9):
        found = on.allotment(gpu("GPU-1", 7, stranger))
        assert found.conflicts == {"GPU-1"}
        assert found.allocations == agreed.allocations


def test_a_process_that_nobody_can_name_is_no_conflict(on: Node) -> None:
    on.hands_out(HELD)
    on.proc.start(7, "/")
    on.proc.start(8, GROUP.format(OTHER))
    assert on.allotment(gpu("GPU-1", 7, 8, 9)).conflicts == frozenset()


def test_a_whole_device_that_two_pods_have_is_a_conflict(on: Node) -> None:
    on.hands_out(HELD, Held("ml", "other", "main", ("GPU-1",)))
    assert on.allotment(gpu(), gpu("GPU-2")).conflicts == {"GPU-1"}


def test_a_process_in_one_mig_device_is_no_stranger_there(on: Node) -> None:
    parts = tuple(MigInstance(f"MIG-{n}", "1g.10gb", 1, 10, gpu_instance=n) for n in (1, 2))
    on.hands_out(Held("ml", "train-0", "main", ("MIG-1",)))
    on.knows(TRAIN)
    on.proc.start(7, GROUP.format(UID))
    for instance, expected in (("MIG-1", frozenset()), ("MIG-2", {"GPU-1"}), (None, frozenset())):
        seen = DeviceSeen(
            "GPU-1", "H100", Standing.IN_SERVICE, mig=MigLayout(parts, 7, 80),
            processes=(ProcessSeen(7, None, instance),),
        )  # fmt: skip
        assert on.allotment(seen).conflicts == expected


@pytest.mark.parametrize(
    ("group", "uid", "expected"),
    [
        ("/user.slice/user-1001.slice/session-1.scope", 0, {"uid": "1001", "gid": "7"}),
        (
            "/system.slice/train.service",
            1002,
            {"unit": "train.service", "uid": "1002", "gid": "7"},
        ),
        (
            f"/system.slice/docker-{ID}.scope",
            0,
            {"container_id": ID, "runtime": "docker"},
        ),
        (JOB.format(9), 1003, {"slurm_job": "9"}),
        ("/", 1004, {}),
    ],
)
def test_a_process_outside_pods_is_its_unit_s_container_s_job_s_or_user_s(
    on: Node, group: str, uid: int, expected: dict[str, str]
) -> None:
    on.proc.start(7, group, uid=uid)
    owner = on.owner_of(7)
    assert owner is not None
    assert owner.workload == expected


def test_a_process_that_was_never_seen_has_no_owner(on: Node) -> None:
    assert on.owner_of(7) is None


def test_in_another_pid_namespace_no_process_is_taken_for_another(on: Node) -> None:
    on.proc.start(7, "/system.slice/train.service")
    on.has_true_pids = False
    owner = on.owner_of(7)
    assert owner is not None
    assert owner.workload == {}
    assert on.allotment(gpu("GPU-1", 7)).flags == {"pid_namespace"}


def test_the_agent_and_its_children_only_watch(on: Node) -> None:
    on.proc.start(os.getpid(), "/system.slice/apportion-gpu-agent.service")
    on.proc.start(8, "/system.slice/apportion-gpu-agent.service", parent=os.getpid())
    on.proc.start(9, "/system.slice/apportion-gpu-agent.service", parent=1)
    assert [on.is_monitor(pid) for pid in (os.getpid(), 8, 9, 10)] == [True, True, False, False]


def test_dcgm_only_watches_where_the_system_runs_it(on: Node) -> None:
    on.knows(Pod("gpu-operator", "dcgm", UID, {}, UID), Pod("ml", "sly", OTHER, {}, OTHER))
    on.proc.start(7, "/system.slice/nvidia-dcgm.service", name="nv-hostengine")
    on.proc.start(8, GROUP.format(UID), name="dcgm-exporter")
    on.proc.start(9, GROUP.format(OTHER), name="dcgm-exporter")
    on.proc.start(10, "/user.slice/user-7.slice", name="nv-hostengine")
    on.proc.start(11, "/system.slice/nvidia-dcgm.service", name="train")
    watching = [on.is_monitor(pid) for pid in range(7, 12)]
    assert watching == [True, True, False, False, False]

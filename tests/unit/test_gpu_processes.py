"""A process is (boot, pid, start), and stays known for a while after it is gone."""

import os
from pathlib import Path

import pytest

from agents.gpu.cgroups import NOWHERE, Place
from agents.gpu.processes import KEPT_US, Identity, Processes, is_initial_pid_namespace
from tests.builders.proc import BOOT, Clock, Proc

KEPT_S = KEPT_US / 1_000_000
JOB = "/system.slice/slurmstepd.scope/job_{}/step_0"


@pytest.fixture
def proc(tmp_path: Path) -> Proc:
    return Proc(tmp_path)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def processes(proc: Proc, clock: Clock) -> Processes:
    return Processes(clock, proc.root)


def test_a_process_has_an_identity_a_place_and_a_user(proc: Proc, processes: Processes) -> None:
    proc.start(7, JOB.format(1), start_ticks=55, name="py (x) y", uid=1001)
    found = processes.find(7)
    assert found is not None
    assert found.identity == Identity(BOOT, 7, 55)
    assert (found.name, found.place, found.uid, found.gid) == (
        "py (x) y", Place(slurm_job="1"), 1001, 7,
    )  # fmt: skip


def test_a_pid_given_to_another_process_is_another_process(
    proc: Proc, processes: Processes, clock: Clock
) -> None:
    proc.start(7, JOB.format(1), start_ticks=55)
    processes.find(7)
    clock.later(1)
    proc.start(7, JOB.format(2), start_ticks=56)
    found = processes.find(7)
    assert found is not None
    assert (found.identity.start_ticks, found.place.slurm_job) == (56, "2")


def test_a_process_that_went_is_known_for_one_window(
    proc: Proc, processes: Processes, clock: Clock
) -> None:
    proc.start(7, JOB.format(1))
    processes.find(7)
    proc.end(7)
    clock.later(KEPT_S)
    found = processes.find(7)
    assert found is not None
    assert found.place.slurm_job == "1"
    clock.later(0.000001)
    assert processes.find(7) is None


def test_a_process_that_was_never_seen_is_nobody_s(processes: Processes) -> None:
    assert processes.find(7) is None


def test_what_went_long_ago_takes_no_memory(proc: Proc, processes: Processes, clock: Clock) -> None:
    for pid in range(10, 20):
        proc.start(pid, JOB.format(1))
        processes.find(pid)
        proc.end(pid)
    clock.later(KEPT_S + 1)
    proc.start(7, JOB.format(1))
    processes.find(7)
    processes.forget_gone()
    assert list(processes._known) == [7]


def test_a_zombie_keeps_the_place_it_had(proc: Proc, processes: Processes, clock: Clock) -> None:
    proc.start(7, JOB.format(1))
    processes.find(7)
    proc.start(7, "/", state="Z")
    clock.later(KEPT_S + 1)
    found = processes.find(7)
    assert found is not None
    assert found.place.slurm_job == "1"


def test_groups_are_read_again_after_a_while_since_processes_are_moved(
    proc: Proc, processes: Processes, clock: Clock
) -> None:
    proc.start(7, "/")
    first = processes.find(7)
    assert first is not None
    assert first.place == NOWHERE
    proc.start(7, JOB.format(1))
    clock.later(KEPT_S + 1)
    moved = processes.find(7)
    assert moved is not None
    assert moved.place.slurm_job == "1"


def test_environment_variables_decide_nothing(proc: Proc, processes: Processes) -> None:
    proc.start(7, "/system.slice/train.service")
    (proc.root / "7/environ").write_bytes(b"SLURM_JOB_ID=1\0KUBERNETES_SERVICE_HOST=x\0")
    found = processes.find(7)
    assert found is not None
    assert found.place == Place(unit="train.service")


def test_a_process_that_is_replaced_while_it_is_read_is_not_mixed_with_the_next(
    proc: Proc, clock: Clock
) -> None:
    class Racing(Processes):
        """Another process takes the pid after the groups of the first were read."""

        def _text(self, pid: int, name: str) -> str | None:
            text = super()._text(pid, name)
            if name == "cgroup" and text and "job_1/" in text:
                proc.start(pid, JOB.format(2), start_ticks=56)
            return text

    proc.start(7, JOB.format(1), start_ticks=55)
    processes = Racing(clock, proc.root)
    assert processes.find(7) is None
    found = processes.find(7)
    assert found is not None
    assert (found.identity.start_ticks, found.place.slurm_job) == (56, "2")


def test_this_very_process_is_found_in_the_real_proc() -> None:
    found = Processes(Clock()).find(os.getpid())
    assert found is not None
    assert (found.uid, found.parent) == (os.getuid(), os.getppid())
    assert len(found.identity.boot_id) == len(BOOT)


def test_another_pid_namespace_is_told_from_the_initial_one(tmp_path: Path) -> None:
    (tmp_path / "self/ns").mkdir(parents=True)
    (tmp_path / "self/ns/pid").touch()
    assert not is_initial_pid_namespace(tmp_path)
    assert not is_initial_pid_namespace(tmp_path / "none")

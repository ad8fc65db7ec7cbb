"""NVML hangs, crashes or goes stale in a process of its own; the agent always has an answer."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pynvml
import pytest

from agents.errors import ReaderStale, ReaderUnavailable
from agents.gpu.nvml.watched import Patience, WatchedReader
from agents.gpu.observed import DeviceSeen, Standing
from tests.nvml_scenario import HANG, Node

IN_TIME = Patience(first_s=60, look_s=60)
IMPATIENT = Patience(first_s=60, look_s=0.05, last_s=120)
DEADLINE_S = 60


class Now:
    """A steady clock that a test moves, for how long a hang has lasted."""

    def __init__(self) -> None:
        self.at_s = 0.0

    def __call__(self) -> float:
        return self.at_s


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Node:
    node = Node(tmp_path)
    for name, value in node.environment.items():
        monkeypatch.setenv(name, value)
    return node


@pytest.fixture
def now() -> Now:
    return Now()


@pytest.fixture
def reader(node: Node, now: Now) -> Iterator[WatchedReader]:
    reader = WatchedReader(IMPATIENT, now)
    yield reader
    for rule in list(node.rules):
        node.forget(rule)
    reader.close()


def until_read(reader: WatchedReader) -> DeviceSeen:
    """Look until the GPU is read again: the child has to come back first."""
    deadline_s = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline_s:
        (seen,) = reader.look()
        if seen.standing is not Standing.UNREADABLE:
            return seen
    raise AssertionError("the reader did not come back")


def test_it_answers_as_the_reader_in_it_does(node: Node, reader: WatchedReader) -> None:
    gpu = node.add_gpu()
    gpu.start(100)
    seen = until_read(reader)
    assert seen.uuid == gpu.uuid
    assert seen.processes is not None
    assert [process.pid for process in seen.processes] == [100]


def test_a_call_that_hangs_leaves_the_gpu_unreadable_and_is_survived(
    node: Node, reader: WatchedReader
) -> None:
    gpu = node.add_gpu()
    gpu.start(100)
    until_read(reader)
    rule = node.answer("nvmlDeviceGetComputeRunningProcesses_v3", HANG)
    for _ in range(3):
        (seen,) = reader.look()
        assert (seen.uuid, seen.standing) == (gpu.uuid, Standing.UNREADABLE)
        assert seen.flags == {"nvml_timeout"}
        assert seen.processes is None
    node.forget(rule)
    assert until_read(reader).processes is not None


def test_the_xids_of_a_look_that_came_too_late_are_not_lost(
    node: Node, reader: WatchedReader
) -> None:
    gpu = node.add_gpu()
    until_read(reader)
    gpu.raise_xid(31)
    rule = node.answer("nvmlDeviceGetTotalEnergyConsumption", HANG)
    (seen,) = reader.look()
    assert seen.standing is Standing.UNREADABLE
    node.forget(rule)
    assert until_read(reader).xids == (31,)
    assert until_read(reader).xids == ()


def test_a_hang_that_lasts_needs_a_new_agent(node: Node, reader: WatchedReader, now: Now) -> None:
    node.add_gpu()
    until_read(reader)
    node.answer("*", HANG)
    reader.look()
    now.at_s += IMPATIENT.last_s
    reader.look()
    now.at_s += 1
    with pytest.raises(ReaderStale, match="hung for 121 s"):
        reader.look()


def test_a_hang_before_the_first_answer_is_stale_too(node: Node) -> None:
    node.add_gpu()
    rule = node.answer("nvmlInitWithFlags", HANG)
    reader = WatchedReader(Patience(first_s=0.05))
    with pytest.raises(ReaderStale, match="for the first time"):
        reader.look()
    node.forget(rule)
    reader.close()


def test_a_child_that_dies_needs_a_new_agent(node: Node, reader: WatchedReader) -> None:
    node.add_gpu()
    until_read(reader)
    os.kill(reader._child.pid, signal.SIGKILL)
    with pytest.raises(ReaderStale, match="ended with exit status -9"):
        reader.look()


def test_the_child_lets_sigterm_pass_until_its_agent_is_done(
    node: Node, reader: WatchedReader
) -> None:
    node.add_gpu()
    until_read(reader)
    os.kill(reader._child.pid, signal.SIGTERM)
    assert until_read(reader).standing is Standing.IN_SERVICE


def test_closing_ends_the_child(node: Node) -> None:
    node.add_gpu()
    reader = WatchedReader(IN_TIME)
    reader.look()
    reader.close()
    assert reader._child._process.poll() == 0


def test_closing_does_not_wait_for_a_call_that_hangs(node: Node) -> None:
    node.add_gpu()
    node.answer("nvmlDeviceGetName", HANG)
    reader = WatchedReader(Patience(first_s=0.05))
    with pytest.raises(ReaderStale):
        reader.look()
    reader.close()
    assert reader._child._process.poll() == -signal.SIGKILL


def test_the_child_ends_when_its_agent_is_gone(node: Node) -> None:
    node.add_gpu()
    reader = WatchedReader(IN_TIME)
    reader.look()
    reader._child._questions.close()  # as a killed agent does
    assert reader._child._process.wait(DEADLINE_S) == 0
    reader.close()


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH, ReaderStale),
        (pynvml.NVML_ERROR_DRIVER_NOT_LOADED, ReaderUnavailable),
    ],
)
def test_the_errors_of_the_reader_come_through(
    node: Node, reader: WatchedReader, code: int, error: type[Exception]
) -> None:
    node.add_gpu()
    node.answer("nvmlInitWithFlags", code)
    with pytest.raises(error, match="driver"):
        reader.look()


def test_a_large_node_fits_through_the_pipe(node: Node) -> None:
    gpus = [node.add_gpu() for _ in range(16)]
    for gpu in gpus:
        for pid in range(60):
            gpu.start(1000 + pid)
    reader = WatchedReader(IN_TIME)
    seen = reader.look()
    reader.close()
    assert [len(device.processes or ()) for device in seen] == [60] * 16

"""Who has a context on a GPU."""

import pynvml
import pytest

from agents.gpu.nvml.reader import NvmlReader
from agents.gpu.observed import DeviceSeen, ProcessSeen, Standing
from tests.nvml_process import Clocks
from tests.nvml_scenario import GIB, GROW, Node

LISTS = (
    "nvmlDeviceGetComputeRunningProcesses_v3",
    "nvmlDeviceGetGraphicsRunningProcesses_v3",
    "nvmlDeviceGetMPSComputeRunningProcesses_v3",
)


def look(node: Node) -> DeviceSeen:
    (seen,) = NvmlReader(Clocks(node)).look()
    return seen


def test_a_process_in_two_lists_is_one_and_its_memory_is_not_summed(node: Node) -> None:
    gpu = node.add_gpu()
    gpu.start(100, 3 * GIB, kind="C")
    gpu.start(100, 3 * GIB, kind="G")
    gpu.start(101, GIB, kind="G")
    seen = look(node)
    assert seen.processes == (ProcessSeen(100, 3 * GIB), ProcessSeen(101, GIB))
    assert not seen.is_mps


def test_memory_the_driver_does_not_tell_is_unknown(node: Node) -> None:
    node.add_gpu().start(100, None)
    assert look(node).processes == (ProcessSeen(100, None),)


def test_clients_of_an_mps_server_are_seen_as_such(node: Node) -> None:
    gpu = node.add_gpu()
    gpu.start(90, kind="C")
    gpu.start(100, kind="M")
    seen = look(node)
    assert seen.is_mps
    assert seen.processes is not None
    assert [process.pid for process in seen.processes] == [90, 100]


def test_many_processes_are_all_seen(node: Node) -> None:
    gpu = node.add_gpu()
    for pid in range(1000, 1200):
        gpu.start(pid)
    seen = look(node)
    assert seen.processes is not None
    assert [process.pid for process in seen.processes] == list(range(1000, 1200))


@pytest.mark.parametrize("function", LISTS)
def test_a_list_that_grew_is_read_again(node: Node, function: str) -> None:
    gpu = node.add_gpu()
    for kind in ("C", "G", "M"):
        gpu.start(ord(kind), kind=kind)
    gpu.answer(function, GROW, times=4)  # each reading asks for the size and for the list
    seen = look(node)
    assert seen.processes is not None
    assert [process.pid for process in seen.processes] == sorted(map(ord, "CGM"))


def test_a_driver_that_knows_no_mps_list_has_no_clients(node: Node) -> None:
    gpu = node.add_gpu()
    gpu.start(100)
    gpu.answer(LISTS[2], pynvml.NVML_ERROR_FUNCTION_NOT_FOUND)
    seen = look(node)
    assert (seen.is_mps, seen.flags) == (False, frozenset())
    assert seen.processes == (ProcessSeen(100, GIB),)


@pytest.mark.parametrize("code", [pynvml.NVML_ERROR_NO_PERMISSION, pynvml.NVML_ERROR_NOT_SUPPORTED])
def test_a_gpu_whose_compute_processes_cannot_be_listed_is_unreadable(
    node: Node, code: int
) -> None:
    gpu = node.add_gpu()
    gpu.start(100)
    gpu.answer(LISTS[0], code)
    seen = look(node)
    assert (seen.standing, seen.processes) == (Standing.UNREADABLE, None)

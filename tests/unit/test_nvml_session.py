"""The driver is reloaded, unloaded or replaced under a reader that goes on."""

import pynvml
import pytest

from agents.errors import ReaderStale, ReaderUnavailable
from agents.gpu.nvml.reader import NvmlReader
from agents.gpu.observed import Standing
from tests.nvml_process import Clocks
from tests.nvml_scenario import Node

NOT_LOADED = pynvml.NVML_ERROR_DRIVER_NOT_LOADED
NO_GPUS = pynvml.NVML_ERROR_GPU_NOT_FOUND


@pytest.fixture
def reader(node: Node) -> NvmlReader:
    return NvmlReader(Clocks(node))


def test_a_reloaded_driver_is_read_in_the_same_look_with_new_handles_and_epochs(
    node: Node, reader: NvmlReader
) -> None:
    gpus = [node.add_gpu(), node.add_gpu()]
    for gpu in gpus:
        gpu.start(100 + gpu.number)
    before = reader.look()
    node.advance(1)
    node.reload_driver("590.10")
    for gpu in gpus:
        gpu.reset_energy(2_000_000)  # above what it was: only the reload tells that it began anew
    after = reader.look()
    assert [s.standing for s in after] == [Standing.IN_SERVICE] * 2
    assert [s.processes for s in after] == [s.processes for s in before]
    assert [(s.energy_mj, s.energy_epoch) for s in after] == [(2_000_000, 1)] * 2
    assert node.calls()["nvmlShutdown"] == 1


@pytest.mark.parametrize(
    ("code", "flag"), [(NOT_LOADED, "nvml_driver_not_loaded"), (NO_GPUS, "nvml_gpu_not_found")]
)
def test_while_no_driver_or_no_gpu_is_there_those_seen_before_are_out_of_service(
    node: Node, reader: NvmlReader, code: int, flag: str
) -> None:
    gpu = node.add_gpu()
    reader.look()
    node.reload_driver()
    rule = node.answer("nvmlInitWithFlags", code)
    for _ in range(2):
        (seen,) = reader.look()
        assert (seen.uuid, seen.standing) == (gpu.uuid, Standing.OUT_OF_SERVICE)
        assert seen.flags == {flag}
    node.forget(rule)
    node.advance(61)
    assert [s.standing for s in reader.look()] == [Standing.IN_SERVICE]


def test_initialising_again_is_tried_with_growing_pauses(node: Node, reader: NvmlReader) -> None:
    node.add_gpu()
    reader.look()
    node.reload_driver()
    node.answer("nvmlInitWithFlags", pynvml.NVML_ERROR_UNKNOWN)
    tried_after_s = []
    calls = node.calls()["nvmlInitWithFlags"]
    for second in range(200):
        assert [s.standing for s in reader.look()] == [Standing.UNREADABLE]
        if (now := node.calls()["nvmlInitWithFlags"]) > calls:
            tried_after_s.append(second)
            calls = now
        node.advance(1)
    assert tried_after_s == [0, 1, 3, 7, 15, 31, 63, 123, 183]


@pytest.mark.parametrize("function", ["nvmlDeviceGetCount_v2", "nvmlInitWithFlags"])
def test_a_library_that_does_not_fit_the_driver_needs_a_new_process(
    node: Node, reader: NvmlReader, function: str
) -> None:
    node.add_gpu()
    reader.look()
    node.reload_driver("600.1")
    node.answer(function, pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH)
    with pytest.raises(ReaderStale, match="start a new process"):
        reader.look()


def test_a_shutdown_by_somebody_else_in_the_process_is_survived(
    node: Node, reader: NvmlReader
) -> None:
    node.add_gpu()
    reader.look()
    pynvml.nvmlShutdown()
    assert [s.standing for s in reader.look()] == [Standing.IN_SERVICE]


def test_a_node_without_gpus_has_none(node: Node, reader: NvmlReader) -> None:
    assert reader.look() == ()
    assert node.calls()["nvmlDeviceGetCount_v2"] == 1


def test_a_driver_that_was_never_there_is_an_error_to_mend(node: Node, reader: NvmlReader) -> None:
    node.answer("nvmlInitWithFlags", pynvml.NVML_ERROR_LIBRARY_NOT_FOUND)
    with pytest.raises(ReaderUnavailable, match=r"libnvidia-ml\.so\.1"):
        reader.look()


def test_closing_leaves_nvml(node: Node, reader: NvmlReader) -> None:
    node.add_gpu()
    reader.look()
    reader.close()
    reader.close()
    with pytest.raises(pynvml.NVMLError_Uninitialized):
        pynvml.nvmlDeviceGetCount()


def test_energy_that_falls_begins_an_epoch(node: Node, reader: NvmlReader) -> None:
    gpu = node.add_gpu()
    gpu.draw(watts=500)
    reader.look()
    node.advance(2)
    (seen,) = reader.look()
    assert (seen.energy_mj, seen.energy_epoch) == (2_000_000, 0)  # 1 MJ and 2 s of 500 W
    gpu.reset_energy(7)
    (seen,) = reader.look()
    assert (seen.energy_mj, seen.energy_epoch) == (7, 1)


def test_a_gpu_without_an_energy_counter_has_none(node: Node, reader: NvmlReader) -> None:
    gpu = node.add_gpu()
    gpu.answer("nvmlDeviceGetTotalEnergyConsumption", pynvml.NVML_ERROR_NOT_SUPPORTED)
    gpu.answer("nvmlDeviceGetMemoryInfo_v2", pynvml.NVML_ERROR_NOT_SUPPORTED)
    for _ in range(3):
        (seen,) = reader.look()
        assert (seen.energy_mj, seen.memory_bytes, seen.flags) == (None, None, frozenset())
    assert node.calls()["nvmlDeviceGetTotalEnergyConsumption"] == 1


def test_what_may_not_be_asked_is_unknown_and_flagged_at_every_look(
    node: Node, reader: NvmlReader
) -> None:
    gpu = node.add_gpu()
    gpu.answer("nvmlDeviceGetTotalEnergyConsumption", pynvml.NVML_ERROR_NO_PERMISSION)
    for _ in range(2):
        (seen,) = reader.look()
        assert seen.flags == {"nvml_no_permission"}
        assert seen.standing is Standing.IN_SERVICE


def test_what_holds_the_clocks_down_is_flagged_when_it_is_not_by_choice(
    node: Node, reader: NvmlReader
) -> None:
    gpu = node.add_gpu()
    gpu.slow_down(pynvml.nvmlClocksEventReasonSwPowerCap | pynvml.nvmlClocksEventReasonGpuIdle)
    assert reader.look()[0].flags == frozenset()
    gpu.slow_down(
        pynvml.nvmlClocksEventReasonHwSlowdown | pynvml.nvmlClocksEventReasonHwThermalSlowdown
    )
    assert reader.look()[0].flags == {"hw_slowdown", "hw_thermal_slowdown"}

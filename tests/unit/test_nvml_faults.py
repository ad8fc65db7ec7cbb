"""Every error of NVML, at every call, ends in an answer or in an error of ours."""

import pynvml
import pytest

from agents.errors import AgentError, NvmlRefused, ReaderStale, ReaderUnavailable
from agents.gpu.nvml import library
from agents.gpu.nvml.calls import ask
from agents.gpu.nvml.faults import Fault, fault_of
from agents.gpu.nvml.reader import NvmlReader
from agents.gpu.observed import Standing
from tests.nvml_process import Clocks
from tests.nvml_scenario import Gpu, Node

CODES = sorted(pynvml.NVMLError._valClassMapping)
ONCE = {  # not called by a look at a node that goes on as it was
    "nvmlInitWithFlags",
    "nvmlEventSetCreate",
    "nvmlDeviceRegisterEvents",
    "nvmlGpmSampleAlloc",
    "nvmlShutdown",
}
STALE = pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH


def busy_node(node: Node) -> tuple[Gpu, Gpu]:
    """Two GPUs, one of them cut, with everything in use that a look asks for."""
    whole, cut = node.add_gpu(), node.add_gpu(max_instances=7, has_gpm=True)
    (instance,) = cut.cut(("7g.80gb", 7, 80_000))
    whole.start(100)
    whole.start(101, kind="M")
    whole.work(100, 40)
    cut.start(200, instance=instance)
    cut.work(200, 40, instance=instance)
    return whole, cut


@pytest.mark.parametrize("code", [*CODES, 12345])
def test_no_error_of_any_call_leaks_or_loses_a_gpu(node: Node, code: int) -> None:
    gpus = busy_node(node)
    reader = NvmlReader(Clocks(node), rescan_us=0)  # enumerates at every look
    reader.look()
    node.advance(1)
    reader.look()
    for function in sorted(node.calls()):
        calls = node.calls()[function]
        rule = node.answer(function, code)
        node.advance(1)
        if code == STALE and function not in ONCE:
            with pytest.raises(ReaderStale):
                reader.look()
        else:
            assert {gpu.uuid for gpu in gpus} <= {seen.uuid for seen in reader.look()}, function
        assert node.calls()[function] > calls or function in ONCE
        node.forget(rule)
        node.advance(61)  # past the longest pause after a failure
        seen = {seen.uuid: seen for seen in reader.look()}
        assert [seen[gpu.uuid].standing for gpu in gpus] == [Standing.IN_SERVICE] * 2, function


@pytest.mark.parametrize("code", CODES)
def test_before_any_gpu_was_seen_a_failing_initialisation_stops_the_agent(
    node: Node, code: int
) -> None:
    busy_node(node)
    node.answer("nvmlInitWithFlags", code)
    expected = ReaderStale if code == STALE else ReaderUnavailable
    with pytest.raises(expected, match="driver"):
        NvmlReader(Clocks(node)).look()


def test_an_error_that_is_no_nvmlerror_is_translated_too(node: Node) -> None:
    gpu = node.add_gpu()
    library.open_session()
    gpu.answer("nvmlDeviceGetComputeRunningProcesses_v3", pynvml.NVML_ERROR_FUNCTION_NOT_FOUND)
    handle = library.device_at(0)
    with pytest.raises(pynvml.NVMLLibraryMismatchError):
        pynvml.nvmlDeviceGetComputeRunningProcesses(handle)
    with pytest.raises(NvmlRefused) as raised:
        library.processes(handle)
    assert fault_of(raised.value) is Fault.UNSUPPORTED


def test_a_library_without_a_function_is_a_driver_that_cannot_tell(node: Node) -> None:
    def missing() -> None:
        pynvml._nvmlGetFunctionPointer("nvmlThatNobodyHas")

    library.open_session()
    with pytest.raises(NvmlRefused) as raised:
        ask(missing)
    assert fault_of(raised.value) is Fault.UNSUPPORTED
    assert node.calls() == {"nvmlInitWithFlags": 1}


def test_an_error_of_the_reader_says_what_to_do(node: Node) -> None:
    node.answer("nvmlInitWithFlags", pynvml.NVML_ERROR_DRIVER_NOT_LOADED)
    with pytest.raises(ReaderUnavailable) as raised:
        NvmlReader(Clocks(node)).look()
    assert isinstance(raised.value, AgentError)
    text = str(raised.value)
    assert "nvml_driver_not_loaded" in text
    assert "install or load the NVIDIA driver" in text

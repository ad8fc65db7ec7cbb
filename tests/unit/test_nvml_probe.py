"""What `doctor` is told of NVML."""

import pynvml

from agents.gpu.findings import Finding
from agents.gpu.nvml.probe import probe
from agents.gpu.nvml.watched import Patience, WatchedReader
from tests.nvml_scenario import HANG, Node


def lacking(found: tuple[Finding, ...]) -> dict[str, Finding]:
    """Return what is not well, by the last words of what it is."""
    return {finding.what.rpartition(": ")[2]: finding for finding in found if not finding.is_ok}


def test_a_node_that_tells_all_lacks_nothing(node: Node) -> None:
    gpu = node.add_gpu()
    gpu.need(pynvml.NVML_GPU_RECOVERY_ACTION_NONE)
    cut = node.add_gpu(max_instances=7, has_gpm=True)
    cut.need(pynvml.NVML_GPU_RECOVERY_ACTION_NONE)
    cut.cut(("7g.80gb", 7, 80_000))
    found = probe()
    assert lacking(found) == {}
    assert found[0] == Finding("NVML", True, f"driver {node.driver_version}")
    assert any(gpu.uuid in finding.what for finding in found)


def test_without_a_driver_it_says_what_to_install(node: Node) -> None:
    node.answer("nvmlInitWithFlags", pynvml.NVML_ERROR_LIBRARY_NOT_FOUND)
    (found,) = probe()
    assert not found.is_ok
    assert "nvml_library_not_found" in found.why
    assert "install or load the NVIDIA driver" in found.to_do


def test_without_gpus_it_says_so(node: Node) -> None:
    assert node.calls() == {}
    found = lacking(probe())
    assert found["GPUs"].why == "0 enumerated"


def test_what_a_gpu_cannot_tell_is_said_and_is_no_fault(node: Node) -> None:
    gpu = node.add_gpu("NVIDIA A100-SXM4-80GB", max_instances=7)
    gpu.cut(("7g.80gb", 7, 80_000))
    gpu.answer("nvmlDeviceGetTotalEnergyConsumption", pynvml.NVML_ERROR_NOT_SUPPORTED)
    gpu.answer("nvmlDeviceRegisterEvents", pynvml.NVML_ERROR_NOT_SUPPORTED)
    found = lacking(probe())
    assert set(found) == {"energy", "recovery action", "work on each MIG device", "Xids"}
    assert not any(finding.is_needed for finding in found.values())
    assert "not_supported" in found["energy"].why
    assert "counts as active" in found["work on each MIG device"].why


def test_what_has_to_be_there_is_needed(node: Node) -> None:
    gpu = node.add_gpu()
    gpu.answer("nvmlDeviceGetComputeRunningProcesses_v3", pynvml.NVML_ERROR_NO_PERMISSION)
    found = lacking(probe())["compute processes"]
    assert found.is_needed
    assert "/dev/nvidiactl" in found.to_do


def test_a_lost_gpu_does_not_hide_the_others(node: Node) -> None:
    node.add_gpu().lose()
    well = node.add_gpu()
    found = probe()
    assert lacking(found)["GPU 0"].to_do.startswith("reset the GPU")
    assert any(well.uuid in finding.what for finding in found)


def test_a_hang_is_a_finding(node: Node) -> None:
    node.add_gpu()
    rule = node.answer("nvmlDeviceGetName", HANG)
    reader = WatchedReader(Patience(first_s=0.05))
    (found,) = reader.probe()
    assert "did not answer" in found.why
    node.forget(rule)
    reader.close()


def test_the_child_is_asked_like_a_reader(node: Node) -> None:
    node.add_gpu()
    reader = WatchedReader()
    found = reader.probe()
    reader.close()
    assert found == probe()

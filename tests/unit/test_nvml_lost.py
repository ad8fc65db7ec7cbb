"""A GPU that cannot be used stays in every answer as out of service, and the others go on."""

import pynvml
import pytest

from agents.gpu.nvml.fitness import FATAL_XIDS
from agents.gpu.nvml.reader import NvmlReader
from agents.gpu.observed import DeviceSeen, Standing
from tests.nvml_process import Clocks
from tests.nvml_scenario import Gpu, Node

RESCAN_S = 30
LOST = (
    pynvml.NVML_ERROR_GPU_IS_LOST,
    pynvml.NVML_ERROR_RESET_REQUIRED,
    pynvml.NVML_ERROR_GPU_NOT_FOUND,
    pynvml.NVML_ERROR_IRQ_ISSUE,
    pynvml.NVML_ERROR_INSUFFICIENT_POWER,
)
RESET = pynvml.NVML_GPU_RECOVERY_ACTION_GPU_RESET
NONE = pynvml.NVML_GPU_RECOVERY_ACTION_NONE


@pytest.fixture
def reader(node: Node) -> NvmlReader:
    return NvmlReader(Clocks(node))


def look(reader: NvmlReader, gpu: Gpu) -> DeviceSeen:
    return {seen.uuid: seen for seen in reader.look()}[gpu.uuid]


def standings(reader: NvmlReader) -> list[Standing]:
    return [seen.standing for seen in reader.look()]


@pytest.mark.parametrize("code", LOST)
def test_a_lost_gpu_is_out_of_service_and_the_others_go_on(
    node: Node, reader: NvmlReader, code: int
) -> None:
    gpus = [node.add_gpu() for _ in range(3)]
    for gpu in gpus:
        gpu.start(100 + gpu.number)
    reader.look()
    gpus[1].lose(code)
    seen = reader.look()
    assert [s.uuid for s in seen] == [gpu.uuid for gpu in gpus]
    assert [s.standing for s in seen] == [
        Standing.IN_SERVICE,
        Standing.OUT_OF_SERVICE,
        Standing.IN_SERVICE,
    ]
    assert seen[1].processes is None
    assert seen[1].model == gpus[1].name
    assert len(seen[1].flags) == 1


def test_a_lost_gpu_is_asked_again_only_with_the_next_enumeration(
    node: Node, reader: NvmlReader
) -> None:
    gpu = node.add_gpu()
    reader.look()
    rule = gpu.lose()
    reader.look()
    asked = node.calls()
    for _ in range(RESCAN_S - 1):
        node.advance(1)
        assert standings(reader) == [Standing.OUT_OF_SERVICE]
    told = {"nvmlEventSetWait_v2"}
    assert {f for f, n in node.calls().items() if n > asked.get(f, 0)} == told
    node.advance(1)
    reader.look()
    assert node.calls()["nvmlDeviceGetHandleByIndex_v2"] > asked["nvmlDeviceGetHandleByIndex_v2"]
    node.forget(rule)
    assert standings(reader) == [Standing.OUT_OF_SERVICE]
    node.advance(RESCAN_S)
    assert standings(reader) == [Standing.IN_SERVICE]


def test_an_enumeration_that_shrinks_loses_no_gpu(node: Node, reader: NvmlReader) -> None:
    first, second = node.add_gpu(), node.add_gpu()
    reader.look()
    node.unplug(first)
    seen = {s.uuid: s for s in reader.look()}
    assert seen[first.uuid].standing is Standing.OUT_OF_SERVICE
    assert seen[first.uuid].flags == {"not_enumerated"}
    assert seen[second.uuid].standing is Standing.IN_SERVICE
    node.plug(first)
    node.advance(RESCAN_S)
    assert standings(reader) == [Standing.IN_SERVICE] * 2


def test_a_gpu_plugged_in_is_seen_with_the_next_enumeration(node: Node, reader: NvmlReader) -> None:
    node.add_gpu()
    reader.look()
    node.add_gpu()
    assert len(reader.look()) == 1
    node.advance(RESCAN_S)
    assert len(reader.look()) == 2


def test_a_gpu_lost_before_the_agent_came_is_counted_without_a_name(
    node: Node, reader: NvmlReader
) -> None:
    lost, well = node.add_gpu(), node.add_gpu()
    rule = lost.lose()
    seen = {s.uuid: s for s in reader.look()}
    assert set(seen) == {"unidentified-0", well.uuid}
    assert seen["unidentified-0"].standing is Standing.OUT_OF_SERVICE
    node.forget(rule)
    node.advance(RESCAN_S)
    assert {s.uuid for s in reader.look()} == {lost.uuid, well.uuid}


def test_a_lost_gpu_is_not_counted_twice_when_indices_have_moved(
    node: Node, reader: NvmlReader
) -> None:
    first, second, third = (node.add_gpu() for _ in range(3))
    reader.look()
    node.unplug(first)  # second and third move down by one
    third.lose()
    node.advance(RESCAN_S)
    seen = {s.uuid: s.standing for s in reader.look()}
    assert seen == {
        first.uuid: Standing.OUT_OF_SERVICE,
        second.uuid: Standing.IN_SERVICE,
        third.uuid: Standing.OUT_OF_SERVICE,
    }


@pytest.mark.parametrize("code", [pynvml.NVML_ERROR_TIMEOUT, pynvml.NVML_ERROR_UNKNOWN])
def test_a_look_that_failed_is_unreadable_and_the_next_one_tries_again(
    node: Node, reader: NvmlReader, code: int
) -> None:
    gpu = node.add_gpu()
    reader.look()
    gpu.answer("nvmlDeviceGetComputeRunningProcesses_v3", code, times=1)
    seen = look(reader, gpu)
    assert seen.standing is Standing.UNREADABLE
    assert seen.flags < {"nvml_timeout", "nvml_unknown"}
    assert standings(reader) == [Standing.IN_SERVICE]


def test_a_gpu_that_may_not_be_opened_any_more_is_unreadable(
    node: Node, reader: NvmlReader
) -> None:
    """A reload of systemd can take the device cgroup's permission away."""
    gpu = node.add_gpu()
    reader.look()
    gpu.answer("*", pynvml.NVML_ERROR_NO_PERMISSION)
    node.advance(RESCAN_S)
    seen = look(reader, gpu)
    assert seen.standing is Standing.UNREADABLE
    assert seen.flags == {"nvml_no_permission"}


@pytest.mark.parametrize("xid", [13, 31, 43, 45, 68, 109, 63, 92, 94])
def test_an_xid_of_an_application_or_a_contained_one_is_told_and_changes_nothing(
    node: Node, reader: NvmlReader, xid: int
) -> None:
    gpu = node.add_gpu()
    reader.look()
    gpu.raise_xid(xid)
    seen = look(reader, gpu)
    assert (seen.standing, seen.xids) == (Standing.IN_SERVICE, (xid,))
    assert look(reader, gpu).xids == ()


@pytest.mark.parametrize("xid", sorted(FATAL_XIDS))
def test_after_a_fatal_xid_nothing_counts_until_something_runs(
    node: Node, reader: NvmlReader, xid: int
) -> None:
    gpu, other = node.add_gpu(), node.add_gpu()
    gpu.start(100)
    gpu.work(100, 50)
    reader.look()
    node.advance(1)
    reader.look()
    gpu.raise_xid(xid)
    gpu.work(100, 0)
    assert look(reader, gpu).standing is Standing.OUT_OF_SERVICE
    for _ in range(40):
        node.advance(1)
        assert look(reader, gpu).standing is Standing.OUT_OF_SERVICE
        assert look(reader, other).standing is Standing.IN_SERVICE
    gpu.work(100, 50)
    node.advance(1)
    assert look(reader, gpu).standing is Standing.IN_SERVICE


def test_a_process_that_opens_the_gpu_after_a_fatal_xid_proves_it_usable(
    node: Node, reader: NvmlReader
) -> None:
    gpu = node.add_gpu(max_instances=7)  # cut, and too old to tell what runs on its instances
    (instance,) = gpu.cut(("7g.40gb", 7, 40_000))
    gpu.start(100, instance=instance)
    reader.look()
    gpu.raise_xid(48)
    node.advance(1)
    assert look(reader, gpu).standing is Standing.OUT_OF_SERVICE
    node.advance(1)
    assert look(reader, gpu).standing is Standing.OUT_OF_SERVICE
    gpu.start(101, instance=instance)
    assert look(reader, gpu).standing is Standing.IN_SERVICE


def test_a_reset_puts_a_gpu_back_into_service(node: Node, reader: NvmlReader) -> None:
    gpu = node.add_gpu()
    gpu.start(100)
    reader.look()
    gpu.raise_xid(48)
    node.advance(1)
    assert look(reader, gpu).standing is Standing.OUT_OF_SERVICE
    gpu.stop(100)
    gpu.reset_energy()
    node.advance(1)
    assert look(reader, gpu).standing is Standing.IN_SERVICE


@pytest.mark.parametrize("action", [NONE, 4, 5])
def test_after_a_fatal_xid_a_driver_that_needs_nothing_first_decides(
    node: Node, reader: NvmlReader, action: int
) -> None:
    gpu = node.add_gpu()
    gpu.need(action)
    reader.look()
    gpu.raise_xid(74)
    node.advance(1)
    assert look(reader, gpu).standing is Standing.IN_SERVICE


@pytest.mark.parametrize("action", [RESET, 2, 3, 6, 7])
def test_while_the_driver_asks_for_a_reset_the_gpu_is_out_of_service_though_work_goes_on(
    node: Node, reader: NvmlReader, action: int
) -> None:
    gpu = node.add_gpu()
    gpu.need(NONE)
    gpu.work(100, 50)
    reader.look()
    gpu.need(action)
    gpu.raise_xid(79)
    for _ in range(3):
        node.advance(1)
        assert look(reader, gpu).standing is Standing.OUT_OF_SERVICE
    gpu.need(NONE)
    assert look(reader, gpu).standing is Standing.IN_SERVICE


def test_an_action_that_nobody_knows_is_no_word(node: Node, reader: NvmlReader) -> None:
    gpu = node.add_gpu()
    gpu.need(99)
    assert look(reader, gpu).standing is Standing.IN_SERVICE
    gpu.raise_xid(79)
    assert look(reader, gpu).standing is Standing.OUT_OF_SERVICE


def test_work_sampled_before_a_fatal_xid_proves_nothing(node: Node, reader: NvmlReader) -> None:
    gpu = node.add_gpu()
    gpu.work(100, 50, for_s=1.1)
    reader.look()
    node.advance(1.1)
    gpu.raise_xid(48)
    assert look(reader, gpu).standing is Standing.OUT_OF_SERVICE  # samples until 1.0 s
    for _ in range(3):
        node.advance(1)
        assert look(reader, gpu).standing is Standing.OUT_OF_SERVICE


def test_a_gpu_that_works_after_a_fatal_xid_is_believed_though_the_clock_was_set_back(
    node: Node,
) -> None:
    clocks = Clocks(node)
    reader = NvmlReader(clocks)
    gpu = node.add_gpu()
    reader.look()
    gpu.raise_xid(48)
    assert look(reader, gpu).standing is Standing.OUT_OF_SERVICE
    clocks.step(-3600)
    gpu.work(100, 50)
    for _ in range(2):
        node.advance(1)
        seen = look(reader, gpu)
    assert seen.standing is Standing.IN_SERVICE


def test_a_gpu_that_needs_a_reset_when_the_agent_comes_is_out_of_service(
    node: Node, reader: NvmlReader
) -> None:
    gpu = node.add_gpu()
    gpu.need(RESET)
    assert look(reader, gpu).standing is Standing.OUT_OF_SERVICE
    gpu.need(NONE)
    assert look(reader, gpu).standing is Standing.IN_SERVICE


def test_the_xid_of_a_gpu_that_fell_off_the_bus_is_told_though_it_no_longer_answers(
    node: Node, reader: NvmlReader
) -> None:
    gpu = node.add_gpu()
    reader.look()
    gpu.lose()
    gpu.raise_xid(79)
    seen = look(reader, gpu)
    assert (seen.standing, seen.xids) == (Standing.OUT_OF_SERVICE, (79,))


def test_a_gpu_that_was_lost_or_unplugged_is_listened_to_anew(
    node: Node, reader: NvmlReader
) -> None:
    lost, unplugged = node.add_gpu(), node.add_gpu()
    reader.look()
    rule = lost.lose()
    node.unplug(unplugged)
    reader.look()
    node.advance(RESCAN_S)
    reader.look()
    assert node.calls()["nvmlDeviceRegisterEvents"] == 2
    node.forget(rule)
    node.plug(unplugged)
    node.advance(RESCAN_S)
    reader.look()
    assert node.calls()["nvmlDeviceRegisterEvents"] == 4


def test_a_lost_gpu_that_still_enumerates_is_listened_to_anew(
    node: Node, reader: NvmlReader
) -> None:
    gpu = node.add_gpu()
    reader.look()
    gpu.answer("nvmlDeviceGetComputeRunningProcesses_v3", pynvml.NVML_ERROR_GPU_IS_LOST, times=1)
    assert standings(reader) == [Standing.OUT_OF_SERVICE]
    node.advance(RESCAN_S)
    assert standings(reader) == [Standing.IN_SERVICE]
    assert node.calls()["nvmlDeviceRegisterEvents"] == 2


def test_xids_are_heard_again_after_a_driver_reload(node: Node, reader: NvmlReader) -> None:
    gpu = node.add_gpu()
    reader.look()
    node.reload_driver()
    reader.look()
    gpu.raise_xid(13)
    assert look(reader, gpu).xids == (13,)


def test_an_event_set_left_undefined_is_made_anew_for_the_others(
    node: Node, reader: NvmlReader
) -> None:
    well, odd = node.add_gpu(), node.add_gpu()
    odd.answer("nvmlDeviceRegisterEvents", pynvml.NVML_ERROR_UNKNOWN)
    reader.look()
    node.advance(RESCAN_S)
    reader.look()
    well.raise_xid(13)
    assert look(reader, well).xids == (13,)
    calls = node.calls()
    assert calls["nvmlEventSetFree"] == 1
    node.advance(RESCAN_S)
    reader.look()
    assert node.calls()["nvmlDeviceRegisterEvents"] == calls["nvmlDeviceRegisterEvents"]


@pytest.mark.parametrize("function", ["nvmlEventSetCreate", "nvmlDeviceRegisterEvents"])
def test_where_no_events_are_to_be_had_the_rest_goes_on(
    node: Node, reader: NvmlReader, function: str
) -> None:
    gpu = node.add_gpu()
    node.answer(function, pynvml.NVML_ERROR_NOT_SUPPORTED)
    gpu.raise_xid(79)
    seen = look(reader, gpu)
    assert (seen.standing, seen.xids, seen.flags) == (Standing.IN_SERVICE, (), frozenset())


def test_an_xid_heard_in_a_look_that_lost_the_driver_is_told_by_the_next(
    node: Node, reader: NvmlReader
) -> None:
    gpu = node.add_gpu()
    reader.look()
    gpu.raise_xid(31)
    gpu.answer("nvmlDeviceGetComputeRunningProcesses_v3", pynvml.NVML_ERROR_UNINITIALIZED, times=1)
    assert look(reader, gpu).xids == (31,)
    assert look(reader, gpu).xids == ()


def test_the_xids_of_a_look_that_told_nothing_come_before_those_of_the_next(
    node: Node, reader: NvmlReader
) -> None:
    gpu = node.add_gpu()
    reader.look()
    gpu.raise_xid(31)
    gpu.answer("nvmlDeviceGetMigMode", pynvml.NVML_ERROR_INVALID_ARGUMENT, times=1)
    node.answer("nvmlDeviceGetCount_v2", pynvml.NVML_ERROR_UNKNOWN, times=1)
    seen = look(reader, gpu)
    assert (seen.standing, seen.xids) == (Standing.UNREADABLE, ())
    gpu.raise_xid(13)
    assert look(reader, gpu).xids == (31, 13)


@pytest.mark.parametrize("code", [pynvml.NVML_ERROR_INVALID_ARGUMENT, pynvml.NVML_ERROR_NOT_FOUND])
def test_a_void_handle_is_replaced_in_the_same_look(
    node: Node, reader: NvmlReader, code: int
) -> None:
    gpu = node.add_gpu()
    other = node.add_gpu()
    reader.look()
    gpu.answer("nvmlDeviceGetMigMode", code, times=1)
    node.advance(1)
    assert standings(reader) == [Standing.IN_SERVICE] * 2
    energy = node.calls()["nvmlDeviceGetTotalEnergyConsumption"]
    assert energy == 4  # the other one was not looked at twice
    assert look(reader, other).flags == frozenset()


def test_a_reloaded_driver_ends_the_suspicion(node: Node, reader: NvmlReader) -> None:
    gpu = node.add_gpu()
    reader.look()
    gpu.raise_xid(79)
    assert look(reader, gpu).standing is Standing.OUT_OF_SERVICE
    node.reload_driver()
    assert look(reader, gpu).standing is Standing.IN_SERVICE

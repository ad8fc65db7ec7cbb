"""A GPU that is cut into MIG devices, and cut anew while it is read."""

import pynvml
import pytest

from agents.gpu.nvml.reader import NvmlReader
from agents.gpu.observed import DeviceSeen, MigLayout, Standing
from tests.nvml_process import Clocks
from tests.nvml_scenario import GIB, Gpu, Instance, Node

RESCAN_S = 30


@pytest.fixture
def reader(node: Node) -> NvmlReader:
    return NvmlReader(Clocks(node))


@pytest.fixture
def gpu(node: Node) -> Gpu:
    return node.add_gpu(max_instances=7, has_gpm=True)


def look(reader: NvmlReader) -> tuple[DeviceSeen, MigLayout]:
    (seen,) = reader.look()
    assert seen.mig is not None
    return seen, seen.mig


def uuids(layout: MigLayout) -> list[str]:
    return [instance.uuid for instance in layout.instances]


def test_each_instance_has_its_slices_and_the_whole_its_total(gpu: Gpu, reader: NvmlReader) -> None:
    gpu.cut(("3g.40gb", 3, 40_448), ("1g.10gb", 1, 9_728))
    seen, layout = look(reader)
    assert [(i.profile, i.compute_slices, i.memory_bytes) for i in layout.instances] == [
        ("3g.40gb", 3, 40_448 << 20),
        ("1g.10gb", 1, 9_728 << 20),
    ]
    assert (layout.compute_slices, layout.memory_bytes) == (7, 80 * GIB)
    assert seen.memory_bytes == 80 * GIB
    assert seen.activity is None
    assert seen.flags == frozenset()


def test_slots_are_sparse(gpu: Gpu, reader: NvmlReader) -> None:
    gpu.place(
        Instance(2, "MIG-two", "1g.10gb", gi=9, ci=0, slices=1, memory_mb=9_728),
        Instance(6, "MIG-six", "2g.20gb", gi=3, ci=0, slices=2, memory_mb=19_968),
    )
    _, layout = look(reader)
    assert [(i.uuid, i.gpu_instance) for i in layout.instances] == [("MIG-two", 9), ("MIG-six", 3)]


def test_a_process_is_on_its_instance(gpu: Gpu, reader: NvmlReader) -> None:
    first, second = gpu.cut(("3g.40gb", 3, 40_448), ("3g.40gb", 3, 40_448))
    gpu.start(100, instance=first)
    gpu.start(100, instance=second)
    gpu.start(200, instance=second)
    seen, _ = look(reader)
    assert seen.processes is not None
    assert [(p.pid, p.instance) for p in seen.processes] == [
        (100, first.uuid),
        (100, second.uuid),
        (200, second.uuid),
    ]


def test_a_new_cut_is_seen_though_the_handles_are_the_old_ones(
    gpu: Gpu, node: Node, reader: NvmlReader
) -> None:
    gpu.cut(("3g.40gb", 3, 40_448), ("3g.40gb", 3, 40_448))
    look(reader)
    node.advance(1)
    fresh = gpu.cut(("2g.20gb", 2, 19_968), ("2g.20gb", 2, 19_968), ("2g.20gb", 2, 19_968))
    gpu.start(100, instance=fresh[2])
    seen, layout = look(reader)
    assert uuids(layout) == [instance.uuid for instance in fresh]
    assert {i.profile for i in layout.instances} == {"2g.20gb"}
    assert seen.processes is not None
    assert [p.instance for p in seen.processes] == [fresh[2].uuid]
    assert seen.standing is Standing.IN_SERVICE


def test_an_instance_that_is_destroyed_is_gone_at_once(gpu: Gpu, reader: NvmlReader) -> None:
    first, _second = gpu.cut(("3g.40gb", 3, 40_448), ("3g.40gb", 3, 40_448))
    look(reader)
    gpu.place(first)
    _, layout = look(reader)
    assert uuids(layout) == [first.uuid]


def test_an_instance_made_beside_others_is_seen_with_the_next_enumeration(
    gpu: Gpu, node: Node, reader: NvmlReader
) -> None:
    first, second = gpu.cut(("3g.40gb", 3, 40_448), ("3g.40gb", 3, 40_448))
    gpu.place(first)
    look(reader)
    gpu.place(first, second)
    node.advance(RESCAN_S)
    _, layout = look(reader)
    assert uuids(layout) == [first.uuid, second.uuid]


def test_switching_mig_off_and_on_is_seen_at_once(gpu: Gpu, node: Node, reader: NvmlReader) -> None:
    gpu.cut(("7g.80gb", 7, 80_000))
    look(reader)
    gpu.mend()
    gpu.start(100)
    gpu.work(100, 50)
    (seen,) = reader.look()
    assert seen.mig is None
    assert seen.processes is not None
    node.advance(1)
    (seen,) = reader.look()
    assert seen.activity is not None
    assert seen.activity.sm_us == {100: 500_000}
    gpu.cut()
    _, layout = look(reader)
    assert layout.instances == ()
    assert layout.compute_slices == 7


def test_what_a_mig_device_could_not_tell_is_asked_of_the_whole_gpu(
    gpu: Gpu, node: Node, reader: NvmlReader
) -> None:
    gpu.cut(("7g.80gb", 7, 80_000))
    rule = gpu.answer("nvmlDeviceGetGraphicsRunningProcesses_v3", pynvml.NVML_ERROR_NOT_SUPPORTED)
    look(reader)
    node.forget(rule)
    gpu.mend()
    gpu.start(100, kind="G")
    (seen,) = reader.look()
    assert seen.processes is not None
    assert [process.pid for process in seen.processes] == [100]


def test_gpm_tells_how_busy_each_instance_was(gpu: Gpu, node: Node, reader: NvmlReader) -> None:
    first, second = gpu.cut(("3g.40gb", 3, 40_448), ("3g.40gb", 3, 40_448))
    _, layout = look(reader)
    assert [i.active_us for i in layout.instances] == [None, None]  # one sample tells nothing
    gpu.work(100, 100, for_s=0.25, instance=first)
    node.advance(1)
    _, layout = look(reader)
    assert [i.active_us for i in layout.instances] == [250_000, 0]
    gpu.work(200, 60, instance=second)
    node.advance(2)
    _, layout = look(reader)
    assert [i.active_us for i in layout.instances] == [0, 1_200_000]


def test_samples_too_close_to_each_other_lose_nothing(
    gpu: Gpu, node: Node, reader: NvmlReader
) -> None:
    (instance,) = gpu.cut(("7g.80gb", 7, 80_000))
    look(reader)
    gpu.work(100, 100, instance=instance)
    node.advance(0.05)
    _, layout = look(reader)
    assert layout.instances[0].active_us == 0
    node.advance(0.05)
    _, layout = look(reader)
    assert layout.instances[0].active_us == 100_000


def test_work_in_a_time_in_which_nobody_looked_is_not_told_as_of_one_look(
    gpu: Gpu, node: Node, reader: NvmlReader
) -> None:
    (instance,) = gpu.cut(("7g.80gb", 7, 80_000))
    gpu.work(100, 100, instance=instance)
    look(reader)
    node.advance(3600)
    _, layout = look(reader)
    assert layout.instances[0].active_us is None
    node.advance(1)
    _, layout = look(reader)
    assert layout.instances[0].active_us == 1_000_000


def test_counters_of_gpm_are_not_compared_over_a_driver_reload(
    gpu: Gpu, node: Node, reader: NvmlReader
) -> None:
    (instance,) = gpu.cut(("7g.80gb", 7, 80_000))
    gpu.work(100, 100, instance=instance)
    look(reader)
    node.advance(1)
    node.reload_driver()
    _, layout = look(reader)
    assert layout.instances[0].active_us is None


def test_counters_of_gpm_that_fall_tell_nothing(gpu: Gpu, node: Node, reader: NvmlReader) -> None:
    (instance,) = gpu.cut(("7g.80gb", 7, 80_000))
    gpu.work(100, 100, instance=instance)
    node.advance(1)
    look(reader)
    gpu.works.clear()
    gpu.node.write()
    node.advance(1)
    _, layout = look(reader)
    assert layout.instances[0].active_us is None


def test_samples_of_gpm_are_freed_with_the_instance_they_are_of(
    gpu: Gpu, node: Node, reader: NvmlReader
) -> None:
    for _ in range(3):
        gpu.cut(("3g.40gb", 3, 40_448), ("3g.40gb", 3, 40_448))
        look(reader)
        gpu.mend()
        reader.look()
    calls = node.calls()
    assert calls["nvmlGpmSampleAlloc"] == calls["nvmlGpmSampleFree"] == 12


def test_where_gpm_is_not_supported_activity_is_unknown_and_asked_for_once(
    node: Node, reader: NvmlReader
) -> None:
    gpu = node.add_gpu("NVIDIA A100-SXM4-80GB", max_instances=7)
    gpu.cut(("7g.80gb", 7, 80_000))
    gpu.answer("nvmlGpmQueryDeviceSupport", pynvml.NVML_ERROR_NOT_SUPPORTED)
    for _ in range(3):
        _, layout = look(reader)
        assert layout.instances[0].active_us is None
        node.advance(1)
    assert node.calls()["nvmlGpmQueryDeviceSupport"] == 1


def test_instances_that_share_a_gpu_instance_cannot_be_told_apart(
    gpu: Gpu, node: Node, reader: NvmlReader
) -> None:
    gpu.place(
        Instance(0, "MIG-a", "1c.3g.40gb", gi=1, ci=0, slices=1, memory_mb=40_448),
        Instance(1, "MIG-b", "2c.3g.40gb", gi=1, ci=1, slices=2, memory_mb=40_448),
    )
    look(reader)
    node.advance(1)
    _, layout = look(reader)
    assert [i.active_us for i in layout.instances] == [None, None]


@pytest.mark.parametrize("code", [pynvml.NVML_ERROR_NOT_SUPPORTED, pynvml.NVML_ERROR_NO_PERMISSION])
def test_a_driver_that_hides_the_widest_profile_is_asked_for_its_most_devices(
    gpu: Gpu, reader: NvmlReader, code: int
) -> None:
    gpu.cut(("1g.10gb", 1, 9_728))
    gpu.answer("nvmlDeviceGetGpuInstanceProfileInfoV", code)
    _, layout = look(reader)
    assert (layout.compute_slices, layout.memory_bytes) == (7, 80 * GIB)

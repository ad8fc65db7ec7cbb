"""What ran between two looks, as the driver sampled it."""

import pynvml
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.gpu.nvml.activity import device_us
from agents.gpu.nvml.reader import NvmlReader
from agents.gpu.observed import Activity, DeviceSeen
from tests.nvml_process import START_US, Clocks
from tests.nvml_scenario import EMPTY, GROW, Node

SECOND = 1_000_000


def only(seen: tuple[DeviceSeen, ...]) -> DeviceSeen:
    (device,) = seen
    return device


def activity(reader: NvmlReader) -> Activity:
    ran = only(reader.look()).activity
    assert ran is not None
    return ran


@pytest.fixture
def reader(node: Node) -> NvmlReader:
    return NvmlReader(Clocks(node))


def test_the_first_look_knows_of_no_past(node: Node, reader: NvmlReader) -> None:
    gpu = node.add_gpu()
    gpu.work(100, 90)
    node.advance(5)
    assert only(reader.look()).activity is None


def test_each_process_has_its_part_and_the_device_the_union(node: Node, reader: NvmlReader) -> None:
    gpu = node.add_gpu()
    reader.look()
    gpu.work(100, 30)
    gpu.work(101, 50, for_s=0.6)
    node.advance(1)
    ran = activity(reader)
    assert (ran.since_us, ran.until_us) == (START_US, START_US + SECOND)
    # 101: 50 % of 0.6 s is 30 % of the window; the device: 80 % of 0.6 s and 30 % of 0.4 s
    assert ran.sm_us == {100: 300_000, 101: 300_000}
    assert ran.device_us == 600_000


def test_windows_follow_each_other_without_gap_or_overlap(node: Node, reader: NvmlReader) -> None:
    gpu = node.add_gpu()
    gpu.work(100, 50)
    reader.look()
    windows = []
    for pause in (0.3, 1.0, 0.1, 0.05, 2.7, 0.9):
        node.advance(pause)
        windows.append(activity(reader))
    assert [w.since_us for w in windows[1:]] == [w.until_us for w in windows[:-1]]
    assert sum(w.device_us or 0 for w in windows) == (windows[-1].until_us - START_US) // 2


def test_before_there_is_a_new_sample_the_window_is_empty(node: Node, reader: NvmlReader) -> None:
    node.add_gpu().work(100, 50)
    reader.look()
    node.advance(0.05)
    assert activity(reader) == Activity(START_US, START_US, device_us=0, sm_us={})


def test_a_process_without_a_row_did_nothing(node: Node, reader: NvmlReader) -> None:
    gpu = node.add_gpu()
    gpu.start(100)
    reader.look()
    node.advance(1)
    ran = activity(reader)
    assert ran.sm_us == {}
    assert ran.device_us == 0
    assert only(reader.look()).flags == frozenset()


def test_a_killed_process_keeps_what_it_did_before(node: Node, reader: NvmlReader) -> None:
    gpu = node.add_gpu()
    gpu.start(100)
    gpu.work(100, 100)
    reader.look()
    node.advance(0.4)
    gpu.stop(100)
    node.advance(0.6)
    seen = only(reader.look())
    assert seen.processes == ()
    assert seen.activity is not None
    assert seen.activity.sm_us == {100: 400_000}
    assert seen.activity.device_us == 400_000


@pytest.mark.parametrize("cue", [EMPTY, pynvml.NVML_ERROR_NOT_FOUND])
def test_no_new_samples_are_idleness_and_no_error(node: Node, reader: NvmlReader, cue: int) -> None:
    gpu = node.add_gpu()
    gpu.answer("nvmlDeviceGetProcessUtilization", cue)
    reader.look()
    node.advance(1)
    seen = only(reader.look())
    assert seen.activity is not None
    assert seen.activity.sm_us == {}
    assert seen.flags == frozenset()


def test_a_list_that_grew_is_asked_for_again(node: Node, reader: NvmlReader) -> None:
    gpu = node.add_gpu()
    gpu.work(100, 25)
    reader.look()
    node.advance(1)
    gpu.answer("nvmlDeviceGetProcessUtilization", GROW, times=2)
    ran = activity(reader)
    assert ran.sm_us == {100: 250_000}


def test_a_list_that_never_stops_growing_is_unknown_and_flagged(
    node: Node, reader: NvmlReader
) -> None:
    gpu = node.add_gpu()
    gpu.work(100, 25)
    gpu.answer("nvmlDeviceGetProcessUtilization", GROW)
    reader.look()
    node.advance(1)
    seen = only(reader.look())
    assert seen.activity is not None
    assert seen.activity.sm_us is None
    assert seen.activity.device_us == 250_000
    assert seen.flags == {"nvml_insufficient_size"}


def test_nonsense_rows_are_dropped_and_flagged(node: Node, reader: NvmlReader) -> None:
    gpu = node.add_gpu()
    gpu.work(100, 25)
    reader.look()
    node.advance(1)
    gpu.add_row(0, 0, 0)  # left zeroed by the driver
    gpu.add_row(103, 99, START_US)  # from before the window
    seen = only(reader.look())
    assert seen.flags == frozenset()
    assert seen.activity is not None
    assert seen.activity.sm_us == {100: 250_000}
    node.advance(1)
    gpu.add_row(101, 4_294_967_295, node.now_us)
    gpu.add_row(102, 50, node.now_us + 3600 * SECOND)
    seen = only(reader.look())
    assert seen.flags == {"garbage_rows"}
    assert seen.activity is not None
    assert seen.activity.sm_us == {100: 250_000}


def test_more_than_the_window_is_told_as_it_is_and_flagged(node: Node, reader: NvmlReader) -> None:
    gpu = node.add_gpu()
    reader.look()
    gpu.work(100, 70)
    gpu.work(101, 60)
    node.advance(1)
    seen = only(reader.look())
    assert seen.flags == {"over_100"}
    assert seen.activity is not None
    assert seen.activity.sm_us == {100: 700_000, 101: 600_000}
    assert seen.activity.device_us == 1_000_000


def test_what_the_driver_no_longer_holds_is_not_said_to_be_idle(
    node: Node, reader: NvmlReader
) -> None:
    gpu = node.add_gpu()
    gpu.work(100, 50)
    reader.look()
    node.advance(60)  # the ring holds 100 samples of 0.2 s
    ran = activity(reader)
    oldest_us = START_US + 40 * SECOND + 200_000
    assert ran.since_us == oldest_us - SECOND  # a sample stands for one second at most
    assert ran.device_us == (ran.until_us - ran.since_us) // 2


def test_without_buffered_samples_the_gauge_stands_for_the_window(
    node: Node, reader: NvmlReader
) -> None:
    gpu = node.add_gpu()
    gpu.answer("nvmlDeviceGetSamples", pynvml.NVML_ERROR_NOT_SUPPORTED)
    gpu.work(100, 60)
    reader.look()
    node.advance(1)
    assert activity(reader).device_us == 600_000
    asked = node.calls()["nvmlDeviceGetSamples"]
    node.advance(1)
    activity(reader)
    assert node.calls()["nvmlDeviceGetSamples"] == asked  # remembered


def test_the_gauge_does_not_stand_for_a_time_in_which_nobody_looked(
    node: Node, reader: NvmlReader
) -> None:
    gpu = node.add_gpu()
    gpu.answer("nvmlDeviceGetSamples", pynvml.NVML_ERROR_NOT_SUPPORTED)
    gpu.work(100, 60)
    reader.look()
    node.advance(3600)
    ran = activity(reader)
    kept_us = 100 * SECOND // 6
    assert ran.until_us - ran.since_us == kept_us
    assert ran.device_us == round(kept_us * 0.6)


def test_without_rows_or_samples_a_second_has_to_pass_before_idleness_is_believed(
    node: Node, reader: NvmlReader
) -> None:
    gpu = node.add_gpu()
    gpu.answer("nvmlDeviceGetSamples", pynvml.NVML_ERROR_NOT_SUPPORTED)
    reader.look()
    node.advance(1)
    assert activity(reader).until_us == START_US
    node.advance(1)
    ran = activity(reader)
    assert (ran.since_us, ran.until_us) == (START_US, START_US + SECOND)
    assert (ran.device_us, ran.sm_us) == (0, {})


def test_a_gpu_that_tells_nothing_of_what_ran_says_nothing(node: Node, reader: NvmlReader) -> None:
    gpu = node.add_gpu()
    for function in (
        "nvmlDeviceGetSamples",
        "nvmlDeviceGetUtilizationRates",
        "nvmlDeviceGetProcessUtilization",
    ):
        gpu.answer(function, pynvml.NVML_ERROR_NOT_SUPPORTED)
    gpu.work(100, 60)
    for _ in range(4):
        assert only(reader.look()).activity is None
        node.advance(1)


@pytest.mark.parametrize("seconds", [3600.0, -3600.0])
def test_a_stepped_clock_begins_a_new_window(node: Node, seconds: float) -> None:
    clocks = Clocks(node)
    reader = NvmlReader(clocks)
    gpu = node.add_gpu()
    gpu.work(100, 50)
    reader.look()
    node.advance(1)
    activity(reader)
    clocks.step(seconds)
    gpu.work(100, 50)  # the made-up work moves with the clock
    stepped = only(reader.look())
    assert "clock_step" in stepped.flags
    assert stepped.activity is None
    node.advance(1)
    after = only(reader.look())
    assert after.flags == frozenset()
    assert after.activity is not None
    assert after.activity.device_us == 500_000


def test_a_clock_that_is_slewed_is_no_step(node: Node) -> None:
    clocks = Clocks(node)
    reader = NvmlReader(clocks)
    node.add_gpu().work(100, 50)
    reader.look()
    for _ in range(5):
        clocks.step(0.4)
        assert only(reader.look()).flags == frozenset()


percents = st.integers(0, 100)
steps = st.integers(1, 999_999)


@given(st.lists(st.tuples(steps, percents), min_size=1, max_size=40), st.data())
def test_cutting_a_time_in_two_changes_no_sum_by_more_than_rounding(
    pieces: list[tuple[int, int]], data: st.DataObject
) -> None:
    samples, at = [], 0
    for step, percent in pieces:
        at += step
        samples.append((at, percent))
    cut = data.draw(st.integers(0, at))
    later = [sample for sample in samples if sample[0] > cut]
    whole = device_us(samples, 0, at)
    parts = device_us(samples, 0, cut) + device_us(later, cut, at)
    assert abs(whole - parts) <= 1
    assert 0 <= whole <= at

"""Time as looks tell it: the grid, clocks that jump, looks that are missing, restarts."""

from itertools import pairwise

import pytest

from agents.gpu.sampler import Terms
from agents.gpu.sampler.terms import HOUR_US
from tests.gpu_looks import (
    LOST,
    SECOND_US,
    START_US,
    UNREADABLE,
    Clocks,
    FakeNode,
    active,
    allotted,
    given,
    gpu,
    held,
    holder,
    mig,
    pod,
    process,
    seen_pod,
    span,
    states,
    total_us,
)

A = pod("a")
TEN_S = 10 * SECOND_US


def owned() -> FakeNode:
    """Return a node whose GPU is a's, and works all the time."""
    device = gpu(processes=(process(7),), activity=active(device_us=SECOND_US))
    return FakeNode(devices=(device,), allotment=allotted(given(A)), owners={7: seen_pod("a")})


def unobserved(node: FakeNode) -> list[tuple[float, float, float]]:
    """Return begin, end and unobserved seconds of intervals that have any."""
    return [
        (*span(one), (one["unobserved_us"] or 0) / SECOND_US)
        for one in node.kept
        if one["unobserved_us"]
    ]


def test_intervals_lie_on_the_grid_whenever_the_agent_starts() -> None:
    node = owned()
    node.clocks.wall_us += 3 * SECOND_US + 250
    node.sampler = type(node.sampler)(node.terms, {}, node.clocks.wall_us)
    node.watch(20)
    node.finish()
    assert [span(one) for one in node.kept] == [(3.00025, 10.0), (10.0, 20.0), (20.0, 23.00025)]
    assert all(total_us(one) == one["end_us"] - one["start_us"] for one in node.kept)


@pytest.mark.parametrize("seconds", [7, 13, 0, -10, 120])
def test_a_grid_that_does_not_fit_the_minute_is_refused(seconds: int) -> None:
    with pytest.raises(ValueError, match="divisor of a minute"):
        Terms(node="a", interval_us=seconds * SECOND_US)


def test_what_a_look_saw_holds_until_the_next_look() -> None:
    node = owned()
    node.watch(4)
    node.allotment, node.owners = allotted(given(pod("b"))), {7: seen_pod("b")}
    node.watch(6)
    [interval] = node.kept
    assert held(interval) == {"a": 4 * SECOND_US, "b": 6 * SECOND_US}


def test_a_process_that_is_killed_keeps_what_it_worked() -> None:
    """It dies 0.4 s after the look at 5 s: the driver still tells of these 0.4 s."""
    node = owned()
    node.watch(5)
    node.clocks.go(1.0)
    node.devices = (gpu(activity=active(device_us=400_000)),)
    node.look()
    node.devices = (gpu(activity=active(device_us=0)),)
    node.clocks.go(1.0)
    node.watch(3)
    [interval] = node.kept
    one = holder(interval, "a")
    assert (one["held_us"], one["active_us"]) == (TEN_S, 5_400_000)
    assert one["no_context_us"] == 4 * SECOND_US


def test_a_lost_gpu_is_out_of_service_and_its_neighbour_goes_on() -> None:
    node = owned()
    other = gpu("GPU-1")
    node.devices = (*node.devices, other)
    node.watch(5)
    node.devices = (gpu(standing=LOST, flags=frozenset({"xid_79"})), other)
    node.watch(5)
    lost, whole = sorted(node.kept, key=lambda one: one["device"])
    assert held(lost) == {"a": 5 * SECOND_US}
    assert states(lost) == (0, 0, 5 * SECOND_US, 0)
    assert "xid_79" in lost["flags"]
    assert states(whole) == (TEN_S, 0, 0, 0)


def test_looks_that_are_missing_are_unobserved_not_stretched() -> None:
    node = owned()
    node.watch(3)
    node.clocks.go(4.5)  # more than three periods
    node.watch(3)
    assert unobserved(node) == [(0, 10, 4.5)]
    assert held(node.kept[0]) == {"a": 5_500_000}
    assert "missed_samples" in node.kept[0]["flags"]
    assert (node.kept[0]["samples_expected"], node.kept[0]["samples_taken"]) == (10, 7)


def test_a_look_that_is_only_late_is_not_missing() -> None:
    node = owned()
    node.watch(3)
    node.clocks.go(2.9)
    node.watch(5)
    assert unobserved(node) == []


def test_a_device_that_cannot_be_read_is_unobserved_on_both_sides() -> None:
    """Looks at 0 to 10 s; the one at 4 s fails: 3 to 5 s is not known."""
    node = owned()
    good = node.devices
    node.watch(3)
    node.clocks.go(1.0)
    node.devices = (gpu(standing=UNREADABLE, flags=frozenset({"nvml_timeout"})),)
    node.look()
    node.clocks.go(1.0)
    node.devices = good
    node.watch(5)
    assert unobserved(node) == [(0, 10, 2.0)]
    assert node.kept[0]["flags"] == ["nvml_timeout"]


def test_an_allocator_that_is_silent_makes_time_unobserved_not_idle() -> None:
    node = owned()
    node.allotment = allotted(is_known=False, flags=frozenset({"pod_resources_unreachable"}))
    node.watch(10)
    assert states(node.kept[0]) == (0, 0, 0, TEN_S)
    assert node.kept[0]["flags"] == ["pod_resources_unreachable"]


def test_a_device_that_may_have_been_handed_out_by_another_name_is_not_idle() -> None:
    node = owned()
    worked = node.devices
    node.devices = (gpu(processes=()),)
    node.allotment = allotted(is_whole=False, flags=frozenset({"claim_unresolved"}))
    node.watch(10)
    node.devices = worked
    node.watch(10)
    assert states(node.kept[0]) == (0, 0, 0, TEN_S)
    assert states(node.kept[1]) == (0, 0, 0, 0)


def test_nobody_is_idle_where_neither_allocator_nor_driver_tells_who_holds() -> None:
    node = owned()
    node.devices = (gpu(processes=None),)
    node.allotment = type(node.allotment)(allocations=None)
    node.watch(10)
    assert states(node.kept[0]) == (0, 0, 0, TEN_S)
    assert node.kept[0]["flags"] == ["processes_unknown"]


def test_a_suspend_is_unobserved() -> None:
    node = owned()
    node.watch(3)
    node.clocks.sleep(600.0)
    node.watch(7)
    node.finish()
    assert unobserved(node) == [(0, 10, 7), (10, 600, 590), (600, 610, 3)]
    assert all("suspend" in one["flags"] for one in node.kept if one["unobserved_us"])
    assert sum(map(total_us, node.kept)) == 610 * SECOND_US


def test_a_clock_set_forward_leaves_what_it_jumped_over_unobserved() -> None:
    """30 s forward within the second after 3 s: 3 to 34 s is unobserved."""
    node = owned()
    node.watch(3)
    node.clocks.set(30.0)
    node.clocks.go(1.0)
    node.watch(6)
    node.finish()
    assert sum(seconds for *_, seconds in unobserved(node)) == 31
    assert sum(held(one)["a"] for one in node.kept if held(one)) == 9 * SECOND_US
    assert all("clock_step" in one["flags"] for one in node.kept if one["unobserved_us"])


def test_a_clock_set_back_tells_of_no_time_twice() -> None:
    """At 13 s back to 5 s: silence until 13 s again, then it goes on."""
    node = owned()
    node.watch(13)
    node.clocks.set(-8.0)
    node.watch(15)
    node.finish()
    assert [span(one) for one in node.kept] == [(0, 10), (10, 13), (13, 20)]
    assert "clock_step" in node.kept[2]["flags"]
    assert states(node.kept[1])[3] == states(node.kept[2])[3] == 0


def test_a_clock_that_was_far_ahead_and_comes_back_does_not_silence_the_agent() -> None:
    """Two years ahead for 20 s: the time between is told of when it comes."""
    node = owned()
    two_years_s = 2 * 365 * 86_400.0
    node.watch(5)
    node.clocks.set(two_years_s)
    node.watch(20)
    node.clocks.set(-two_years_s)
    node.watch(10)
    node.finish()
    near = [one for one in node.kept if one["start_us"] < START_US + HOUR_US]
    assert span(near[0])[0] == 0
    assert max(span(one)[1] for one in near) == 35
    assert node.skipped_us == two_years_s * SECOND_US - HOUR_US
    assert no_instant_is_told_twice(node)


def no_instant_is_told_twice(node: FakeNode) -> bool:
    spans = sorted((one["start_us"], one["end_us"]) for one in node.kept)
    return all(one[1] <= other[0] for one, other in pairwise(spans))


def test_slewing_is_no_step() -> None:
    """A twelfth fast, as chrony may: the wall clock's length counts."""
    node = owned()
    for _ in range(12):
        node.look()
        node.clocks.go(1.0)
        node.clocks.set(0.08)
    node.look()
    assert unobserved(node) == []
    assert node.kept[0]["flags"] == []


def test_the_time_between_two_agents_is_a_gap_that_says_so() -> None:
    node = owned()
    node.watch(14)  # dies at 14 s: 10 to 14 s was not closed
    node.clocks.go(60.0)
    node.restart()
    node.watch(10)
    node.finish()
    assert unobserved(node) == [(10, 70, 60), (70, 80, 4)]
    assert "agent_restart" in node.kept[1]["flags"]
    assert sum(map(total_us, node.kept)) == 84 * SECOND_US


def test_a_gap_that_is_too_long_is_told_of_in_part_and_counted() -> None:
    node = owned()
    node.watch(10)
    node.clocks.go(5 * 3600.0)
    node.restart()
    node.look()
    node.finish()
    assert node.skipped_us == 4 * HOUR_US
    assert sum(one["unobserved_us"] or 0 for one in node.kept) == HOUR_US


def test_time_before_this_boot_is_counted_not_told() -> None:
    """Down for 30 minutes, of which the last 5 in this boot."""
    node = owned()
    node.watch(10)
    node.clocks.set(1800.0)
    node.clocks.monotonic_us = node.clocks.boottime_us = 300 * SECOND_US
    node.restart()
    node.look()
    node.finish()
    assert node.skipped_us == 1500 * SECOND_US
    assert sum(one["unobserved_us"] or 0 for one in node.kept) == 300 * SECOND_US


def test_an_agent_that_never_ran_begins_with_its_outbox() -> None:
    node = owned()
    node.sampler = type(node.sampler)(node.terms, {}, START_US - 2 * SECOND_US)
    node.watch(10)
    assert unobserved(node) == [(-2, 0, 2)]


def test_a_device_that_is_new_begins_when_it_is_seen() -> None:
    node = owned()
    node.watch(5)
    node.devices = (*node.devices, gpu("GPU-1"))
    node.watch(5)
    new = [one for one in node.kept if one["device"] == "GPU-1"]
    assert [span(one) for one in new] == [(5, 6), (6, 10)]
    assert [states(one) for one in new] == [(SECOND_US, 0, 0, 0), (4 * SECOND_US, 0, 0, 0)]


def test_of_a_device_that_is_new_the_disk_knows_a_look_later() -> None:
    """It comes at 12 s and the agent dies at 14 s, long before the grid's next edge."""
    node = owned()
    node.watch(12)
    node.devices = (*node.devices, gpu("GPU-1"))
    node.watch(2)
    node.restart()
    node.clocks.go(2.0)
    node.watch(4)
    node.finish()
    new = [one for one in node.kept if one["device"] == "GPU-1"]
    assert [span(one) for one in new] == [(12, 13), (13, 20)]
    assert [one["unobserved_us"] for one in new] == [0, 3 * SECOND_US]


def test_a_device_that_is_gone_is_closed_and_its_absence_is_a_gap() -> None:
    node = owned()
    there = node.devices
    node.watch(5)
    node.devices = ()
    node.clocks.go(1.0)
    node.watch(14)
    assert [span(one) for one in node.kept] == [(0, 5)]
    node.devices = there
    node.clocks.go(1.0)
    node.watch(9)
    node.finish()
    assert sum(seconds for *_, seconds in unobserved(node)) == 16
    assert sum(map(total_us, node.kept)) == 30 * SECOND_US


def test_other_mig_devices_are_another_interval() -> None:
    node = FakeNode(devices=(gpu(mig=mig(("MIG-0", 3, 4))),))
    node.allotment = allotted(given(A, "MIG-0"))
    node.watch(4)
    node.devices = (gpu(mig=mig(("MIG-1", 4, 4), ("MIG-2", 3, 4))),)
    node.watch(6)
    node.finish()
    assert [span(one) for one in node.kept] == [(0, 4), (4, 10)]
    assert [held(one) for one in node.kept] == [{"a": 2 * SECOND_US}, {}]


def test_energy_is_the_counters_difference_and_parts_sum_to_it() -> None:
    node = owned()
    for number in range(21):
        node.devices = (gpu(energy_mj=1000 * number),)
        node.look()
        node.clocks.go(1.1)
    node.finish()
    assert sum(one["energy_mj"] or 0 for one in node.kept) == 20_000
    assert [one["energy_mj"] for one in node.kept] == [9090, 9091, 1819]


def test_a_counter_that_began_anew_makes_energy_unknown_not_negative() -> None:
    node = owned()
    for number in range(11):
        node.devices = (gpu(energy_mj=1000 if number < 5 else 3, energy_epoch=number // 5),)
        node.look()
        node.clocks.go(1.0)
    assert node.kept[0]["energy_mj"] is None
    assert "counter_reset" in node.kept[0]["flags"]


def test_work_beyond_what_was_held_is_cut_and_said() -> None:
    """1.2 s of work a second for 10 s: two seconds too many."""
    node = owned()
    node.devices = (gpu(processes=(process(7),), activity=active(device_us=1_200_000)),)
    node.watch(10)
    assert holder(node.kept[0], "a")["active_us"] == TEN_S
    assert node.kept[0]["flags"] == ["active_over_held"]


def test_a_gpu_that_stands_idle_for_minutes_is_reported_until_it_works() -> None:
    """0.5 % for six minutes: flagged from the fifth on; 1.5 % does not end it, 50 % does."""
    node = owned()
    for seconds, device_us in ((360, 5_000), (30, 15_000), (20, 500_000)):
        node.devices = (gpu(processes=(process(7),), activity=active(device_us=device_us)),)
        node.watch(seconds)
    flagged = [span(one)[0] for one in node.kept if "held_idle" in one["flags"]]
    assert flagged == [290 + 10 * n for n in range(10)]
    assert holder(node.kept[0], "a")["active_us"] == 50_000


def test_clocks_that_agree_are_no_trouble() -> None:
    clocks = Clocks()
    before = clocks.now()
    clocks.go(1.0)
    assert clocks.now().wall_us - before.wall_us == SECOND_US

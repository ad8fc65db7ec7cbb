"""How a device divides between those who hold it: the worked numbers of every sharing mode."""

from dataclasses import replace

from agents.gpu.observed import DeviceSeen, MigLayout, Owner
from agents.gpu.sampler import Terms
from schemas.records import GpuInterval
from tests.gpu_looks import (
    GIB,
    SECOND_US,
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
    states,
    total_us,
)

A, B, C = pod("a"), pod("b"), pod("c")
TEN_S = 10 * SECOND_US


def ten_seconds(node: FakeNode) -> GpuInterval:
    node.watch(10)
    [interval] = node.kept
    assert total_us(interval) == TEN_S
    return interval


def cut(layout: MigLayout, *owners: Owner) -> FakeNode:
    """Return a node whose first MIG devices are held by these."""
    devices = [one.uuid for one in layout.instances]
    allocations = [given(owner, uuid) for owner, uuid in zip(owners, devices, strict=False)]
    return FakeNode(devices=(gpu(mig=layout),), allotment=allotted(*allocations))


def shared(replicas: int, *allocations: object, sharing: str = "reserved") -> FakeNode:
    return FakeNode(
        terms=Terms(node="node-1", sharing=sharing),  # type: ignore[arg-type] # one of three
        allotment=allotted(*allocations, replicas={"GPU-0": replicas}),  # type: ignore[arg-type]
    )


def test_who_has_all_of_a_gpu_holds_it_all() -> None:
    node = FakeNode(
        devices=(gpu(processes=(process(7),), activity=active(device_us=400_000)),),
        allotment=allotted(given(A)),
        owners={7: seen_pod("a")},
    )
    interval = ten_seconds(node)
    one = holder(interval, "a")
    assert (one["held_us"], one["active_us"], one["no_context_us"]) == (TEN_S, 4 * SECOND_US, 0)
    assert (one["attribution"], one["evidence"]) == ("allocation", ["pod_resources"])
    assert (one["memory_bytes"], one["rule"]) == (GIB, "namespace")
    assert one["workload"] == {"namespace": "a", "pod": "pod-1"}
    assert interval["sharing_mode"] == "exclusive"
    assert interval["flags"] == []
    assert (interval["samples_expected"], interval["samples_taken"]) == (10, 10)


def test_a_gpu_of_nobody_is_unallocated() -> None:
    interval = ten_seconds(FakeNode())
    assert states(interval) == (TEN_S, 0, 0, 0)
    assert interval["holders"] == []


def test_who_holds_without_a_process_is_said_to() -> None:
    node = FakeNode(devices=(gpu(activity=active(device_us=0)),), allotment=allotted(given(A)))
    one = holder(ten_seconds(node), "a")
    assert (one["active_us"], one["no_context_us"]) == (0, TEN_S)


def test_seven_small_mig_devices_are_a_seventh_each() -> None:
    """1g: max(1/7, 1/8) = 1/7."""
    layout = mig(*((f"MIG-{n}", 1, 1) for n in range(7)))
    interval = ten_seconds(cut(layout, A, B))
    assert held(interval) == {"a": 1_428_572, "b": 1_428_571}  # 10 s / 7 = 1,428,571.4 us
    assert states(interval) == (TEN_S - 2_857_143, 0, 0, 0)
    assert holder(interval, "a")["attribution"] == "mig_dominant"
    assert holder(interval, "b")["instance"] == "MIG-1"
    assert interval["sharing_mode"] == "mig"


def test_four_mig_devices_with_two_memory_slices_are_a_quarter_each() -> None:
    """1g with 2 of 8 memory slices: max(1/7, 2/8) = 1/4; nothing is left."""
    layout = mig(*((f"MIG-{n}", 1, 2) for n in range(4)))
    interval = ten_seconds(cut(layout, A, B, C))
    assert held(interval) == dict.fromkeys("abc", TEN_S // 4)
    assert states(interval) == (TEN_S // 4, 0, 0, 0)


def test_two_halves_strand_the_slice_between_them() -> None:
    """3g twice: max(3/7, 4/8) = 1/2 each, the seventh compute slice is inside."""
    interval = ten_seconds(cut(mig(("MIG-0", 3, 4), ("MIG-1", 3, 4)), A, B))
    assert held(interval) == {"a": TEN_S // 2, "b": TEN_S // 2}
    assert states(interval) == (0, 0, 0, 0)


def test_parts_beyond_the_whole_are_scaled_to_it() -> None:
    """4g + 3g: 4/7 + 1/2 = 15/14, so 8/15 and 7/15."""
    interval = ten_seconds(cut(mig(("MIG-0", 4, 4), ("MIG-1", 3, 4)), A, B))
    assert held(interval) == {"a": 5_333_333, "b": 4_666_667}


def test_what_no_mig_device_has_is_stranded() -> None:
    """One 3g of 4 memory slices: a half; the rest nobody can hold."""
    assert states(ten_seconds(cut(mig(("MIG-0", 3, 4)), A))) == (0, TEN_S // 2, 0, 0)
    assert states(ten_seconds(cut(mig()))) == (0, TEN_S, 0, 0)


def test_a_mig_device_whose_work_cannot_be_seen_counts_as_working() -> None:
    node = cut(mig(("MIG-0", 3, 4)), A)
    node.owners = {1: seen_pod("a")}
    node.devices = (replace(node.devices[0], processes=(process(1, instance="MIG-0"),)),)
    interval = ten_seconds(node)
    assert holder(interval, "a")["active_us"] == TEN_S // 2
    assert interval["flags"] == ["activity_unknown"]


def test_a_mig_device_without_a_process_at_either_look_has_not_worked() -> None:
    interval = ten_seconds(cut(mig(("MIG-0", 3, 4), ("MIG-1", 3, 4)), A, B))
    one = holder(interval, "a")
    assert (one["held_us"], one["active_us"], one["no_context_us"]) == (TEN_S // 2, 0, TEN_S // 2)
    assert interval["flags"] == []


def test_a_process_that_is_there_at_the_second_look_may_have_worked_since_the_first() -> None:
    """It comes between the looks at 4 s and at 5 s: from then on nobody can tell."""
    node = cut(mig(("MIG-0", 3, 4), ("MIG-1", 3, 4)), A, B)
    node.owners = {1: seen_pod("a")}
    node.watch(4)
    node.clocks.go(1.0)
    node.devices = (replace(node.devices[0], processes=(process(1, instance="MIG-0"),)),)
    node.watch(5)
    [interval] = node.kept
    assert holder(interval, "a")["active_us"] == 6 * SECOND_US // 2
    assert (holder(interval, "b")["active_us"], interval["flags"]) == (0, ["activity_unknown"])


def test_work_of_a_mig_device_is_worth_its_part_of_the_gpu() -> None:
    """Half a GPU that works 0.2 s of every second: 10 s x 0.2 x 1/2 = 1 s."""
    plain = mig(("MIG-0", 3, 4))
    [instance] = plain.instances
    measured = type(instance)("MIG-0", "3g", 3, 4, active_us=200_000)
    layout = MigLayout((measured,), plain.compute_slices, plain.memory_bytes)
    interval = ten_seconds(cut(layout, A))
    assert holder(interval, "a")["active_us"] == SECOND_US
    assert interval["flags"] == []


def test_a_cut_gpu_that_is_handed_out_as_a_whole_is_held_as_a_whole() -> None:
    node = FakeNode(
        devices=(gpu(mig=mig(("MIG-0", 1, 1), ("MIG-1", 1, 1))),), allotment=allotted(given(A))
    )
    assert held(ten_seconds(node)) == {"a": TEN_S}


def test_replicas_are_reserved_parts_and_free_ones_are_nobodys() -> None:
    """Four replicas: a has two, b one, one is free."""
    interval = ten_seconds(shared(4, given(A, replicas=2), given(B)))
    assert held(interval) == {"a": TEN_S // 2, "b": TEN_S // 4}
    assert states(interval) == (TEN_S // 4, 0, 0, 0)
    assert holder(interval, "a")["attribution"] == "reserved_replica"
    assert interval["sharing_mode"] == "time_sliced"


def test_replicas_under_mps_are_named_so() -> None:
    node = shared(2, given(A))
    node.devices = (gpu(is_mps=True),)
    interval = ten_seconds(node)
    assert interval["sharing_mode"] == "mps"
    assert held(interval) == {"a": TEN_S // 2}


def test_more_replicas_than_declared_share_the_whole() -> None:
    interval = ten_seconds(shared(2, given(A, replicas=2), given(B), given(C)))
    assert held(interval) == {"a": TEN_S // 2, "b": TEN_S // 4, "c": TEN_S // 4}


def test_replicas_of_a_mig_device_share_its_part() -> None:
    """Half a GPU in two replicas, one of them held."""
    node = cut(mig(("MIG-0", 3, 4), ("MIG-1", 3, 4)), A)
    node.allotment = allotted(given(A, "MIG-0"), replicas={"MIG-0": 2})
    interval = ten_seconds(node)
    assert held(interval) == {"a": TEN_S // 4}
    assert states(interval) == (3 * TEN_S // 4, 0, 0, 0)


def busy(device: DeviceSeen, node: FakeNode) -> FakeNode:
    node.devices = (device,)
    node.owners = {1: seen_pod("a"), 2: seen_pod("b")}
    return node


def test_active_time_of_replicas_is_their_processes_but_not_more_than_held() -> None:
    """a works 0.2 s a second of its half; b 0.7, of which its half is 0.5."""
    device = gpu(
        processes=(process(1), process(2)), activity=active(900_000, {1: 200_000, 2: 700_000})
    )
    interval = ten_seconds(busy(device, shared(2, given(A), given(B))))
    assert holder(interval, "a")["active_us"] == 2 * SECOND_US
    assert holder(interval, "b")["active_us"] == 5 * SECOND_US
    assert interval["flags"] == []  # more than reserved is no fault


def test_active_blend_weighs_evenly_and_by_work() -> None:
    """w = 0.5, work 80 : 20 -> 0.25 + 0.4 and 0.25 + 0.1."""
    device = gpu(
        processes=(process(1), process(2)), activity=active(None, {1: 800_000, 2: 200_000})
    )
    interval = ten_seconds(busy(device, shared(4, given(A), given(B), sharing="active_blend")))
    assert held(interval) == {"a": 6_500_000, "b": 3_500_000}
    assert holder(interval, "a")["attribution"] == "active_blend"


def test_active_blend_does_not_go_below_the_part_of_memory() -> None:
    """b has 60 of 100 bytes: 0.65 and 0.6 of 1.25 -> 0.52 and 0.48."""
    device = gpu(
        memory_bytes=100,
        processes=(process(1, 10), process(2, 60)),
        activity=active(None, {1: 800_000, 2: 200_000}),
    )
    interval = ten_seconds(busy(device, shared(2, given(A), given(B), sharing="active_blend")))
    assert held(interval) == {"a": 5_200_000, "b": 4_800_000}


def test_dominant_share_takes_the_greater_of_time_and_memory() -> None:
    """a: max(0.9, 0.1), b: max(0.1, 0.6) -> 0.9 and 0.6 of 1.5."""
    device = gpu(
        memory_bytes=100,
        processes=(process(1, 10), process(2, 60)),
        activity=active(None, {1: 900_000, 2: 100_000}),
    )
    interval = ten_seconds(busy(device, shared(2, given(A), given(B), sharing="dominant")))
    assert held(interval) == {"a": 6_000_000, "b": 4_000_000}
    assert holder(interval, "b")["attribution"] == "dominant_share"


def test_by_use_without_measurements_is_even_and_says_so() -> None:
    device = gpu(processes=(process(1), process(2)))
    interval = ten_seconds(busy(device, shared(2, given(A), given(B), sharing="dominant")))
    assert held(interval) == {"a": TEN_S // 2, "b": TEN_S // 2}
    assert interval["flags"] == ["activity_unknown"]


def test_without_an_allocator_who_has_a_process_holds_in_equal_parts() -> None:
    """Three processes of two owners: a half each."""
    device = gpu(
        processes=(process(1), process(2), process(3)),
        activity=active(500_000, {1: 100_000, 2: 300_000, 3: 100_000}),
    )
    node = FakeNode(devices=(device,))
    node.allotment = type(node.allotment)(allocations=None)
    node.owners = {1: seen_pod("a"), 2: seen_pod("a"), 3: seen_pod("b")}
    interval = ten_seconds(node)
    assert held(interval) == {"a": TEN_S // 2, "b": TEN_S // 2}
    one = holder(interval, "a")
    assert (one["attribution"], one["evidence"]) == ("process", ["cgroup", "process"])
    assert (one["memory_bytes"], one["active_us"]) == (2 * GIB, 4 * SECOND_US)


def test_a_process_that_nobody_owns_is_a_holder_nobody_knows() -> None:
    node = FakeNode(devices=(gpu(processes=(process(9),), activity=active(100_000)),))
    node.owners = {9: None}
    interval = ten_seconds(node)
    assert held(interval) == {None: TEN_S}
    assert interval["flags"] == ["not_allocated"]


def test_a_monitor_holds_nothing() -> None:
    """What is not among the owners asked for is of the agent or of a monitor."""
    interval = ten_seconds(FakeNode(devices=(gpu(processes=(process(9),)),)))
    assert states(interval) == (TEN_S, 0, 0, 0)


def test_processes_that_may_be_anybodys_leave_open_who_had_none() -> None:
    device = gpu(processes=(process(1), process(5)), activity=active(None, {1: 100_000, 5: 9}))
    node = shared(2, given(A), given(B))
    node.devices, node.owners = (device,), {1: seen_pod("a"), 5: Owner({"uid": "1000"})}
    interval = ten_seconds(node)
    assert holder(interval, "a")["no_context_us"] == 0
    assert holder(interval, "b")["no_context_us"] is None
    assert holder(interval, "b")["active_us"] == TEN_S // 2
    assert interval["flags"] == ["activity_unknown"]


def test_two_who_were_given_one_gpu_share_it() -> None:
    interval = ten_seconds(FakeNode(allotment=allotted(given(A), given(B))))
    assert held(interval) == {"a": TEN_S // 2, "b": TEN_S // 2}
    assert holder(interval, "a")["attribution"] == "equal"


def test_nothing_is_given_out_on_a_drained_node() -> None:
    node = cut(mig(("MIG-0", 3, 4)), A)
    node.allotment = allotted(given(A, "MIG-0"), is_drained=True)
    interval = ten_seconds(node)
    assert held(interval) == {"a": TEN_S // 2}
    assert states(interval) == (0, 0, TEN_S // 2, 0)


def test_parts_are_split_once_an_interval_and_ties_go_by_name() -> None:
    """10 s by three in whole microseconds: one has one more, not one a second."""
    interval = ten_seconds(FakeNode(allotment=allotted(given(C), given(A), given(B))))
    assert held(interval) == {"a": 3_333_334, "b": 3_333_333, "c": 3_333_333}

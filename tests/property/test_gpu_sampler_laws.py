"""The laws of the sampler, under clocks that jump and nodes that do anything, and its death.

Every interval is balanced and fits its schema; no instant of a device is told of twice, through any
number of deaths; what is not told of is counted.
"""

from itertools import pairwise
from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from agents.gpu.observed import Allocation, Allotment, DeviceSeen, MigInstance, MigLayout, Standing
from agents.gpu.sampler import Covered, Sampler, Terms
from agents.gpu.sampler import covered as covering
from agents.gpu.sampler.sampler import Closed
from schemas.codec import Codec
from schemas.records import GpuInterval
from tests.gpu_looks import (
    SECOND_US,
    FakeNode,
    active,
    allotted,
    gpu,
    pod,
    process,
    seen_pod,
    total_us,
)

CODEC = Codec()
UUIDS = ("GPU-0", "GPU-1")
PODS = [pod(namespace, name) for namespace in "abc" for name in ("p", "q")]
SEEN = [seen_pod(namespace, name) for namespace in "abc" for name in ("p", "q")]
OWNERS = {**dict(enumerate(SEEN, start=1)), 8: None}

microseconds = st.integers(0, 3 * SECOND_US)
pids = st.integers(1, 9)  # 9 is a monitor
memories = st.none() | st.integers(0, 80)
activities = st.none() | st.builds(
    active, st.none() | microseconds, st.none() | st.dictionaries(pids, microseconds, max_size=6)
)
cuts = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 8)), max_size=4)


@st.composite
def layouts(draw: st.DrawFn) -> MigLayout:
    found = [
        MigInstance(f"MIG-{n}", "x", compute, memory, draw(st.none() | microseconds))
        for n, (compute, memory) in enumerate(draw(cuts))
    ]
    return MigLayout(tuple(found), draw(st.sampled_from([7, 7, 7, 0])), 8)


@st.composite
def devices(draw: st.DrawFn, uuid: str) -> DeviceSeen:
    places = [None, "MIG-0", "MIG-1"]
    seen = draw(
        st.none() | st.lists(st.tuples(pids, memories, st.sampled_from(places)), max_size=5)
    )
    return gpu(
        uuid,
        standing=draw(st.sampled_from([Standing.IN_SERVICE, Standing.IN_SERVICE, *Standing])),
        memory_bytes=draw(st.none() | st.just(80)),
        mig=draw(st.none() | layouts()),
        is_mps=draw(st.booleans()),
        processes=seen and tuple(process(*one) for one in seen),
        activity=draw(activities),
        energy_mj=draw(st.none() | st.integers(0, 10**6)),
        energy_epoch=draw(st.integers(0, 1)),
    )


places = st.sampled_from([*UUIDS, "MIG-0", "MIG-1"])
allocations = st.builds(Allocation, places, st.sampled_from(PODS), st.integers(1, 3))


@st.composite
def allotments(draw: st.DrawFn) -> Allotment:
    known = draw(st.none() | st.lists(allocations, max_size=5))
    replicas = draw(st.dictionaries(places, st.integers(1, 4), max_size=3))
    found = allotted(
        replicas=replicas, is_drained=draw(st.booleans()), is_known=draw(st.integers(0, 4)) > 0
    )
    return Allotment(
        None if known is None else tuple(known), found.replicas, found.is_drained, found.is_known
    )


class AgentLife(RuleBasedStateMachine):
    """A node that does anything, and an agent on it that dies. Disk keeps what came first."""

    def __init__(self) -> None:
        super().__init__()
        self.node = FakeNode(devices=tuple(gpu(uuid) for uuid in UUIDS))
        self.pending: list[Closed] = []  # in memory of the outbox
        self.durable: list[GpuInterval] = []
        self.covered: dict[str, Covered] = {}
        self.gone: dict[str, list[tuple[int, int]]] = {uuid: [] for uuid in UUIDS}  # wall time
        self.node.owners = dict(OWNERS)
        self.has_looked = False
        self.begin("reserved")

    @rule(sharing=st.sampled_from(["reserved", "active_blend", "dominant"]))
    @precondition(lambda self: not self.has_looked)
    def begin(self, sharing: str) -> None:
        self.since_us = self.node.clocks.wall_us  # the outbox is made
        self.last_us = dict.fromkeys(UUIDS, self.since_us)
        self.node.terms = Terms(node="node-1", sharing=sharing)  # type: ignore[arg-type] # as above
        self.die()

    @rule(first=devices(UUIDS[0]), second=devices(UUIDS[1]), allotment=allotments())
    def change(self, first: DeviceSeen, second: DeviceSeen, allotment: Allotment) -> None:
        self.node.devices = (first, second)
        self.node.allotment = allotment

    @rule(seconds=st.floats(0.001, 2.9), times=st.integers(1, 12))
    def watch(self, seconds: float, times: int) -> None:
        for _ in range(times):
            self.node.clocks.go(seconds)
            self.look()

    @rule(seconds=st.sampled_from([4.0, 61.5, 3_000.0, 4_000.0, 90_000.0]), is_asleep=st.booleans())
    def miss(self, seconds: float, *, is_asleep: bool) -> None:
        (self.node.clocks.sleep if is_asleep else self.node.clocks.go)(seconds)

    @rule(by_s=st.sampled_from([0.05, -0.05, 0.9, -0.9, 15.0, -15.0, 5_000.0, -5_000.0, 1e8]))
    def set_clock(self, by_s: float) -> None:
        self.node.clocks.set(by_s)

    @rule(count=st.integers(1, 5))
    def sync(self, count: int) -> None:
        """The disk has some more of what came first."""
        for closed in self.pending[:count]:
            self.durable.append(closed.interval)
            self.covered |= closed.covered
        del self.pending[:count]

    @rule()
    def die(self) -> None:
        self.pending.clear()
        self.node.sampler = Sampler(self.node.terms, self.covered, self.since_us)

    def look(self) -> None:
        now_us = self.node.clocks.wall_us
        for device in self.node.devices:
            before_us = self.last_us[device.uuid]
            if before_us < now_us:
                self.gone[device.uuid].append((before_us, now_us))
            self.last_us[device.uuid] = now_us
        self.has_looked = True
        self.pending += self.node.look().closed

    @invariant()
    def every_interval_is_balanced(self) -> None:
        for one in self.told():
            assert one["start_us"] < one["end_us"]
            assert total_us(one) == one["end_us"] - one["start_us"]
            for each in one["holders"]:
                assert 0 <= each["active_us"] <= each["held_us"]
                assert 0 <= (each["no_context_us"] or 0) <= each["held_us"] - each["active_us"]
            assert one["energy_mj"] is None or one["energy_mj"] >= 0

    @invariant()
    def no_instant_is_told_twice(self) -> None:
        for uuid in UUIDS:
            spans = sorted(
                (one["start_us"], one["end_us"]) for one in self.told() if one["device"] == uuid
            )
            assert all(one[1] <= other[0] for one, other in pairwise(spans))

    def told(self) -> list[GpuInterval]:
        return self.durable + [closed.interval for closed in self.pending]

    def teardown(self) -> None:
        """All that went by is told of or counted, and nothing else is told of."""
        self.look()
        self.pending += self.node.sampler.finish().closed
        for uuid in UUIDS:
            mine = [one for one in self.told() if one["device"] == uuid]
            told = [(one["start_us"], one["end_us"]) for one in mine]
            went = union(self.gone[uuid])
            assert union([*went, *told]) == went, "told of time that was not there"
            untold = measure(self.past(went)) - measure(self.past(union(told)))
            assert untold <= self.node.skipped_us
        batch = {"source": "n", "epoch": 1, "seq": 0, "sent_at_us": 1, "losses": []}
        CODEC.encode("GpuUsageBatch", {**batch, "events": self.told()})

    def past(self, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
        """Return what is before now: what the clock was set back over comes again.

        Of the time before the outbox was made another one may have told: it is never told of.
        """
        since_us, now_us = self.since_us, self.node.clocks.wall_us
        cut = [(max(start, since_us), min(end, now_us)) for start, end in spans]
        return [(start, end) for start, end in cut if start < end]


def union(spans: object) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):  # type: ignore[call-overload] # any spans
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def measure(spans: list[tuple[int, int]]) -> int:
    return sum(end - start for start, end in spans)


AgentLife.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestAgentLife = AgentLife.TestCase


class LongAgentLife(AgentLife):
    """One that has left more holes than it may remember: they are closed, and were counted."""

    def __init__(self) -> None:
        self.limit = mock.patch.object(covering, "MOST_SPANS", 1)
        self.limit.start()
        super().__init__()

    def teardown(self) -> None:
        try:
            super().teardown()
        finally:
            self.limit.stop()


LongAgentLife.TestCase.settings = settings(AgentLife.TestCase.settings, max_examples=20)
TestLongAgentLife = LongAgentLife.TestCase

spans = st.lists(
    st.tuples(st.integers(0, 60), st.integers(1, 9)).map(lambda s: (s[0], s[0] + s[1])), max_size=20
)


@given(spans=spans, floor_us=st.integers(0, 20), asked=st.tuples(*[st.integers(0, 80)] * 2))
def test_what_is_covered_is_never_free_and_what_is_free_never_covered(
    spans: list[tuple[int, int]], floor_us: int, asked: tuple[int, int]
) -> None:
    covered = Covered(floor_us)
    told = set(range(floor_us))
    for span in spans:
        for free in covered.free(*span):
            covered = covered.plus(*free)
            told |= set(range(*free))
    free_instants = {at for free in covered.free(*asked) for at in range(*free)}
    assert free_instants == set(range(*asked)) - told

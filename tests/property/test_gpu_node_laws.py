"""The reader and the sampler over a driver that does anything, and an agent that dies meanwhile.

Whatever NVML answers, to whatever it is asked: every interval is balanced, no instant of a device
is told of twice, and all devices together are told of for no longer than the GPUs of the node were.
"""

import tempfile
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from agents.errors import ReaderUnavailable
from agents.gpu.nvml.reader import NvmlReader
from agents.gpu.observed import Instant
from agents.gpu.sampler import Covered, Look, Sampler, Terms
from agents.gpu.sampler.sampler import Closed
from schemas.records import GpuInterval
from tests.gpu_looks import ByNamespace, allotted, given, pod, seen_pod, total_us
from tests.nvml_process import START_US, node_in_process
from tests.nvml_scenario import EMPTY, GROW, Rule

FUNCTIONS = st.sampled_from(
    [
        f"nvml{name}"
        for name in (
            "DeviceGetComputeRunningProcesses_v3", "DeviceGetMigMode", "DeviceGetUUID",
            "DeviceGetCount_v2", "DeviceGetHandleByIndex_v2", "DeviceGetProcessUtilization",
            "DeviceGetSamples", "DeviceGetTotalEnergyConsumption", "DeviceGetAttributes_v2",
            "DeviceGetMigDeviceHandleByIndex", "DeviceGetFieldValues", "InitWithFlags",
            "EventSetWait_v2", "EventSetCreate", "DeviceGetName", "GpmMigSampleGet",
        )
    ]
)  # fmt: skip
STALE = 18  # which ends the agent for good, and has its own tests
CODES = st.sampled_from([code for code in (*range(1, 29), 999, EMPTY, GROW) if code != STALE])
LOSSES = st.sampled_from([8, 11, 15, 16, 28])
HALVES = (("3g.40gb", 3, 40 * 1024), ("3g.40gb", 3, 40 * 1024))
SEVENTHS = tuple(("1g.10gb", 1, 10 * 1024) for _ in range(7))
UNEVEN = (("4g.40gb", 4, 40 * 1024), ("3g.40gb", 3, 40 * 1024))
places = st.integers(0, 2)


class NodeLife(RuleBasedStateMachine):
    """Three GPUs, two of which can be cut. The disk has some of what dead agents told."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.node = self.stack.enter_context(node_in_process(folder))
        self.gpus = (
            self.node.add_gpu(),
            self.node.add_gpu("NVIDIA A100", max_instances=7),
            self.node.add_gpu("NVIDIA H200", max_instances=7, has_gpm=True),
        )
        self.cues: list[Rule] = []
        self.pids = iter(range(100, 10**6))
        self.kept: list[GpuInterval] = []
        self.covered: dict[str, Covered] = {}
        self.pending: list[Closed] = []
        self.begin()

    def begin(self) -> None:
        self.reader = NvmlReader(self.now)
        self.sampler = Sampler(Terms(node="node-1"), self.covered, START_US)

    def now(self) -> Instant:
        return Instant(self.node.now_us, self.node.now_us, self.node.now_us)

    @rule(place=places, code=LOSSES)
    def lose(self, place: int, code: int) -> None:
        self.cues.append(self.gpus[place].lose(code))

    @rule(
        function=FUNCTIONS, code=CODES, place=st.none() | places, after=st.integers(0, 2),
        times=st.integers(0, 2),
    )  # fmt: skip
    def fail(self, function: str, code: int, place: int | None, after: int, times: int) -> None:
        gpu = None if place is None else self.gpus[place]
        self.cues.append(self.node.answer(function, code, gpu=gpu, after=after, times=times))

    @rule(place=places, code=LOSSES)
    def lose_and_die(self, place: int, code: int) -> None:
        """The agent that comes has never heard a GPU's name."""
        self.lose(place, code)
        self.die(99, 1)
        self.watch(5, 10.0)

    @rule()
    def mend(self) -> None:
        while self.cues:
            self.node.forget(self.cues.pop())

    @rule(place=st.integers(1, 2), profiles=st.sampled_from([HALVES, SEVENTHS, UNEVEN, ()]))
    def cut(self, place: int, profiles: tuple[tuple[str, int, int], ...]) -> None:
        self.gpus[place].cut(*profiles)

    @rule(place=st.integers(1, 2))
    def join(self, place: int) -> None:
        self.gpus[place].mend()

    @rule(place=places)
    def plug(self, place: int) -> None:
        """Unplug a GPU, or bring it back."""
        gpu = self.gpus[place]
        (self.node.unplug if gpu in self.node.gpus else self.node.plug)(gpu)

    @rule()
    def reload(self) -> None:
        self.node.reload_driver()

    @rule(place=places, percent=st.sampled_from([0, 30, 100]))
    def start(self, place: int, percent: int) -> None:
        gpu, pid = self.gpus[place], next(self.pids)
        inside = gpu.instances[0] if gpu.is_mig and gpu.instances else None
        gpu.start(pid, instance=inside)
        gpu.work(pid, percent, instance=inside)

    @rule(place=places, code=st.sampled_from([13, 48, 79, 94]))
    def report(self, place: int, code: int) -> None:
        self.gpus[place].raise_xid(code)

    @rule(times=st.integers(1, 12), every_s=st.sampled_from([0.9, 1.0, 2.5, 10.0]))
    def watch(self, times: int, every_s: float) -> None:
        for _ in range(times):
            self.node.advance(every_s)
            self.look()

    @rule(synced=st.sampled_from([0, 2, 99]), seconds=st.sampled_from([1, 40]))
    def die(self, synced: int, seconds: int) -> None:
        """The disk has some of what was told; another agent comes after a while."""
        for closed in self.pending[:synced]:
            self.kept.append(closed.interval)
            self.covered |= closed.covered
        self.pending.clear()
        self.node.advance(seconds)
        self.begin()

    def look(self) -> None:
        try:
            seen = self.reader.look()
        except ReaderUnavailable:  # no GPU was ever seen by this agent
            return
        pids = {each.pid for device in seen for each in device.processes or ()}
        parts = [part.uuid for gpu in self.gpus for part in gpu.instances[:2]]
        handed = [given(pod("a"), self.gpus[0].uuid), *(given(pod("b"), uuid) for uuid in parts)]
        look = Look(
            at=self.now(),
            devices=seen,
            allotment=allotted(*handed),
            owners={pid: seen_pod("abc"[pid % 3]) for pid in pids},
            rules=ByNamespace(),
        )
        self.pending += self.sampler.look(look).closed

    def teardown(self) -> None:
        with self.stack:
            self.mend()
            self.node.advance(61.0)  # until NVML is initialised again, whatever there was
            self.look()
            self.pending += self.sampler.finish().closed
            told = self.kept + [closed.interval for closed in self.pending]
            check(told)
            passed_us = self.node.now_us - START_US
            length_us = sum(one["end_us"] - one["start_us"] for one in told)
            assert length_us <= len(self.gpus) * passed_us


def check(told: list[GpuInterval]) -> None:
    """Every interval is balanced, and none of a device overlaps another."""
    for one in told:
        assert total_us(one) == one["end_us"] - one["start_us"] > 0
        assert all(0 <= each["active_us"] <= each["held_us"] for each in one["holders"])
    told = sorted(told, key=lambda one: (one["device"], one["start_us"]))
    for one, other in pairwise(told):
        assert one["device"] != other["device"] or one["end_us"] <= other["start_us"]


NodeLife.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
TestNodeLife = NodeLife.TestCase

"""A day in the life of a node, in its own time: the real agent over the real pynvml.

Whatever happens on it, each GPU's intervals are the day: every microsecond once.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from agents.gpu.agent import Agent, Tools
from agents.gpu.looking import Eyes
from agents.gpu.nvml.reader import NvmlReader
from agents.gpu.observed import Allotment, DeviceSeen, Ownership
from agents.gpu.pace import Bounds, Pace
from agents.gpu.sampler import Terms
from agents.metrics import Metrics
from agents.outbox import Outbox, OutboxConfig
from agents.outbox.clock import Clock
from schemas.codec import Codec
from schemas.records import GpuInterval
from schemas.topics import USAGE_GPU
from tests.gpu_host import of
from tests.gpu_looks import SECOND_US, ByNamespace, allotted, given, pod, seen_pod
from tests.nvml_process import START_US, Clocks, node_in_process
from tests.nvml_scenario import Gpu, Node, Rule
from tests.outbox_parts import FakeChannel

HOUR_S = 3_600
DAY_S = 24 * HOUR_S
EVERY_S = 10.0
HALVES = (("3g.40gb", 3, 40 * 1024), ("3g.40gb", 3, 40 * 1024))
SEVENTHS = tuple(("1g.10gb", 1, 10 * 1024) for _ in range(7))


@dataclass
class Day:
    """The node, and what happens to it hour by hour."""

    node: Node
    clocks: Clocks
    allotted: Allotment = field(default_factory=allotted)
    lost: list[Rule] = field(default_factory=list)
    hour: int = 0

    def __post_init__(self) -> None:
        self.whole, self.shared, self.cut = (
            self.node.add_gpu(),
            self.node.add_gpu(),
            self.node.add_gpu("NVIDIA A100-SXM4-80GB", max_instances=7),
        )
        self.cut.cut(*HALVES)

    @property
    def gpus(self) -> tuple[Gpu, Gpu, Gpu]:
        return self.whole, self.shared, self.cut

    def look(self, devices: Sequence[DeviceSeen]) -> Ownership:
        assert len(devices) == len(self.gpus)
        pids = {each.pid for device in devices for each in device.processes or ()}
        return Ownership(self.allotted, {pid: seen_pod(f"team-{pid % 7}") for pid in pids})

    def eyes(self) -> Eyes:
        reader = NvmlReader(self.clocks)
        return Eyes(self.clocks, reader, self, ByNamespace(), lambda: 0.0)

    def wait(self, seconds: float) -> bool:
        """Let time pass, and begin the next hour when it has come. Stops at noon and at the end."""
        self.node.advance(seconds)
        gone_s = (self.node.now_us - START_US) // SECOND_US
        if gone_s // HOUR_S > self.hour:
            self.hour = int(gone_s // HOUR_S)
            self.begin(self.hour)
        return gone_s > DAY_S or (gone_s // HOUR_S == 12 and gone_s % HOUR_S < EVERY_S)

    def begin(self, hour: int) -> None:
        """Work comes and goes every hour; some hours have more to them."""
        pid = 1_000 + hour
        for gpu in self.gpus[:2]:
            gpu.stop(pid - 2)
            gpu.start(pid)
            gpu.work(pid, percent=hour * 4)
        held = [given(pod(f"team-{pid % 7}"), self.whole.uuid)] if hour % 3 else []
        replicas = [given(pod(f"team-{n % 7}"), self.shared.uuid) for n in (pid, pid - 1)]
        instance = given(pod("team-0"), self.cut.instances[hour % len(self.cut.instances)].uuid)
        self.allotted = allotted(*held, *replicas, instance, replicas={self.shared.uuid: 4})
        match hour:
            case 3:
                self.lost = [self.whole.lose()]
            case 4:
                self.node.forget(self.lost.pop())
            case 6:
                self.node.reload_driver()
            case 9:
                self.cut.cut(*SEVENTHS)
            case 15:
                self.clocks.step(50.0)
            case 18:
                self.clocks.step(-30.0)


@pytest.fixture
def day(tmp_path: Path) -> Iterator[Day]:
    with node_in_process(tmp_path) as node:
        yield Day(node, Clocks(node))


def test_the_intervals_of_every_gpu_are_the_day(day: Day, tmp_path: Path) -> None:
    channel = FakeChannel()
    with capture_logs():
        live(day, tmp_path, channel)
        day.node.advance(600.0)  # nobody watches after noon
        live(day, tmp_path, channel)
    told = [one for batch in channel.log for one in Codec().decode(batch.payload)[1]["events"]]
    for gpu in day.gpus:
        mine = of(gpu, told)
        assert mine[0]["start_us"] == START_US
        assert sum(one["end_us"] - one["start_us"] for one in mine) == DAY_S * SECOND_US
        assert all(one["end_us"] % (60 * SECOND_US) == 0 for one in on_the_grid(mine))
        assert sum(one["energy_mj"] or 0 for one in mine) > 0
        unobserved_s = sum(one["unobserved_us"] or 0 for one in mine) / SECOND_US
        # Ten minutes without an agent, and the stretches in which the clock was set.
        assert 600 + 50 <= unobserved_s <= 600 + 50 + 10 * EVERY_S
    assert lost_s(of(day.whole, told)) == pytest.approx(HOUR_S, abs=60)


def on_the_grid(intervals: list[GpuInterval]) -> list[GpuInterval]:
    """Return the intervals that nothing cut short: another follows a minute or more later."""
    return [
        one
        for one, other in pairwise(intervals)
        if other["start_us"] // (60 * SECOND_US) > one["start_us"] // (60 * SECOND_US)
    ]


def lost_s(intervals: list[GpuInterval]) -> float:
    return sum(one["out_of_service_us"] for one in intervals) / SECOND_US


def live(day: Day, folder: Path, channel: FakeChannel) -> None:
    """Run one agent until it is stopped."""
    config = OutboxConfig(
        path=folder / "outbox.db",
        source="node-1",
        topic=USAGE_GPU.name,
        record="GpuUsageBatch",
        kafka={},
    )
    clock = Clock(now_us=lambda: day.node.now_us)
    with Outbox(config, clock=clock, channel=channel) as outbox:
        pace = Pace(Bounds(every_s=EVERY_S, longest_s=EVERY_S, cpu_ratio=1.0))
        tools = Tools(day.eyes(), outbox, pace, Metrics(CollectorRegistry()), day.wait)
        Agent(Terms(node="node-1", interval_us=60 * SECOND_US), tools).run()

"""An agent while Kafka is away: an hour fits on its disk; where it does not, a loss is told."""

from itertools import pairwise
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from agents.gpu.agent import Agent, Tools
from agents.gpu.looking import Eyes
from agents.gpu.observed import Ownership
from agents.gpu.pace import Bounds, Pace
from agents.gpu.sampler import Terms
from agents.metrics import Metrics
from agents.outbox import Limits, Outbox, OutboxConfig
from agents.outbox.clock import Clock
from schemas.codec import Codec
from schemas.records import GpuInterval
from schemas.topics import USAGE_GPU
from tests.gpu_looks import (
    SECOND_US,
    ByNamespace,
    Clocks,
    allotted,
    given,
    gpu,
    pod,
    span,
    states,
    total_us,
)
from tests.outbox_parts import FakeChannel, wait_until

HOLDERS = [given(pod(f"team-{n}")) for n in range(300)]  # so that an interval is large
LIMITS = Limits(max_disk_bytes=Limits(max_disk_bytes=2**30).least_disk_bytes)


class CrowdedNode:
    """One GPU that very many hold, in its own time. An interval a look."""

    def __init__(self, folder: Path, limits: Limits = LIMITS, every_s: int = 1) -> None:
        self.limits = limits
        self.every_s = every_s
        self.path = folder / "outbox.db"
        self.clocks = Clocks()
        self.channel = FakeChannel(is_up=False)

    def look(self, devices: object = None) -> object:
        """Be the reader, and the owners."""
        return (gpu(),) if devices is None else Ownership(allotted(*HOLDERS), {})

    def opened(self) -> Outbox:
        clock = Clock(now_us=lambda: self.clocks.wall_us)
        config = OutboxConfig(
            path=self.path,
            source="node-1",
            topic=USAGE_GPU.name,
            record="GpuUsageBatch",
            kafka={},
            limits=self.limits,
        )
        return Outbox(config, clock=clock, channel=self.channel)

    def agent(self, outbox: Outbox) -> Agent:
        eyes = Eyes(self.clocks.now, self, self, ByNamespace(), lambda: 0.0)  # type: ignore[arg-type] # both
        pace = Pace(Bounds(every_s=self.every_s, longest_s=self.every_s, cpu_ratio=1.0))
        tools = Tools(eyes, outbox, pace, Metrics(CollectorRegistry()), lambda _: True)
        return Agent(Terms(node="node-1", interval_us=self.every_s * SECOND_US), tools)

    def look_on(self, agent: Agent, outbox: Outbox) -> None:
        agent._round()
        self.clocks.go(float(self.every_s))
        outbox.flush(60.0)

    def told(self) -> list[dict[str, Any]]:
        """Return the batches that Kafka has."""
        return [Codec().decode(stored.payload)[1] for stored in self.channel.log]


def intervals(batches: list[dict[str, Any]]) -> list[GpuInterval]:
    """Return the intervals of batches, in order of time, which must be one after the other."""
    told = sorted((e for b in batches for e in b["events"]), key=lambda one: one["start_us"])
    assert span(told[0])[0] == 0
    assert all(one["end_us"] == other["start_us"] for one, other in pairwise(told))
    return told


def test_an_hour_without_kafka_is_kept_and_told_whole(tmp_path: Path) -> None:
    """By the default limits, with far more holders than a node has pods."""
    node = CrowdedNode(tmp_path, Limits(), every_s=10)
    with capture_logs(), node.opened() as outbox:
        agent = node.agent(outbox)
        for _ in range(361):
            node.look_on(agent, outbox)
        assert node.channel.log == []
        node.channel.is_up = True
        wait_until(lambda: not outbox.stats().pending_batches, 60.0)
    batches = node.told()
    told = intervals(batches)
    assert sum(map(total_us, told)) == 3600 * SECOND_US
    assert not any(states(one)[3] for one in told)
    assert [loss for batch in batches for loss in batch["losses"]] == []


def test_what_a_full_disk_refused_is_a_loss_and_the_next_agent_says_that_nobody_saw_it(
    tmp_path: Path,
) -> None:
    node = CrowdedNode(tmp_path)
    with capture_logs():
        outbox = node.opened()
        agent = node.agent(outbox)
        while not outbox.stats().refusing:
            node.look_on(agent, outbox)
        for _ in range(5):
            node.look_on(agent, outbox)
        outbox.close(0.0)  # the agent is not asked: the file is as a kill leaves it
        node.channel.is_up = True
        with node.opened() as outbox:
            wait_until(lambda: not outbox.stats().pending_batches, 60.0)
            agent = node.agent(outbox)
            for _ in range(3):
                node.look_on(agent, outbox)
    batches = node.told()
    told = intervals(batches)
    assert sum(loss["events"] for batch in batches for loss in batch["losses"]) >= 5
    unseen = [one for one in told if states(one)[3]]
    assert sum(states(one)[3] for one in unseen) >= 5 * SECOND_US
    assert {"agent_restart"} == {flag for one in unseen for flag in one["flags"]}

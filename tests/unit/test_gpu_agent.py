"""The agent's loop over a made-up node, with an outbox on disk and a Kafka in memory."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from agents.errors import NotesUnreadable, ReaderStale
from agents.gpu.agent import Agent, Tools
from agents.gpu.looking import Eyes
from agents.gpu.notes import covered_of
from agents.gpu.observed import Allotment, DeviceSeen, Ownership
from agents.gpu.pace import Bounds, Pace
from agents.gpu.sampler import Terms
from agents.metrics import Metrics
from agents.outbox import Outbox, OutboxConfig
from agents.outbox.clock import Clock
from schemas.codec import Codec
from schemas.records import GpuInterval
from schemas.topics import USAGE_GPU
from tests.gpu_looks import (
    SECOND_US,
    START_US,
    UNREADABLE,
    ByNamespace,
    Clocks,
    active,
    allotted,
    given,
    gpu,
    pod,
    process,
    seen_pod,
    span,
    states,
    total_us,
)
from tests.outbox_parts import FakeChannel

PID, MONITOR = 7, 9


@dataclass
class Whose:
    """Says whose devices are."""

    look: Callable[[Sequence[DeviceSeen]], Ownership]


@dataclass
class MadeUp:
    """A node that an agent can look at, and time that goes by while the agent waits."""

    clocks: Clocks = field(default_factory=Clocks)
    devices: tuple[DeviceSeen, ...] = ()
    allotted: Allotment = field(default_factory=allotted)
    cpu_a_look_s: float = 0.001
    spent_s: float = 0.0  # of CPU, beside
    looks: int = 0
    until_look: int = 10
    before_look: Callable[[int], None] = lambda _: None

    def look(self) -> tuple[DeviceSeen, ...]:
        self.before_look(self.looks)
        self.looks += 1
        return self.devices

    def ownership(self, devices: Sequence[DeviceSeen]) -> Ownership:
        assert list(devices) == list(self.devices)
        pids = {each.pid for device in devices for each in device.processes or ()} - {MONITOR}
        return Ownership(self.allotted, {p: seen_pod("a") if p == PID else None for p in pids})

    def eyes(self) -> Eyes:
        cpu_s = lambda: self.spent_s + self.looks * self.cpu_a_look_s  # noqa: E731 - as a clock
        return Eyes(self.clocks.now, self, Whose(self.ownership), ByNamespace(), cpu_s)

    def wait(self, seconds: float) -> bool:
        self.clocks.go(seconds)
        return self.looks >= self.until_look


@dataclass
class Bench:
    """What agents run on, one after the other."""

    folder: Path
    node: MadeUp = field(default_factory=MadeUp)
    channel: FakeChannel = field(default_factory=FakeChannel)
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    def outbox(self) -> Outbox:
        config = OutboxConfig(
            path=self.folder / "outbox.db",
            source="node-1",
            topic=USAGE_GPU.name,
            record="GpuUsageBatch",
            kafka={},
        )
        clock = Clock(now_us=lambda: self.node.clocks.wall_us)
        return Outbox(config, clock=clock, channel=self.channel)

    def agent(self, outbox: Outbox) -> Agent:
        self.registry = CollectorRegistry()
        pace = Pace(Bounds(every_s=1.0, longest_s=10.0, cpu_ratio=0.02))
        tools = Tools(self.node.eyes(), outbox, pace, Metrics(self.registry), self.node.wait)
        return Agent(Terms(node="node-1"), tools)

    def run(self, looks: int) -> Agent:
        """Run an agent for some looks, and let Kafka have what it told."""
        self.node.until_look = self.node.looks + looks
        with capture_logs(), self.outbox() as outbox:
            agent = self.agent(outbox)
            agent.run()
        return agent

    def sent(self) -> list[GpuInterval]:
        found: list[GpuInterval] = []
        for stored in self.channel.log:
            name, batch = Codec().decode(stored.payload)
            assert name == "GpuUsageBatch"
            assert batch["losses"] == []
            found += batch["events"]
        return found

    def counted(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(f"apportion_gpu_agent_{name}", labels) or 0.0


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    bench = Bench(tmp_path)
    processes = (process(PID), process(MONITOR))
    bench.node.devices = (gpu(processes=processes, activity=active(device_us=250_000)),)
    bench.node.allotted = allotted(given(pod("a")))
    return bench


def test_what_it_sees_arrives_as_batches_of_balanced_intervals(bench: Bench) -> None:
    bench.run(looks=25)
    sent = bench.sent()
    assert [span(one) for one in sent] == [(0, 10), (10, 20), (20, 24)]
    [holder] = sent[0]["holders"]
    assert (holder["tenant"], holder["active_us"]) == ("a", 2_500_000)
    assert all(total_us(one) == one["end_us"] - one["start_us"] for one in sent)


def test_what_was_seen_last_is_told_when_it_is_stopped(bench: Bench) -> None:
    bench.run(looks=5)
    assert [span(one) for one in bench.sent()] == [(0, 4)]


def test_the_next_agent_goes_on_where_the_last_one_stopped(bench: Bench) -> None:
    bench.run(looks=15)
    bench.node.clocks.go(6.0)
    bench.run(looks=10)
    sent = bench.sent()
    assert [span(one) for one in sent] == [(0, 10), (10, 14), (14, 20), (20, 30)]
    assert states(sent[2])[3] == 6 * SECOND_US
    assert "agent_restart" in sent[2]["flags"]


def test_an_agent_that_dies_leaves_a_gap_and_no_double(bench: Bench) -> None:
    """It dies at the look at 23 s: 20 to 23 s was seen and told to nobody."""
    with capture_logs():
        outbox = bench.outbox()
        agent = bench.agent(outbox)
        for _ in range(23):
            agent._round()
            bench.node.clocks.go(1.0)
        assert outbox.flush()
        outbox.close()  # without the open interval: the file is as a kill leaves it
    bench.node.clocks.go(2.0)
    bench.run(looks=6)
    assert [span(one) for one in bench.sent()] == [(0, 10), (10, 20), (20, 30)]
    assert states(bench.sent()[2])[3] == 5 * SECOND_US


def test_notes_say_what_the_batches_on_disk_cover(bench: Bench) -> None:
    bench.channel.is_up = False
    bench.run(looks=12)
    with capture_logs(), bench.outbox() as outbox:
        assert covered_of(outbox.notes)["GPU-0"].floor_us == START_US + 11 * SECOND_US


def test_notes_of_another_program_are_not_guessed_at() -> None:
    with pytest.raises(NotesUnreadable, match="covered:GPU-0"):
        covered_of({"covered:GPU-0": "[1, 2, 3]"})


def test_a_reader_that_cannot_go_on_ends_the_agent_with_what_was_seen(bench: Bench) -> None:
    def break_at(look: int) -> None:
        if look == 6:
            raise ReaderStale("the driver was replaced")

    bench.node.before_look = break_at
    with pytest.raises(ReaderStale):
        bench.run(looks=100)
    assert [span(one) for one in bench.sent()] == [(0, 5)]


def test_what_it_takes_to_start_is_not_the_cost_of_looking(bench: Bench) -> None:
    """A second of CPU with the first look, a millisecond with each after it."""
    bench.node.before_look = lambda _: setattr(bench.node, "spent_s", 1.0)
    bench.run(looks=20)
    assert bench.counted("period_seconds") == 1.0


def test_an_agent_that_costs_too_much_looks_more_rarely(bench: Bench) -> None:
    """0.1 s of CPU a look, of which 2 % of a core are allowed: up to 5 s apart."""
    bench.node.cpu_a_look_s = 0.1
    bench.run(looks=200)
    assert 3.5 < bench.counted("period_seconds") <= 5.0
    assert all(states(one)[3] == 0 for one in bench.sent())  # rarer looks leave no holes


def test_health_says_whether_it_looks(bench: Bench) -> None:
    agent = bench.run(looks=3)
    assert agent.health()[1]["devices"] == {"GPU-0": "in_service"}
    bench.node.clocks.go(60.0)
    is_ok, detail = agent.health()
    assert not is_ok
    assert detail["why_not"] == "no look at the GPUs for a while"


def test_metrics_count_where_time_went(bench: Bench) -> None:
    bench.run(looks=21)
    assert bench.counted("device_seconds_total", state="active") == 5.0
    assert bench.counted("device_seconds_total", state="held_idle") == 15.0
    assert bench.counted("looks_total") == 21
    assert bench.counted("devices", standing="in_service") == 1
    assert bench.counted("unattributed_seconds_total") == 0


def test_holders_whom_nobody_knows_and_flags_are_counted(bench: Bench) -> None:
    bench.node.devices = (
        gpu(processes=(process(8),)),
        gpu("GPU-1", standing=UNREADABLE, flags=frozenset({"nvml_timeout"})),
    )
    bench.node.allotted = Allotment()
    bench.run(looks=11)
    assert bench.counted("unattributed_seconds_total") == 10.0
    assert bench.counted("device_seconds_total", state="unobserved") == 10.0
    assert bench.counted("flagged_intervals_total", flag="nvml_timeout") == 1

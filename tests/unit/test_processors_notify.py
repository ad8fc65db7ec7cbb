"""The shell of notify: what it reads before it tells, whom it tells, and what it commits."""

import asyncio
import threading
from dataclasses import dataclass, field
from typing import cast

import pytest
from faust.types import TP

from schemas import topics
from schemas.records import Alert, Notice
from streams.config.catalog import load_catalog
from streams.core.notices import key_of
from streams.kafka import Entry
from streams.processors import notify as module
from streams.processors.app import Partitions
from streams.processors.notify import Notify
from streams.processors.rules import RulesInForce
from streams.settings import WorkerSettings
from tests.builders.alerts import alert
from tests.builders.terms import book, rules
from tests.notify_parts import QUICK, FakeSink, TakingOutlet
from tests.processor_fakes import CODEC, FakePartitions, app, message, metrics, run, settle, until

TOPIC = topics.ALERT_COST
HERE = TP(TOPIC.name, 0)
CATALOG = """
notify:
  - {name: critical, severities: [critical], sink: lab, channel: C061EG9SL}
  - {name: rest, tenants: [acme], sink: ops, channel: C024BE91L}
"""


@dataclass
class Bench:
    """A notify that owns one partition."""

    notify: Notify
    outlet: TakingOutlet
    partitions: FakePartitions
    ops: FakeSink = field(default_factory=FakeSink)
    lab: FakeSink = field(default_factory=FakeSink)

    async def read(self, offset: int, *alerts: Alert) -> None:
        for number, each in enumerate(alerts, start=offset):
            value = CODEC.encode("Alert", each)
            await self.notify.handle(message(TOPIC, number, value))

    async def committed(self, offset: int) -> None:
        """Wait until an offset is committed."""
        for _ in range(10_000):
            await self.notify.tick()
            if self.partitions.commits and self.partitions.commits[-1] == {HERE: offset}:
                return
            await asyncio.sleep(0.001)
        raise AssertionError(f"{self.partitions.commits}, expected {offset}")


@pytest.fixture
def topic(monkeypatch: pytest.MonkeyPatch) -> list[Entry]:
    """What lies on the topic of notices."""
    entries: list[Entry] = []
    monkeypatch.setattr(module, "read_to_end", lambda *_: list(entries))
    return entries


async def bench(*, is_assigned: bool = True) -> Bench:
    outlet, partitions = TakingOutlet(), FakePartitions()
    ops, lab = FakeSink(), FakeSink()
    in_force = RulesInForce(rules(book(), load_catalog(CATALOG)))
    settings = WorkerSettings(notify=QUICK)
    sinks = {"ops": ops, "lab": lab}
    notify = Notify(app("notify"), outlet.as_outlet(), sinks, in_force, settings, metrics())
    notify.reader.partitions = cast("Partitions", partitions)
    if is_assigned:
        await notify.assigned({HERE})
    return Bench(notify, outlet, partitions, ops, lab)


def entry(notice: Notice, offset: int = 0) -> Entry:
    return Entry(key_of(notice).encode(), CODEC.encode("Notice", notice), 0, offset, 0)


@pytest.mark.usefixtures("topic")
def test_an_alert_goes_where_its_route_says_and_is_committed_once_it_is_told() -> None:
    async def test() -> None:
        it = await bench()
        it.ops.free = asyncio.Event()
        await it.read(3, alert(), alert(2, severity="critical"), alert(3, tenant="globex"))
        await until(lambda: it.ops.asked and it.lab.asked)
        await it.committed(3)
        it.ops.free.set()
        await it.committed(6)
        assert [(each.alert_id, each.channel) for each in it.ops.asked + it.lab.asked] == [
            ("cost_anomaly/1/acme", "C024BE91L"),
            ("cost_anomaly/2/acme", "C061EG9SL"),
        ]
        await it.notify.drain()

    run(test())


@pytest.mark.usefixtures("topic")
def test_what_is_no_alert_is_passed_over() -> None:
    async def test() -> None:
        it = await bench()
        await it.notify.handle(message(TOPIC, 0, b"no avro"))
        await it.notify.handle(message(TOPIC, 1, b""))
        await it.committed(2)
        await it.notify.drain()

    run(test())


def test_what_was_told_is_read_before_anything_is_told(
    topic: list[Entry], monkeypatch: pytest.MonkeyPatch
) -> None:
    released = threading.Event()

    def slowly(*_: object) -> list[Entry]:
        released.wait(60.0)
        return list(topic)

    async def test() -> None:
        first = await bench()
        await first.read(0, alert())
        await first.committed(1)
        topic.append(entry(first.outlet.notices()[-1]))
        monkeypatch.setattr(module, "read_to_end", slowly)
        it = await bench()
        reading = asyncio.create_task(it.read(0, alert(), alert(2)))
        await settle()
        assert it.ops.asked == []
        released.set()
        await reading
        await it.committed(2)
        assert it.ops.said() == [("cost_anomaly/2/acme", 1)]
        await first.notify.drain()
        await it.notify.drain()

    run(test())


def test_partitions_that_come_anew_are_told_of_after_what_is_being_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def test() -> None:
        monkeypatch.setattr(module, "read_to_end", lambda *_: [])
        it = await bench()
        monkeypatch.setattr(module, "read_to_end", lambda *_: map(entry, it.outlet.notices()))
        it.ops.free = asyncio.Event()
        await it.read(0, alert())
        await until(lambda: it.ops.asked)
        await it.notify.assigned({HERE})
        again = asyncio.create_task(it.read(0, alert()))
        await settle()
        assert len(it.ops.asked) == 1
        it.ops.free.set()
        await again
        await it.committed(1)
        assert len(it.ops.asked) == 1
        await it.notify.drain()

    run(test())


@pytest.mark.usefixtures("topic")
def test_a_record_from_before_a_rebalance_is_not_counted_after_it() -> None:
    """It was handed over while the partitions came anew: what is before it is yet to be read."""

    async def test() -> None:
        it = await bench(is_assigned=False)
        it.ops.free = asyncio.Event()
        await it.notify.assigned({HERE})
        stale = asyncio.create_task(it.read(10, alert(5)))
        await asyncio.sleep(0)
        await it.notify.assigned({HERE})
        await stale
        await it.read(4, alert())
        await until(lambda: it.ops.asked)
        await it.committed(4)
        assert it.ops.said() == [("cost_anomaly/1/acme", 1)]
        it.ops.free.set()
        await it.committed(5)
        await it.notify.drain()

    run(test())


def test_what_nothing_can_come_of_is_taken_off_the_topic(topic: list[Entry]) -> None:
    async def test() -> None:
        first = await bench()
        await first.read(0, alert(revision=9), alert(2))
        await first.committed(2)
        told = {each["alert_id"]: each for each in first.outlet.notices()}
        for number, notice in enumerate(told.values()):
            topic.append(entry({**notice, "said_at_us": 1}, number))
        it = await bench()
        await it.read(2, alert(2))
        await it.committed(3)
        gone = [each for each in it.outlet.sent if each.name == ""]
        assert [each.topic for each in gone] == [topics.NOTIFY_SENT.name]
        await first.notify.drain()
        await it.notify.drain()

    run(test())


@pytest.mark.usefixtures("topic")
def test_told_to_stop_it_finishes_what_is_being_told_and_commits() -> None:
    async def test() -> None:
        it = await bench()
        it.ops.free = asyncio.Event()
        await it.read(0, alert(), alert(2))
        await until(lambda: it.ops.asked)
        draining = asyncio.create_task(it.notify.drain())
        await settle()
        it.ops.free.set()
        await draining
        assert it.partitions.commits[-1] == {HERE: 1}
        assert it.outlet.stages()[-1] == ("cost_anomaly/1/acme", 1, "told")

    run(test())

"""The shell of watch: what is said in which order, what it waits for, and what it commits."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import cast

import pytest
from faust.types import TP

from schemas import topics
from schemas.records import CostLine
from streams.config.catalog import load_catalog
from streams.core.cap_reached import Episode, Said
from streams.core.job_cost import JobKey, Past
from streams.core.job_watch import Job
from streams.errors import StoreUnavailable
from streams.processors import recall as module
from streams.processors.app import Partitions
from streams.processors.errors import SendFailed
from streams.processors.history import Reading
from streams.processors.rules import RulesInForce
from streams.processors.watch import Watch
from streams.settings import WatchSettings
from tests.builders.jobs import JOB, caps, job_line
from tests.builders.terms import book, rules
from tests.builders.usage import T0
from tests.processor_fakes import (
    CODEC,
    FakeOutlet,
    FakePartitions,
    app,
    message,
    metrics,
    run,
    settle,
    until,
)

TOPIC = topics.COST_LINE
HERE = TP(TOPIC.name, 0)
FAR_MS = 1 << 50  # later than anything was asked


@dataclass
class FakeHistory:
    """What ClickHouse and the topics have. Answers of `of`: nothing."""

    pasts: dict[JobKey, Past] = field(default_factory=dict)
    said_before: dict[Job, Said] = field(default_factory=dict)
    stored: int = 0
    marks: int = 0
    is_down: bool = False
    asked: list[str] = field(default_factory=list)

    def said(self, wanted: Callable[[Job], bool]) -> dict[Job, Said]:
        self._ask("said")
        return {job: said for job, said in self.said_before.items() if wanted(job)}

    def whole(self, wanted: Callable[[JobKey], bool]) -> Reading:
        self._ask("whole")
        pasts = {key: past for key, past in self.pasts.items() if wanted(key)}
        return Reading(pasts, {0: self.stored}, [self.marks])

    def of(self, keys: Iterable[JobKey]) -> Reading:
        self._ask("of")
        return Reading({key: self.pasts.get(key, Past()) for key in keys}, {0: self.stored})

    def mark(self) -> list[object]:
        return [self.marks]

    def _ask(self, what: str) -> None:
        if self.is_down:
            raise StoreUnavailable("no store answers")
        self.asked.append(what)


@dataclass
class Bench:
    """A watch that owns one partition."""

    watch: Watch
    history: FakeHistory
    outlet: FakeOutlet
    partitions: FakePartitions
    rules: RulesInForce
    offset: int = 0

    async def read(self, *lines: CostLine) -> None:
        for line in lines:
            await self.watch.handle(message(TOPIC, self.offset, CODEC.encode("CostLine", line)))
            self.offset += 1

    async def past(self, what: str = "of", count: int = 1) -> None:
        """Wait until something was asked of the past so many times, and it was taken in."""
        await until(lambda: self.history.asked.count(what) >= count)
        await asyncio.sleep(0.02)  # until the thread's answer is here

    async def tick(self) -> None:
        """Tick while the broker acknowledges everything."""
        ticking = asyncio.create_task(self.watch.tick())
        while not ticking.done():
            await settle()
            self.outlet.acknowledge()
        await ticking

    def named(self) -> list[tuple[str, str]]:
        """Return topics and states of what was sent."""
        return [(each.name, each.record.get("state") or each.record.get("stage") or "gone")
                for each in self.outlet.sent]  # fmt: skip


async def bench(history: FakeHistory | None = None) -> Bench:
    outlet, history = FakeOutlet(), history or FakeHistory()
    in_force = RulesInForce(rules(book(), load_catalog(caps("10"))))
    settings = WatchSettings(emit_every_s=0.001, look_every_s=0.01)
    watch = Watch(app("watch"), outlet.as_outlet(), history, in_force, settings, metrics())
    partitions = FakePartitions(ends={HERE: (0, FAR_MS)})
    watch.reader.partitions = cast("Partitions", partitions)
    await watch.assigned({HERE})
    return Bench(watch, history, outlet, partitions, in_force)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RETRY_S", 0.001)
    monkeypatch.setattr(module, "PACE_S", 0.001)


def test_the_state_is_said_after_the_broker_has_the_alert() -> None:
    async def test() -> None:
        it = await bench()
        await it.read(job_line(0, "12"))
        await it.past()
        ticking = asyncio.create_task(it.watch.tick())
        await settle()
        assert it.named() == [("Alert", "opened")]
        it.outlet.acknowledge("Alert")
        await settle()
        assert it.named() == [("Alert", "opened"), ("BudgetState", "exceeded")]
        it.outlet.acknowledge()
        await ticking
        await it.tick()
        assert len(it.outlet.sent) == 2

    run(test())


def test_told_to_stop_in_between_it_does_not_say_the_alert_again() -> None:
    async def test() -> None:
        it = await bench()
        await it.read(job_line(0, "12"))
        await it.past()
        ticking = asyncio.create_task(it.watch.tick())
        await settle()
        ticking.cancel()
        draining = asyncio.create_task(it.watch.drain())
        await settle()
        for _ in range(3):
            it.outlet.acknowledge()
            await settle()
        await draining
        assert it.named() == [("Alert", "opened"), ("BudgetState", "exceeded")]

    run(test())


def test_what_was_said_before_is_asked_for_after_all_was_said() -> None:
    """Partitions come anew while an alert is on its way: it is among what was said before."""

    async def test() -> None:
        it = await bench()
        await it.read(job_line(0, "12"))
        await it.past()
        ticking = asyncio.create_task(it.watch.tick())
        await settle()
        await it.watch.assigned({HERE})
        await settle()
        assert it.history.asked.count("said") == 1
        it.outlet.acknowledge("Alert")
        await settle()
        it.outlet.acknowledge()
        await ticking
        await it.past("said", 2)

    run(test())


def test_an_alert_that_the_broker_does_not_take_stops_the_processor() -> None:
    async def test() -> None:
        it = await bench()
        await it.read(job_line(0, "12"))
        await it.past()
        ticking = asyncio.create_task(it.watch.tick())
        await settle()
        it.outlet.sent[0].future.set_exception(RuntimeError("gone"))
        with pytest.raises(SendFailed):
            await ticking

    run(test())


def test_nothing_is_said_before_all_was_read_that_the_past_may_have() -> None:
    async def test() -> None:
        it = await bench()
        it.partitions.ends[HERE] = (5, 0)  # of a fetch before the past was asked
        await it.read(job_line(0, "12"))
        await it.past()
        await it.tick()
        assert it.outlet.sent == []
        it.partitions.ends[HERE] = (5, FAR_MS)
        await it.tick()
        assert it.outlet.sent == []  # four more are to come
        it.partitions.begins[HERE] = 5
        it.history.stored = 5
        await it.tick()
        assert it.named() == [("Alert", "opened"), ("BudgetState", "exceeded")]
        assert it.outlet.sent[-1].record["positions"] == {"0": 5}

    run(test())


def test_reading_begins_next_time_where_clickhouse_has_everything_before() -> None:
    async def test() -> None:
        it = await bench(FakeHistory(stored=7))
        await it.past("whole")
        assert it.partitions.commits[0] == {HERE: 7}

    run(test())


def test_a_store_that_is_behind_where_reading_began_is_waited_for() -> None:
    async def test() -> None:
        it = await bench(FakeHistory(stored=7))
        it.partitions.begins[HERE] = 9
        await it.past("whole", 3)
        assert "has not caught up" in str(it.watch.trouble)
        it.history.stored = 9
        await until(lambda: it.watch.trouble is None and bool(it.partitions.commits))
        assert it.partitions.commits[-1] == {HERE: 9}

    run(test())


def test_while_clickhouse_is_down_it_says_so_and_asks_again() -> None:
    async def test() -> None:
        history = FakeHistory(is_down=True)
        it = await bench(history)
        await it.read(job_line(0, "12"))
        await until(lambda: it.watch.trouble is not None)
        await it.tick()
        assert it.outlet.sent == []
        history.is_down = False
        await it.past()
        assert it.watch.trouble is None
        await it.tick()
        assert it.named()[0] == ("Alert", "opened")

    run(test())


def test_corrections_that_become_complete_have_the_past_read_again() -> None:
    async def test() -> None:
        it = await bench()
        await it.past("whole")
        asked = it.history.asked.count("whole")
        it.history.marks += 1
        await it.past("whole", asked + 1)

    run(test())


def test_another_catalog_is_gone_by_at_once() -> None:
    async def test() -> None:
        it = await bench()
        await it.read(job_line(0, "12"))
        await it.past()
        await it.tick()
        asked = it.history.asked.count("whole")
        it.rules.now = rules(book(), load_catalog(caps("1", jobs="eval-*")))
        await it.tick()
        assert it.named()[2:] == [("Alert", "resolved"), ("", "gone")]
        await it.past("whole", asked + 1)

    run(test())


def test_what_was_said_before_is_not_said_again() -> None:
    async def test() -> None:
        open_ = Said(Episode(1, is_over=False, since_us=T0, currency="USD"))
        it = await bench(FakeHistory(said_before={("acme", JOB): open_}))
        await it.read(job_line(0, "12"))
        await it.past()
        await it.tick()
        assert it.named() == [("BudgetState", "exceeded")]

    run(test())


def test_a_job_whose_lines_are_on_their_way_is_not_silent() -> None:
    """Another worker read them and spoke; the store has not inserted them yet."""

    async def test() -> None:
        open_ = Said(Episode(1, is_over=False, since_us=T0, currency="USD"))
        it = await bench(FakeHistory(said_before={("acme", JOB): open_}))
        it.partitions.ends[HERE] = (2, FAR_MS)
        await it.past("whole")
        await it.tick()
        assert it.outlet.sent == []
        await it.read(job_line(0, "6"), job_line(1, "6"))
        it.partitions.begins[HERE] = it.history.stored = 2
        await it.past()
        await it.tick()
        assert it.named() == [("BudgetState", "exceeded")]

    run(test())


def test_a_job_of_which_there_is_no_line_up_to_the_end_is_silent() -> None:
    async def test() -> None:
        open_ = Said(Episode(1, is_over=False, since_us=T0, currency="USD"))
        it = await bench(FakeHistory(said_before={("acme", JOB): open_}))
        it.partitions.ends[HERE] = (1, FAR_MS)
        await it.past("whole")
        await it.tick()
        assert it.outlet.sent == []
        await it.read(job_line(0, "6", job="other"))
        it.partitions.begins[HERE] = it.history.stored = 1
        await it.tick()
        assert it.named() == [("Alert", "resolved")]

    run(test())


def test_a_message_that_is_no_line_is_dropped() -> None:
    async def test() -> None:
        it = await bench()
        await it.watch.handle(message(TOPIC, 0, b"garbage"))
        await it.tick()
        assert it.outlet.sent == []

    run(test())


def test_what_no_waiting_mends_stops_it() -> None:
    async def test() -> None:
        history = FakeHistory()
        history.mark = cast("Callable[[], list[object]]", None)  # type: ignore[method-assign]  # a bug
        it = await bench(history)
        await it.past("said")
        with pytest.raises(TypeError):
            await it.watch.tick()

    run(test())

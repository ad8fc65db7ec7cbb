"""The store's shell: nothing is committed before it is inserted, and nothing is lost in between."""

import asyncio
import threading
from collections import deque
from dataclasses import dataclass, field
from typing import cast

import pytest
from faust.types import TP

from clickhouse.block import Block
from clickhouse.errors import BadQuery, Misconfigured, Unavailable
from clickhouse.writer import Flushed, Writer
from schemas import topics
from streams.processors import store as module
from streams.processors import store_patience
from streams.processors.app import Partitions
from streams.processors.errors import NotOpened, NotStored
from streams.processors.rules import RulesInForce
from streams.processors.store import Store
from streams.processors.store_patience import Patience
from streams.processors.store_session import Opening
from streams.settings import StoreSettings, WorkerSettings
from tests.builders.cost_lines import line
from tests.builders.terms import book, rules
from tests.processor_fakes import CODEC, FakePartitions, app, message, metrics, run, settle, until

FLUSH_ROWS = 4
LINES = TP(topics.COST_LINE.name, 0)


@dataclass(slots=True)
class Engine:
    """What both writers insert into. An insert takes until the gate is opened."""

    gate: threading.Event = field(default_factory=threading.Event)
    rows: list[str] = field(default_factory=list)  # ids of lines inserted
    errors: deque[Exception] = field(default_factory=deque)  # of the next inserts
    inserting: int = 0
    most_at_once: int = 0


class FakeWriter:
    """A writer whose rows added while they are inserted are lost, as with the real one."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.lines: list[str] = []
        self.recomputed = 0

    @property
    def buffered_rows(self) -> int:
        return len(self.lines)

    def add(self, *blocks: Block) -> None:
        for block in blocks:
            self.lines += [str(each) for each in block.columns[block.names.index("line_id")]]

    def flush(self) -> Flushed:
        engine = self.engine
        engine.inserting += 1
        engine.most_at_once = max(engine.most_at_once, engine.inserting)
        try:
            inserted = list(self.lines)
            assert engine.gate.wait(10), "the test forgot to open the gate"
            if engine.errors:
                raise engine.errors.popleft()
            engine.rows += inserted
            self.lines.clear()
        finally:
            engine.inserting -= 1
        return Flushed({"cost_lines": len(inserted)})

    def recompute(self) -> int:
        self.recomputed += 1
        return 0

    def redraw_quarters(self, at_most: int) -> int:
        assert at_most > 0
        return 0


@dataclass(slots=True)
class Bench:
    """A store on fakes."""

    store: Store
    engine: Engine
    partitions: FakePartitions
    handled: int = 0

    async def handle(self, count: int) -> None:
        for _ in range(count):
            value = CODEC.encode("CostLine", line(self.handled))
            await self.store.handle(message(topics.COST_LINE, self.handled, value))
            self.handled += 1

    async def done(self) -> None:
        """Wait for the end of the insert under way."""
        await until(lambda: self.store._flushing is not None and self.store._flushing.done())

    def check(self) -> None:
        """Everything before the committed offset is in the database."""
        for commit in self.partitions.commits:
            inserted = {int(each, 16) for each in self.engine.rows}
            assert set(range(commit[LINES])) <= inserted


async def bench(flush_every_s: float = 1000.0) -> Bench:
    engine = Engine()
    settings = WorkerSettings(
        store=StoreSettings(flush_rows=FLUSH_ROWS, flush_every_s=flush_every_s)
    )
    writers = cast("tuple[Writer, Writer]", (FakeWriter(engine), FakeWriter(engine)))
    opened: asyncio.Future[tuple[Writer, Writer]] = asyncio.get_running_loop().create_future()
    opened.set_result(writers)
    opening = Opening(opened, Patience())
    store = Store(app("store"), CODEC, opening, RulesInForce(rules(book())), settings, metrics())
    await store.tick()
    partitions = FakePartitions()
    store.reader.partitions = cast("Partitions", partitions)
    return Bench(store, engine, partitions)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_patience, "RETRY_S", (0.001,))
    monkeypatch.setattr(module, "DRAIN_S", 0.05)


def test_offsets_are_committed_after_their_rows_are_inserted_not_before() -> None:
    async def test() -> None:
        it = await bench()
        await it.handle(FLUSH_ROWS)
        await settle()
        assert it.partitions.commits == []
        it.engine.gate.set()
        await it.done()
        assert it.partitions.commits == [{LINES: FLUSH_ROWS}]
        assert len(it.engine.rows) == FLUSH_ROWS

    run(test())


def test_rows_that_come_during_an_insert_go_into_the_next_one() -> None:
    async def test() -> None:
        it = await bench()
        await it.handle(FLUSH_ROWS + 2)
        it.engine.gate.set()
        await it.done()
        assert it.partitions.commits == [{LINES: FLUSH_ROWS}]
        await it.handle(2)
        await it.done()
        assert it.partitions.commits[1:] == [{LINES: FLUSH_ROWS + 4}]
        assert len(it.engine.rows) == FLUSH_ROWS + 4

    run(test())


def test_reading_waits_while_an_insert_is_too_slow_and_goes_on_after_it() -> None:
    async def test() -> None:
        it = await bench()
        reading = asyncio.create_task(it.handle(10 * FLUSH_ROWS))
        await settle()
        assert not reading.done()
        assert it.handled <= (1 + module.FULL) * FLUSH_ROWS
        it.engine.gate.set()
        await asyncio.wait_for(reading, 10)
        await it.store.drain()
        assert it.partitions.commits[-1] == {LINES: 10 * FLUSH_ROWS}
        it.check()

    run(test())


def test_one_insert_runs_at_a_time_though_ticks_are_due_while_reading_waits() -> None:
    async def test() -> None:
        it = await bench(flush_every_s=0.0001)
        reading = asyncio.create_task(it.handle(10 * FLUSH_ROWS))
        for _ in range(10):
            await settle()
            await it.store.tick()
        assert it.engine.most_at_once == 1
        it.engine.gate.set()
        await asyncio.wait_for(reading, 10)
        await it.store.drain()
        assert it.engine.most_at_once == 1
        assert it.partitions.commits[-1] == {LINES: 10 * FLUSH_ROWS}
        it.check()

    run(test())


def test_while_clickhouse_is_down_nothing_is_committed_and_nothing_later_overtakes() -> None:
    async def test() -> None:
        it = await bench()
        it.engine.gate.set()
        it.engine.errors.extend(Unavailable("down") for _ in range(5))
        await it.handle(FLUSH_ROWS)
        await until(lambda: it.store.trouble is not None)
        assert it.partitions.commits == []
        await until(lambda: len(it.partitions.commits) == 1)
        assert it.store.trouble is None
        it.check()

    run(test())


def test_rows_that_the_engine_refuses_stop_the_store_with_nothing_committed() -> None:
    async def test() -> None:
        it = await bench()
        it.engine.gate.set()
        it.engine.errors.append(BadQuery("no such column"))
        await it.handle(FLUSH_ROWS)
        await it.done()
        for _ in range(2):  # whoever asks is told, and none starts the next insert
            with pytest.raises(NotStored, match="no such column"):
                await it.store.tick()
        with pytest.raises(NotStored):
            await it.handle(FLUSH_ROWS + 1)
        with pytest.raises(NotStored):
            await it.store.drain()
        assert it.partitions.commits == []

    run(test())


def test_draining_inserts_what_was_read_and_takes_nothing_more() -> None:
    async def test() -> None:
        it = await bench()
        await it.handle(FLUSH_ROWS + 1)
        draining = asyncio.create_task(it.store.drain())
        await settle()
        await it.handle(3 * FLUSH_ROWS)
        it.engine.gate.set()
        await asyncio.wait_for(draining, 10)
        assert it.partitions.commits[-1] == {LINES: FLUSH_ROWS + 1}
        assert it.engine.most_at_once == 1
        it.check()

    run(test())


def test_after_a_rebalance_only_what_was_read_since_is_committed() -> None:
    async def test() -> None:
        it = await bench()
        await it.handle(2)
        await it.store.assigned({LINES})
        it.engine.gate.set()
        await it.store.drain()
        assert len(it.engine.rows) == 2
        assert it.partitions.commits == []

    run(test())


def test_a_stop_while_clickhouse_is_down_gives_up_with_nothing_committed() -> None:
    async def test() -> None:
        it = await bench()
        it.engine.gate.set()
        it.engine.errors.extend(Unavailable("nobody answers") for _ in range(10_000))
        await it.handle(FLUSH_ROWS)
        await until(lambda: it.store.trouble == "nobody answers")
        with pytest.raises(NotStored, match="nobody answers"):
            await asyncio.wait_for(it.store.drain(), 10)
        assert it.partitions.commits == []
        assert it.engine.rows == []

    run(test())


def test_a_stop_while_clickhouse_is_down_tries_once_more_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(store_patience, "RETRY_S", (1000.0,))

    async def test() -> None:
        it = await bench()
        it.engine.gate.set()
        it.engine.errors.append(Unavailable("nobody answers"))
        await it.handle(FLUSH_ROWS)
        await until(lambda: it.store.trouble is not None)
        await asyncio.wait_for(it.store.drain(), 10)
        assert it.partitions.commits == [{LINES: FLUSH_ROWS}]

    run(test())


def test_a_database_that_cannot_be_used_stops_the_store_with_its_own_words() -> None:
    async def test() -> None:
        refused: asyncio.Future[tuple[Writer, Writer]] = asyncio.get_running_loop().create_future()
        refused.set_exception(Misconfigured("not this password", 516))
        opening = Opening(refused, Patience("opening"))
        settings = WorkerSettings()
        store = Store(
            app("store"), CODEC, opening, RulesInForce(rules(book())), settings, metrics()
        )
        with pytest.raises(NotOpened, match="not this password"):
            await store.tick()
        assert store.trouble == "opening"

    run(test())

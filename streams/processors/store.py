"""store: archive, cost lines, dead letters, late partials, alerts and budgets into ClickHouse.

What a crash costs: rows inserted and not committed are inserted again under the same keys, which
changes nothing. While ClickHouse is down nothing is committed and reading stops; topics keep what
comes.
"""

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar, cast

import faust
from faust.types import TP
from faust.types.tuples import Message

from clickhouse import rows
from clickhouse.block import Block
from clickhouse.errors import ClickHouseError
from clickhouse.usage_rows import (
    Attributed,
    Position,
    UsageBatch,
    UsageRecord,
    Versions,
    usage_rows,
)
from clickhouse.writer import Writer
from schemas import topics
from schemas.codec import Codec, Record
from schemas.errors import NotAvro
from schemas.records import Config
from streams.core.list_price import list_events
from streams.core.metering import METERS, meter_batch
from streams.metrics import Metric, Metrics
from streams.processors.errors import NotOpened, NotStored
from streams.processors.reader import Reader
from streams.processors.rules import RulesInForce
from streams.processors.skew import now_of
from streams.processors.store_session import Opening
from streams.settings import WorkerSettings

T = TypeVar("T")
TOPICS = [
    *(topic.name for topic in topics.USAGE),
    topics.COST_LINE.name,
    topics.LATE_PARTIAL.name,
    topics.DLQ_USAGE.name,
    topics.ALERT_COST.name,
    topics.BUDGET_STATE.name,
    topics.CONFIG_PRICE_BOOK.name,
    topics.CONFIG_CATALOG.name,
]
TICK_S = 0.1
FULL = 4  # times flush_rows: reading waits for the insert under way
RECOMPUTE_S = 10.0  # rollups cost more than the inserts they follow
QUARTERS_S = 60.0  # what is learned of them is hours old
QUARTERS_AT_ONCE = 4  # hours: of the largest sites they take some seconds
DRAIN_S = 5.0  # how long a stop waits for a ClickHouse that is down

ROWS: dict[str, Callable[[list[Record]], Block]] = {
    "CostLine": cast("Callable[[list[Record]], Block]", rows.cost_lines),
    "LatePartial": cast("Callable[[list[Record]], Block]", rows.late_partials),
    "DeadLetter": cast("Callable[[list[Record]], Block]", rows.dead_letters),
    "Alert": cast("Callable[[list[Record]], Block]", rows.alerts),
    "BudgetState": cast("Callable[[list[Record]], Block]", rows.budget_states),
}
CONFIG_KINDS: dict[str, rows.ConfigKind] = {
    topics.CONFIG_PRICE_BOOK.name: "price-book",
    topics.CONFIG_CATALOG.name: "catalog",
}


class Store:
    """Shell of `clickhouse.writer`: one writer fills while the other is inserted."""

    def __init__(  # noqa: PLR0913, PLR0917 - what it stands on, each once
        self,
        app: faust.App,
        codec: Codec,
        opening: Opening,
        rules: RulesInForce,
        settings: WorkerSettings,
        metrics: Metrics,
    ) -> None:
        self.reader = Reader(app, TOPICS, self)
        self.tick_s = TICK_S
        self._opening = opening
        self._filling: Writer
        self._spare: Writer
        self._rules = rules
        self._settings = settings.store
        self._clock = settings.meter.clock
        self._metrics = metrics
        self._codec = codec
        self._single: dict[str, list[Record]] = {name: [] for name in ROWS}
        self._singles = 0
        self._next: dict[TP, int] = {}
        self._flushing: asyncio.Task[None] | None = (
            None  # the insert under way, or the one that failed
        )
        self._draining = False
        self._flushed_s = time.monotonic()
        self._recomputed_s: dict[Writer, float] = {}  # of each writer, once they are open
        self._redrawn_s = -QUARTERS_S

    @property
    def trouble(self) -> str | None:
        """Why ClickHouse does not take rows now; None when it does."""
        return self._opening.patience.trouble

    @property
    def detail(self) -> dict[str, object]:
        """What it goes by."""
        return self._rules.detail

    async def assigned(self, partitions: set[TP]) -> None:  # noqa: ARG002 - a Handler's
        """Begin with these partitions. What was read before is still inserted: it is idempotent."""
        self._next = {}
        self._metrics.count(Metric.REBALANCES)

    async def handle(self, message: Message) -> None:
        """Turn one message into rows and keep them for the next insert."""
        if self._draining:
            return
        await self._open()
        self._metrics.count(Metric.RECORDS_IN, topic=message.topic)
        self._take(message)
        self._next[message.tp] = message.offset + 1
        while self._rows >= self._settings.flush_rows:
            if self._flushing is None:
                self._start_flush()
            elif self._flushing.done() or self._rows >= FULL * self._settings.flush_rows:
                await self._inserted()
            else:
                break

    async def tick(self) -> None:
        """Insert what has waited long enough."""
        await self._open()
        if self._flushing is not None and self._flushing.done():
            await self._inserted()
        due = time.monotonic() - self._flushed_s >= self._settings.flush_every_s
        if due and self._flushing is None:
            self._start_flush()

    async def drain(self) -> None:
        """Insert everything read, and commit it. Nothing is taken in any more.

        Raises NotStored when ClickHouse is down: what was read is not committed, so comes again.
        """
        self._draining = True
        if not self._recomputed_s:
            return  # nothing was read
        self._opening.patience.end_in(DRAIN_S)
        while self._flushing is not None or self._next or self._rows:
            if self._flushing is None:
                self._start_flush()
            await self._inserted()
        for writer in (self._filling, self._spare):
            await self._tried(writer.recompute)

    async def _open(self) -> None:
        """Wait until there are writers."""
        if self._recomputed_s:
            return
        try:
            writers = await asyncio.shield(self._opening.writers)
        except ClickHouseError as error:
            raise NotOpened(error.detail) from error
        if not self._recomputed_s:
            self._filling, self._spare = writers
            self._recomputed_s = dict.fromkeys(writers, 0.0)

    @property
    def _rows(self) -> int:
        return self._filling.buffered_rows + self._singles

    def _take(self, message: Message) -> None:
        try:
            name, record = self._codec.decode(cast("bytes", message.value) or b"")
        except NotAvro:
            return  # meter has sent it to the dead letters, with its bytes
        if name in METERS:
            self._filling.add(*self._usage(message, name, record))
        elif name in ROWS:
            self._single[name].append(record)
            self._singles += 1
        elif message.topic in CONFIG_KINDS:
            kind = CONFIG_KINDS[message.topic]
            self._filling.add(rows.configs(kind, [cast("Config", record)]))

    def _usage(self, message: Message, name: str, batch: Record) -> list[Block]:
        now_us = now_of(message, batch, self._clock)
        rules = self._rules.now
        metered = meter_batch(name, batch, "", rules, now_us)
        attributed = [
            None
            if each is None
            else Attributed(each.pool, each.tenant, each.cost_pico, each.precedence)
            for each in list_events(name, batch, metered, rules)
        ]
        return usage_rows(
            cast("UsageRecord", name),
            cast("UsageBatch", batch),
            attributed,
            Position(message.topic, message.partition, message.offset),
            Versions(rules.book.version, rules.catalog.version, rules.book.currency),
        )

    def _start_flush(self) -> None:
        """Insert what is there, in a thread, while the other writer takes what comes.

        Only when none is under way: offsets are committed in the order rows are inserted.
        """
        for name, records in self._single.items():
            if records:
                self._filling.add(ROWS[name](records))
                self._single[name] = []
        self._singles = 0
        self._filling, self._spare = self._spare, self._filling
        offsets, self._next = self._next, {}
        self._flushed_s = time.monotonic()
        self._flushing = asyncio.create_task(self._insert(self._spare, offsets))

    async def _inserted(self) -> None:
        """Wait for the insert under way, if any. Raises what stopped it, to all who ask.

        One that failed stays: no later one may be started, and commit past its rows.
        """
        flushing = self._flushing
        if flushing is None:
            return
        await asyncio.wait({flushing})
        flushing.result()
        if self._flushing is flushing:
            self._flushing = None

    async def _insert(self, writer: Writer, offsets: dict[TP, int]) -> None:
        if writer.buffered_rows:
            began_s = time.monotonic()
            flushed = await self._tried(writer.flush)
            self._metrics.observe(Metric.INSERT_S, time.monotonic() - began_s, table="all")
            for table, count in flushed.rows.items():
                self._metrics.count(Metric.INSERT_ROWS, count, table=table)
        await self.reader.partitions.commit(offsets)
        if time.monotonic() - self._recomputed_s[writer] >= RECOMPUTE_S:
            await self._tried(writer.recompute)
            self._recomputed_s[writer] = time.monotonic()
        if time.monotonic() - self._redrawn_s >= QUARTERS_S:
            await self._tried(lambda: writer.redraw_quarters(QUARTERS_AT_ONCE))
            self._redrawn_s = time.monotonic()

    async def _tried(self, call: Callable[[], T]) -> T:
        """Call in a thread until ClickHouse answers. Raises NotStored when it refuses."""
        try:
            return await self._opening.patience.tried(call)
        except ClickHouseError as error:
            raise NotStored(error.detail) from error

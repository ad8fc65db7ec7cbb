"""allocate: partials in, cost lines out. Its state is a fold of the log and nothing else.

What a crash costs: everything is rebuilt from the committed offset, a valid close. Lines emitted
and not spoken of in a `closed` record are emitted again, with the same content; late partials
passed on and not committed past are passed on again, under the same identity.
"""

import asyncio
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import assert_never, cast

import faust
import structlog
from faust.types import TP
from faust.types.tuples import Message

from schemas import topics
from schemas.errors import NotAvro
from schemas.records import CostLine
from streams.core.partition_log import Action, Finals, PartitionLog, PassOn, Write
from streams.core.windows import SECOND_US
from streams.logs import Occasionally
from streams.metrics import Metric, Metrics
from streams.processors.emit_pace import EmitPace
from streams.processors.library import Library
from streams.processors.outlet import Acknowledgement, Outlet, acknowledged
from streams.processors.reader import Reader
from streams.settings import AllocateSettings

LOG = structlog.get_logger()
TOPIC = topics.METERED_PARTIAL
TICK_S = 0.1


@dataclass(slots=True)
class Owned:
    """One partition of this assignment."""

    log: PartitionLog
    contested_s: float | None = None  # since when somebody else's claim stands after ours
    committed: int | None = None
    told_us: int = 0  # until when windows were said to be final
    awaiting: set[asyncio.Task[None]] = field(default_factory=set)


class Allocate:
    """Shell of `core.partition_log`."""

    def __init__(
        self,
        app: faust.App,
        outlet: Outlet,
        library: Library,
        settings: AllocateSettings,
        metrics: Metrics,
    ) -> None:
        self.reader = Reader(app, [TOPIC.name], self)
        self.tick_s = TICK_S
        self._outlet = outlet
        self._library = library
        self._settings = settings
        self._metrics = metrics
        self._codec = outlet.codec
        self._occasionally = Occasionally()
        self._owned: dict[TP, Owned] = {}
        self._failed: BaseException | None = None
        self._pace = EmitPace(settings.emit_every_s, settings.emit_share_ratio)
        self._next_commit_s = 0.0

    @property
    def trouble(self) -> str | None:
        """What it waits for; None when it waits for nothing."""
        return self._library.trouble

    @property
    def detail(self) -> dict[str, object]:
        """The price books and catalogs that open windows are drawn under."""
        versions = {each for owned in self._owned.values() for each in owned.log.versions()}
        return {
            "price_books": sorted({book for book, _ in versions}),
            "catalogs": sorted({catalog for _, catalog in versions}),
        }

    async def assigned(self, partitions: set[TP]) -> None:
        """Begin with these partitions, each under a new name."""
        for owned in self._owned.values():
            for task in owned.awaiting:
                task.cancel()
        lateness_us = round(self._settings.lateness_s * SECOND_US)
        remember_us = round(self._settings.remember_s * SECOND_US)
        self._owned = {
            tp: Owned(PartitionLog(self._library, lateness_us, remember_us)) for tp in partitions
        }
        self._metrics.count(Metric.REBALANCES)
        for tp, owned in self._owned.items():
            await self._claim(tp, owned)

    async def handle(self, message: Message) -> None:
        """Fold one record in and carry out what it asks for."""
        began = time.perf_counter()
        try:
            name, record = self._codec.decode(cast("bytes", message.value) or b"")
        except NotAvro as error:
            self._metrics.count(Metric.OUTCOMES, kind="dropped", reason=error.reason)
            if self._occasionally.due("undecodable"):
                LOG.warning("undecodable_partial", offset=message.offset, detail=error.detail)
            return
        owned = self._owned[message.tp]
        if name == "Partial" and not self._library.has(record["price_book"], record["catalog"]):
            await self._library.get(record["price_book"], record["catalog"])
            if self._owned.get(message.tp) is not owned:
                return  # partitions were handed out anew meanwhile; it comes again
        actions = owned.log.read(message.offset, name, record)
        self._metrics.observe(Metric.STEP_S, time.perf_counter() - began)
        self._metrics.count(Metric.RECORDS_IN, topic=message.topic)
        await self._carry_out(message.tp, owned, actions)

    async def tick(self) -> None:
        """Emit what changed, claim again where contested, commit. Several times a second."""
        if self._failed is not None:
            raise self._failed
        now_s = time.monotonic()
        for tp, owned in list(self._owned.items()):
            await self._reclaim(tp, owned, now_s)
        is_behind = self.reader.is_behind
        if self._pace.is_due(now_s, time.thread_time(), is_behind=is_behind):
            await self._emit_provisional()
        if now_s >= self._next_commit_s:
            self._next_commit_s = now_s + 1.0
            await self._commit()
            await self._tell()
            self._gauge()

    async def drain(self) -> None:
        """Commit; the next owner rebuilds the rest from the log."""
        await self._commit()

    async def _claim(self, tp: TP, owned: Owned) -> None:
        owned.contested_s = None
        claim = owned.log.claim(f"{uuid.uuid4()}")
        LOG.info("claimed", partition=tp.partition, owner=owned.log.owner)
        await self._carry_out(tp, owned, [claim])

    async def _reclaim(self, tp: TP, owned: Owned, now_s: float) -> None:
        if not owned.log.contested:
            return
        if owned.contested_s is None:
            owned.contested_s = now_s
        elif now_s - owned.contested_s >= self._settings.reclaim_after_s:
            await self._claim(tp, owned)

    async def _carry_out(self, tp: TP, owned: Owned, actions: Iterable[Action]) -> None:
        for action in actions:
            match action:
                case Write(name, record):
                    value = self._outlet.encode(name, record)
                    sent = [await self._outlet.send_to(TOPIC, tp.partition, value)]
                    self._then(tp, owned, sent, None)
                case Finals(_, lines):
                    self._then(tp, owned, await self._emit(lines, "final"), action)
                case PassOn(_, late):
                    self._metrics.count(Metric.OUTCOMES, kind="late", reason=late["reason"])
                    sent = [
                        await self._outlet.send(
                            topics.LATE_PARTIAL, "LatePartial", late, late["pool"]
                        )
                    ]
                    self._then(tp, owned, sent, action)
                case _:
                    assert_never(action)

    def _then(
        self, tp: TP, owned: Owned, sent: list[Acknowledgement], action: Finals | PassOn | None
    ) -> None:
        """Follow up on an action once the broker has its messages, without waiting here."""
        task = asyncio.get_running_loop().create_task(self._after(tp, owned, sent, action))
        owned.awaiting.add(task)
        task.add_done_callback(owned.awaiting.discard)

    async def _after(
        self, tp: TP, owned: Owned, sent: list[Acknowledgement], action: Finals | PassOn | None
    ) -> None:
        try:
            await acknowledged(TOPIC, sent)
            match action:
                case Finals(at, _):
                    await self._carry_out(tp, owned, owned.log.finals_acknowledged(at))
                case PassOn(offset, _):
                    owned.log.late_acknowledged(offset)
                case None:
                    pass
                case _:
                    assert_never(action)
        except Exception as error:
            self._failed = error  # raised by the next tick, which stops the processor
            raise

    async def _emit(self, lines: list[CostLine], status: str) -> list[Acknowledgement]:
        self._metrics.count(Metric.LINES_OUT, len(lines), status=status)
        return [
            await self._outlet.send(topics.COST_LINE, "CostLine", line, line["tenant"])
            for line in lines
        ]

    async def _emit_provisional(self) -> None:
        """Emit changed lines."""
        began_s, took_s = time.monotonic(), 0.0
        sent: list[Acknowledgement] = []
        for owned in list(self._owned.values()):
            for window in owned.log.dirty_windows():
                worked_s = time.thread_time()
                sent += await self._emit(window.changed(), "provisional")
                took_s += time.thread_time() - worked_s
                await asyncio.sleep(0)
        await acknowledged(topics.COST_LINE, sent)
        if sent:
            self._metrics.observe(Metric.EMIT_S, time.monotonic() - began_s)
        self._pace.emitted(began_s, took_s, time.thread_time())

    async def _commit(self) -> None:
        offsets = {}
        for tp, owned in self._owned.items():
            offset = owned.log.committable()
            if offset is not None and offset != owned.committed:
                offsets[tp] = owned.committed = offset
        await self.reader.partitions.commit(offsets)

    async def _tell(self) -> None:
        """Say until when windows are final, where that moved on."""
        for tp, owned in list(self._owned.items()):
            until_us = owned.log.final_until_us
            if until_us <= owned.told_us:
                continue
            owned.told_us = until_us
            partitions = self._outlet.counts[TOPIC.name]
            said = {"partition": tp.partition, "partitions": partitions, "until_us": until_us}
            topic, key = topics.CLOSED_WINDOW, f"{tp.partition}"
            sent = [await self._outlet.send(topic, "ClosedWindows", said, key)]
            self._then(tp, owned, sent, None)

    def _gauge(self) -> None:
        logs = [owned.log for owned in self._owned.values()]
        self._library.keep(versions for log in logs for versions in log.versions())
        self._metrics.set(Metric.OPEN_WINDOWS, sum(len(log.windows) for log in logs))
        self._metrics.set(Metric.BATCH_IDS, sum(log.batch_ids for log in logs))
        for tp, owned in self._owned.items():
            watermark = owned.log.watermark_us
            if watermark is not None:
                delay_s = (time.time_ns() // 1_000 - watermark) / SECOND_US
                self._metrics.set(Metric.WATERMARK_DELAY_S, delay_s, partition=str(tp.partition))
            end = self.reader.partitions.high_watermark(tp)
            read = self.reader.next_offset(tp)
            if end and read is not None:
                self._metrics.set(
                    Metric.LAG, max(0, end[0] - read), topic=tp.topic, partition=str(tp.partition)
                )

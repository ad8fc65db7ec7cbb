"""notify: alerts in, messages to people and programs out, by the routes of the catalog.

What a crash costs: records not done with are read again, and `notify.sent.v1` says what was told of
them. What was about to be told is looked for where it would be, and told once.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import cast

import faust
import structlog
from faust.types import TP
from faust.types.tuples import Message

from schemas import topics
from schemas.errors import NotAvro
from schemas.records import Alert
from streams.core.notices import Destination
from streams.kafka import read_to_end
from streams.logs import Occasionally
from streams.metrics import Metric, Metrics
from streams.notify import sinks as every
from streams.notify.begin import begin
from streams.notify.desk import Desk
from streams.notify.reading import notices_of
from streams.notify.routed import destinations
from streams.notify.sent import TOPIC as SENT
from streams.notify.sent import Position, Sent
from streams.notify.sink import Sink
from streams.processors.outlet import Outlet
from streams.processors.reader import Reader
from streams.processors.rules import RulesInForce
from streams.settings import WorkerSettings

LOG = structlog.get_logger()
TOPIC = topics.ALERT_COST
TICK_S = 0.1
GAUGE_S = 1.0
FORGET_S = 3_600.0
REQUESTS = 3  # that telling one saying takes at most, and its receipt
DRAIN_S = 3.0  # what a stop leaves for what is being told


class Notify:
    """Shell of `notify.desk`."""

    def __init__(  # noqa: PLR0913, PLR0917 - what it stands on, each once
        self,
        app: faust.App,
        outlet: Outlet,
        sinks: Mapping[str, Sink],
        rules: RulesInForce,
        settings: WorkerSettings,
        metrics: Metrics,
    ) -> None:
        self.reader = Reader(app, [TOPIC.name], self)
        self.tick_s = TICK_S
        self._outlet = outlet
        self._sinks = sinks
        self._rules = rules
        self._settings = settings
        self._metrics = metrics
        self._occasionally = Occasionally()
        self._mine: set[TP] = set()
        self._desk: Desk | None = None
        self._opening: asyncio.Task[Desk] | None = None
        self._committed: dict[TP, int] = {}
        self._next_gauge_s = 0.0
        self._next_forget_s = 0.0

    @property
    def trouble(self) -> str | None:
        """Why something is not told now; None when all is."""
        return self._desk.trouble if self._desk else None

    @property
    def detail(self) -> dict[str, object]:
        """What it goes by, and what waits."""
        return {**self._rules.detail, "waiting": self._desk.detail if self._desk else {}}

    async def assigned(self, partitions: set[TP]) -> None:
        """Begin with these partitions, once what was being told is told or given up."""
        self._mine = partitions
        self._committed = {}
        self._metrics.count(Metric.REBALANCES)
        loop = asyncio.get_running_loop()
        self._opening = loop.create_task(self._reopened(self._opening))

    async def handle(self, message: Message) -> None:
        """Take in one alert."""
        began = time.perf_counter()
        desk = await self._opened()
        if desk is None:
            return  # partitions were handed out anew meanwhile: it comes again
        self._metrics.count(Metric.RECORDS_IN, topic=message.topic)
        position = Position(message.partition, message.offset)
        alert = self._decoded(message)
        if alert is None:
            desk.skip(position)
        else:
            await desk.take(alert, position, self._destinations(alert))
        self._metrics.observe(Metric.STEP_S, time.perf_counter() - began)

    async def tick(self) -> None:
        """Commit what is done with."""
        if self._opening is None or not self._opening.done():
            return
        desk = self._opening.result()
        await self._commit(desk)
        now_s = time.monotonic()
        if now_s >= self._next_forget_s:
            self._next_forget_s = now_s + FORGET_S
            await desk.forget(time.time_ns() // 1_000)
        if now_s >= self._next_gauge_s:
            self._next_gauge_s = now_s + GAUGE_S
            desk.gauge()
            self._gauge_lag()

    async def drain(self) -> None:
        """Finish what is being told, and commit it. The rest comes again."""
        if self._opening is None or not self._opening.done():
            return
        desk = self._opening.result()
        await desk.close(DRAIN_S)
        await self._commit(desk)

    async def _opened(self) -> Desk | None:
        """Return the desk of this assignment, once there is one; None when another has begun."""
        opening = self._opening
        if opening is None:
            raise RuntimeError("expected partitions before their records")
        desk = await asyncio.shield(opening)
        return desk if opening is self._opening else None

    async def _reopened(self, former: "asyncio.Task[Desk] | None") -> Desk:
        """Return a desk that knows what was told, by the former one, too."""
        if former is not None:
            desk = await former
            await desk.close(REQUESTS * self._settings.notify.request_timeout_s)
        entries = await asyncio.to_thread(read_to_end, self._settings.kafka, SENT.name)
        sent = Sent(self._outlet, notices_of(self._outlet.codec, entries))
        LOG.info("notices_read", count=len(sent))
        self._desk = Desk(self._sinks, sent, self._settings.notify, self._metrics)
        return self._desk

    def _decoded(self, message: Message) -> Alert | None:
        try:
            name, record = self._outlet.codec.decode(cast("bytes", message.value) or b"")
        except NotAvro as error:
            self._metrics.count(Metric.OUTCOMES, kind="dropped", reason=error.reason)
            if self._occasionally.due("undecodable"):
                LOG.warning("undecodable_alert", offset=message.offset, detail=error.detail)
            return None
        return cast("Alert", record) if name == "Alert" else None

    def _destinations(self, alert: Alert) -> list[Destination]:
        found = destinations(self._rules.now.catalog, alert)
        if not found:
            self._metrics.count(Metric.OUTCOMES, kind="dropped", reason="no_route")
        return found

    async def _commit(self, desk: Desk) -> None:
        begins = {TP(TOPIC.name, number): offset for number, offset in desk.begins().items()}
        moved = {tp: offset for tp, offset in begins.items() if self._committed.get(tp) != offset}
        await self.reader.partitions.commit(moved)
        self._committed |= moved

    def _gauge_lag(self) -> None:
        for tp in self._mine:
            end, read = self.reader.partitions.high_watermark(tp), self.reader.next_offset(tp)
            if end and read is not None:
                self._metrics.set(
                    Metric.LAG, max(0, end[0] - read), topic=tp.topic, partition=str(tp.partition)
                )


@asynccontextmanager
async def notifying(
    app: faust.App,
    outlet: Outlet,
    rules: RulesInForce,
    settings: WorkerSettings,
    metrics: Metrics,
) -> AsyncIterator[Notify]:
    """Yield a notify over the sinks of the settings. Raises as `opened` and `begin` do."""
    await asyncio.to_thread(begin, settings)
    async with every.opened(settings.notify, partial(print, flush=True)) as sinks:
        yield Notify(app, outlet, sinks, rules, settings, metrics)

"""watch: cost lines in, alerts and states of budgets out; so far of the caps of jobs.

What a crash costs: what jobs cost is read again from ClickHouse and from the lines that came since,
what was said last from the topics and ClickHouse. So the next owner says what is new, and nothing
twice. Two owners at once say the same under the same names.
"""

import asyncio
import time
from typing import cast

import faust
import structlog
from faust.types import TP
from faust.types.tuples import Message

from schemas import topics
from schemas.errors import NotAvro
from schemas.records import CostLine
from streams.core.cap_reached import budget_id
from streams.core.job_watch import JobWatch
from streams.logs import Occasionally
from streams.metrics import Metric, Metrics
from streams.processors.outlet import Outlet
from streams.processors.reader import Reader
from streams.processors.recall import Asked, Recall
from streams.processors.rules import RulesInForce
from streams.processors.saying import say
from streams.settings import WatchSettings

LOG = structlog.get_logger()
TOPIC = topics.COST_LINE
TICK_S = 0.1
GAUGE_S = 1.0


class Watch:
    """Shell of `core.job_watch`."""

    def __init__(  # noqa: PLR0913, PLR0917 - what it stands on, each once
        self,
        app: faust.App,
        outlet: Outlet,
        history: Asked,
        rules: RulesInForce,
        settings: WatchSettings,
        metrics: Metrics,
    ) -> None:
        self.reader = Reader(app, [TOPIC.name], self)
        self.tick_s = TICK_S
        self._outlet = outlet
        self._history = history
        self._rules = rules
        self._settings = settings
        self._metrics = metrics
        self._occasionally = Occasionally()
        self._mine: set[TP] = set()
        self._watch = JobWatch(rules.now.catalog)
        self._recall = self._new_recall()
        self._recalling: asyncio.Task[None] | None = None
        self._saying: asyncio.Task[None] | None = None
        self._failed: BaseException | None = None
        self._next_calm_s = 0.0
        self._next_gauge_s = 0.0

    @property
    def trouble(self) -> str | None:
        """Why the past cannot be read; None when it can."""
        return self._recall.trouble

    @property
    def detail(self) -> dict[str, object]:
        """What it goes by, and jobs that it cannot judge."""
        return {**self._rules.detail, "cap_in_other_currency": self._watch.uncompared()}

    async def assigned(self, partitions: set[TP]) -> None:
        """Begin with these partitions: nothing is known of their jobs, or was said."""
        self._stop_recalling()
        self._mine = partitions
        self._watch = JobWatch(self._rules.now.catalog)
        self._recall = self._new_recall()
        self._metrics.count(Metric.REBALANCES)
        self._recalling = asyncio.get_running_loop().create_task(self._keep(self._recall))
        self._recalling.add_done_callback(self._notice)

    async def handle(self, message: Message) -> None:
        """Take in one line."""
        began = time.perf_counter()
        try:
            name, record = self._outlet.codec.decode(cast("bytes", message.value) or b"")
        except NotAvro as error:
            self._metrics.count(Metric.OUTCOMES, kind="dropped", reason=error.reason)
            if self._occasionally.due("undecodable"):
                LOG.warning("undecodable_line", offset=message.offset, detail=error.detail)
            return
        if name == "CostLine":
            self._watch.take(cast("CostLine", record), message.offset)
        self._metrics.observe(Metric.STEP_S, time.perf_counter() - began)
        self._metrics.count(Metric.RECORDS_IN, topic=message.topic)

    async def tick(self) -> None:
        """Say what is new; what is only more of the same, now and then."""
        if self._failed is not None:
            raise self._failed
        now_s = time.monotonic()
        if self._watch.catalog is not self._rules.now.catalog:
            self._watch.follow(self._rules.now.catalog)
        is_calm = now_s >= self._next_calm_s
        if is_calm:
            self._next_calm_s = now_s + self._settings.emit_every_s
        await self._say_whole(is_calm=is_calm)
        if now_s >= self._next_gauge_s:
            self._next_gauge_s = now_s + GAUGE_S
            self._gauge()

    async def drain(self) -> None:
        """Say what is new. The next owner reads the rest anew."""
        self._stop_recalling()
        await self._said_all()
        await self._say_whole(is_calm=True)

    async def _say_whole(self, *, is_calm: bool) -> None:
        """Say what is new to its end, whoever waits: half of it would be repeated."""
        self._saying = asyncio.get_running_loop().create_task(self._say(is_calm=is_calm))
        await asyncio.shield(self._saying)

    async def _said_all(self) -> None:
        """Wait until what is being said is said."""
        if self._saying is not None:
            await asyncio.wait({self._saying})

    async def _keep(self, recall: Recall) -> None:
        await self._said_all()  # or it would not be among what was said before
        await recall.keep()

    async def _say(self, *, is_calm: bool) -> None:
        watch, recall = self._watch, self._recall
        positions = await recall.positions()
        if watch is not self._watch:
            return  # partitions were handed out anew meanwhile
        due = watch.due(lambda key: recall.read_to(key, positions), is_calm=is_calm)
        alerts = [each.saying.alert for each in due if each.saying.alert is not None]
        states = {budget_id(*each.job): each.saying.state for each in due if each.is_of_state}
        await say(self._outlet, self._metrics, alerts, states)
        watch.told(due)  # a crash before it costs nothing, both are read again

    def _new_recall(self) -> Recall:
        return Recall(
            self._watch,
            self._mine,
            self._outlet.counts[TOPIC.name],
            self._history,
            self.reader,
            self._settings,
            self._metrics,
        )

    def _stop_recalling(self) -> None:
        if self._recalling is not None:
            self._recalling.cancel()

    def _notice(self, recalling: asyncio.Task[None]) -> None:
        if not recalling.cancelled():
            self._failed = recalling.exception()  # raised by the next tick: the processor stops

    def _gauge(self) -> None:
        self._metrics.set(Metric.WATCHED_JOBS, len(self._watch.jobs))
        self._metrics.set(Metric.WATCHED_LINES, self._watch.lines)
        for tp in self._mine:
            end, read = self.reader.partitions.high_watermark(tp), self.reader.next_offset(tp)
            if end and read is not None:
                self._metrics.set(
                    Metric.LAG, max(0, end[0] - read), topic=tp.topic, partition=str(tp.partition)
                )

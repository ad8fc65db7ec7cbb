"""meter: usage batches in, partials and watermarks out. Stateless; the batch is the identity.

What a crash costs, step by step of `handle`: nothing before 4 is remembered, and nothing is
committed before its partials are acknowledged, so the batch is metered again and its partials,
having the same ids, change nothing.
"""

import asyncio
import time
from typing import cast

import faust
import structlog
from faust.types import TP
from faust.types.tuples import Message

from schemas import topics
from schemas.codec import Record
from schemas.errors import NotAvro
from schemas.records import DeadLetter
from streams.core.metering import Metered, meter_batch
from streams.core.outcomes import Rejected
from streams.logs import Occasionally
from streams.metrics import Metric, Metrics
from streams.processors.errors import CeilingReached
from streams.processors.frontier import Frontier, Pending
from streams.processors.outlet import Acknowledgement, Outlet
from streams.processors.reader import Reader
from streams.processors.rules import RulesInForce
from streams.processors.skew import now_of
from streams.processors.watermarks import Clock, watermark_us
from streams.settings import MeterSettings

LOG = structlog.get_logger()
TOPICS = [topic.name for topic in topics.USAGE]
MAX_IN_FLIGHT = 2_000  # records of one partition handled and not acknowledged
TICK_S = 1.0


class Meter:
    """Shell of `core.metering`."""

    def __init__(
        self,
        app: faust.App,
        outlet: Outlet,
        rules: RulesInForce,
        settings: MeterSettings,
        metrics: Metrics,
    ) -> None:
        self.reader = Reader(app, TOPICS, self)
        self.tick_s = TICK_S
        self.trouble: str | None = None
        self._outlet = outlet
        self._rules = rules
        self._settings = settings
        self._metrics = metrics
        self._codec = outlet.codec
        self._clock = Clock()
        self._frontiers: dict[TP, Frontier] = {}
        self._occasionally = Occasionally()
        self._events = 0
        self._rejected = 0

    @property
    def detail(self) -> dict[str, object]:
        """What it goes by."""
        return self._rules.detail

    async def assigned(self, partitions: set[TP]) -> None:
        """Begin with these partitions."""
        self._frontiers = {tp: Frontier() for tp in partitions}
        self._metrics.count(Metric.REBALANCES)

    async def handle(self, message: Message) -> None:
        """Meter one message."""
        began = time.perf_counter()
        frontier = self._frontiers[message.tp]  # of this assignment, whatever comes while we wait
        name, batch, metered = self._step(message)  # 1 decode, 2 step
        futures = await self._emit(message, batch, metered)  # 3 emit
        sent_at_us = batch.get("sent_at_us", 0)
        frontier.add(Pending(message.offset, metered.newest_us, sent_at_us, futures))  # 4 remember
        self._count(message, name, batch, metered, time.perf_counter() - began)  # 5 count
        if len(frontier) > MAX_IN_FLIGHT:
            await asyncio.wait(frontier.oldest())
            frontier.advance()

    async def tick(self) -> None:
        """Say how far each origin is, and commit what is acknowledged. Once a second."""
        self._clock.tick()
        for tp, frontier in list(self._frontiers.items()):
            frontier.advance()
            self._lag(tp, frontier)
            await self._send_watermark(tp, frontier)
        await self.reader.partitions.commit(
            {
                tp: frontier.next_offset
                for tp, frontier in self._frontiers.items()
                if frontier.next_offset is not None
            }
        )

    async def drain(self) -> None:
        """Commit what is acknowledged; the rest is metered again by the next owner."""
        await self.tick()

    def _step(self, message: Message) -> tuple[str, Record, Metered]:
        try:
            name, batch = self._codec.decode(cast("bytes", message.value) or b"")
        except NotAvro as error:
            wrong = Rejected(-1, error.reason, error.detail)
            return "", {}, Metered([], [wrong], 0, 0)
        now_us = now_of(message, batch, self._settings.clock)
        origin = f"{message.topic}:{message.partition}"
        return name, batch, meter_batch(name, batch, origin, self._rules.now, now_us)

    async def _emit(
        self, message: Message, batch: Record, metered: Metered
    ) -> list[Acknowledgement]:
        futures = [
            await self._outlet.send(topics.METERED_PARTIAL, "Partial", partial, partial["pool"])
            for partial in metered.partials
        ]
        for rejected in metered.rejected:
            letter = self._dead_letter(message, batch, rejected)
            key = letter["source"] or message.topic
            futures.append(await self._outlet.send(topics.DLQ_USAGE, "DeadLetter", letter, key))
        return futures

    def _dead_letter(self, message: Message, batch: Record, rejected: Rejected) -> DeadLetter:
        return {
            "topic": message.topic,
            "partition": message.partition,
            "offset": message.offset,
            "index": rejected.index,
            "source": batch.get("source"),
            "epoch": batch.get("epoch"),
            "seq": batch.get("seq"),
            "reason": rejected.reason,
            "detail": rejected.detail,
            "at_us": round(message.timestamp * 1_000_000),
            "payload": self._payload(message, batch, rejected.index),
        }

    def _payload(self, message: Message, batch: Record, index: int) -> bytes:
        """Return the message as it came, or a batch of only the event that was rejected."""
        whole = cast("bytes", message.value) or b""
        if index < 0:
            return whole
        name, _ = self._codec.decode(whole)
        return self._codec.encode(name, {**batch, "events": [batch["events"][index]]})

    async def _send_watermark(self, tp: TP, frontier: Frontier) -> None:
        at_us = await watermark_us(
            self.reader, tp, frontier, self._clock, by_log=self._settings.clock == "log"
        )
        if not at_us:
            return
        record = {"origin": f"{tp.topic}:{tp.partition}", "at_us": at_us, "origins": self._origins}
        value = self._outlet.encode("Watermark", record)
        for partition in range(self._outlet.counts[topics.METERED_PARTIAL.name]):
            await self._outlet.send_to(topics.METERED_PARTIAL, partition, value)
        self._metrics.set(
            Metric.WATERMARK_DELAY_S,
            (self._clock.now_us() - at_us) / 1_000_000,
            partition=f"{tp.topic}:{tp.partition}",
        )

    @property
    def _origins(self) -> int:
        return sum(self._outlet.counts[topic] for topic in TOPICS)

    def _lag(self, tp: TP, frontier: Frontier) -> None:
        end = self.reader.partitions.high_watermark(tp)
        if end and frontier.next_offset is not None:
            lag = max(0, end[0] - frontier.next_offset)
            self._metrics.set(Metric.LAG, lag, topic=tp.topic, partition=str(tp.partition))

    def _count(
        self, message: Message, name: str, batch: Record, metered: Metered, for_s: float
    ) -> None:
        metrics = self._metrics
        metrics.observe(Metric.STEP_S, for_s)
        metrics.count(Metric.RECORDS_IN, topic=message.topic)
        metrics.count(Metric.EVENTS_IN, metered.events, topic=message.topic)
        metrics.count(Metric.OUTCOMES, len(metered.partials), kind="emitted", reason="partial")
        if batch.get("losses"):
            lost = sum(loss["events"] for loss in batch["losses"])
            metrics.count(Metric.OUTCOMES, lost, kind="lost", reason="at_producer")
        if metered.evidence:
            metrics.count(Metric.EVIDENCE, metered.evidence)
        for why, events in metered.unattributed.items():
            metrics.count(Metric.UNATTRIBUTED, events, reason=why)
        for rejected in metered.rejected:
            metrics.count(Metric.DEAD_LETTERS, reason=rejected.reason)
            if self._occasionally.due(rejected.reason):
                LOG.warning("dead_letter", reason=rejected.reason, record=name, topic=message.topic,
                        partition=message.partition, offset=message.offset,
                        index=rejected.index)  # fmt: skip
        self._events += metered.events
        self._rejected += len(metered.rejected)
        self._check_ceiling()

    def _check_ceiling(self) -> None:
        settings = self._settings
        seen = self._events + self._rejected
        if (
            self._rejected > settings.dead_letter_ceiling_events
            and self._rejected > settings.dead_letter_ceiling_ratio * seen
        ):
            raise CeilingReached(self._rejected, seen, settings.dead_letter_ceiling_ratio)

"""All cost lines, for one worker at a time: whoever owns the one partition of the catalogs leads.

Cost lines are sums already, few enough for one worker, and what is asked of all tenants together
needs all of them. So the group hands out a topic of one partition, and its owner reads cost lines
with a client of its own, from where it wants. The others stand by. One that was paused, and does
not know that another leads, reads the same lines and says the same of them.

What a crash costs: nothing here is kept or committed; the next leader begins anew.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping
from typing import Any, Final, NamedTuple, TypeVar, cast

import faust
import structlog
from faust.types import TP
from faust.types.tuples import Message

from schemas import topics
from schemas.codec import Codec
from schemas.errors import NotAvro
from schemas.records import CostLine
from streams.kafka.log import Entry
from streams.kafka.whole import WholeTopic
from streams.logs import Occasionally
from streams.metrics import Metric, Metrics
from streams.processors.reader import Reader
from streams.settings import KafkaSettings

LOG = structlog.get_logger()
T = TypeVar("T")
TOPIC = topics.COST_LINE
LEADS = topics.CONFIG_CATALOG  # whose one partition says who leads
PAUSED_S: Final = 3.0  # a tick so late means that the process was stopped, or starved
HELD_S: Final = 6.0  # what such a one waits until it would know that another leads


class Read(NamedTuple):
    """A cost line, and where it was read."""

    line: CostLine
    partition: int
    offset: int


class Lines:
    """Cost lines of all partitions, as a leader reads them. `begin` first."""

    def __init__(self, whole: WholeTopic, codec: Codec, metrics: Metrics) -> None:
        self._whole = whole
        self._codec = codec
        self._metrics = metrics
        self._occasionally = Occasionally()
        self._reading: asyncio.Future[list[Entry]] | None = None

    @property
    def positions(self) -> dict[int, int]:
        """The next offset of each partition: everything before it was returned."""
        return dict(self._whole.positions)

    @property
    def is_at_end(self) -> bool:
        """Whether all was returned that there was when it began, or at the last `look_again`."""
        return self._whole.is_at_end

    @property
    def trouble(self) -> str | None:
        """Why nothing can be read now; None when it can."""
        why = self._whole.trouble
        return None if why is None else f"{TOPIC.name} cannot be read: {why}"

    def begin(self, offsets: Mapping[int, int]) -> None:
        """Read on from these offsets; a partition without one from its begin."""
        self._whole.begin(offsets)

    def look_again(self) -> None:
        """Have `is_at_end` mean the ends that there are from now on."""
        self._whole.look_again()

    async def more(self) -> list[Read]:
        """Return what has come, in order within each partition; waits a moment for something.

        Raises NotAllowed or TopicsMissing when the topic can be read no more.
        """
        self._reading = asyncio.ensure_future(asyncio.to_thread(self._whole.more))
        entries = await asyncio.shield(self._reading)
        return [read for entry in entries if (read := self._decoded(entry)) is not None]

    def gauge(self) -> None:
        """Tell how far behind it is."""
        for number, count in self._whole.behind().items():
            self._metrics.set(Metric.LAG, count, topic=TOPIC.name, partition=str(number))

    async def close(self) -> None:
        """Let go of the connections, once nobody reads."""
        if self._reading is not None:
            await asyncio.wait({self._reading})
        await asyncio.to_thread(self._whole.close)

    def _decoded(self, entry: Entry) -> Read | None:
        self._metrics.count(Metric.RECORDS_IN, topic=TOPIC.name)
        try:
            name, record = self._codec.decode(entry.value or b"")
        except NotAvro as error:
            self._metrics.count(Metric.OUTCOMES, kind="dropped", reason=error.reason)
            if self._occasionally.due("undecodable"):
                LOG.warning("undecodable_line", offset=entry.offset, detail=error.detail)
            return None
        if name != "CostLine":
            return None
        return Read(cast("CostLine", record), entry.partition, entry.offset)


Lead = Callable[[Lines], Coroutine[Any, Any, None]]


class Leader:
    """Runs `lead` in whichever worker of a group is the leader, and cancels it when it is no more.

    `lead` runs until it is cancelled. What it must not leave half done it puts into `unbroken`.
    """

    def __init__(
        self, app: faust.App, kafka: KafkaSettings, codec: Codec, metrics: Metrics, lead: Lead
    ) -> None:
        self.reader = Reader(app, [LEADS.name], self)
        self.is_leading = False
        self.lines: Lines | None = None  # of this leader, once it reads
        self._kafka = kafka
        self._codec = codec
        self._metrics = metrics
        self._lead = lead
        self._tasks: set[asyncio.Task[None]] = set()  # of one that leads, and others that end
        self._failed: BaseException | None = None
        self._alive_s = float("inf")  # when the process was seen to run last
        self._held_s = 0.0  # until when nothing is said

    async def assigned(self, partitions: set[TP]) -> None:
        """Lead, or stand by. Whatever was led before ends first."""
        self._metrics.count(Metric.REBALANCES)
        self.is_leading = bool(partitions)
        LOG.info("leading" if self.is_leading else "standing_by")
        task = asyncio.get_running_loop().create_task(self._succeed(frozenset(self._tasks)))
        self._tasks.add(task)
        task.add_done_callback(self._notice)

    async def handle(self, message: Message) -> None:
        """Do nothing: which catalog is in force is known already."""

    def check(self) -> None:
        """Raise what stopped the leading. Call it with every tick."""
        self._notice_pause()
        if self._failed is not None:
            raise self._failed

    async def steady(self) -> None:
        """Return when it may speak: after a pause it waits to hear whether another leads.

        If so, whoever waits here is cancelled.
        """
        self._notice_pause()
        left_s = self._held_s - time.monotonic()
        if left_s > 0:
            await asyncio.sleep(left_s)
            await self.steady()  # it may have been paused again

    async def stop(self) -> None:
        """Lead no more; what is unbroken ends first."""
        self.is_leading = False
        await ended(frozenset(self._tasks))

    async def _succeed(self, before: frozenset[asyncio.Task[None]]) -> None:
        await ended(before)
        if not self.is_leading:
            return
        whole = await asyncio.to_thread(WholeTopic, self._kafka, TOPIC.name)
        lines = self.lines = Lines(whole, self._codec, self._metrics)
        try:
            await self._lead(lines)
        finally:
            self.lines = None
            await lines.close()

    def _notice_pause(self) -> None:
        now_s = time.monotonic()
        if now_s - self._alive_s > PAUSED_S:
            LOG.warning("was_paused", for_s=round(now_s - self._alive_s, 1), holds_s=HELD_S)
            self._held_s = now_s + HELD_S
        self._alive_s = now_s

    def _notice(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            self._failed = self._failed or task.exception()


async def unbroken(work: Awaitable[T]) -> T:
    """Wait for something that goes on to its end even when the waiting is given up."""
    doing = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(doing)
    except asyncio.CancelledError:
        await asyncio.wait({doing})
        raise


async def ended(tasks: Collection[asyncio.Task[Any]]) -> None:
    """Give tasks up and wait until they have ended. What they failed of is not raised here."""
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)

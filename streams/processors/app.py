"""The Faust app every processor is: its own consumer group, no tables, no acks, no web server.

Faust's book-keeping of acknowledgements commits the first contiguous run it happens to see, so the
topics are read without it and offsets are committed explicitly, when their effects are durable.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import gettempdir
from typing import Any, cast

import faust
import mode
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import IllegalStateError
from aiokafka.structs import TopicPartition
from faust.tables import TableManager
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from streams.kafka.connection import faust_options
from streams.settings import KafkaSettings

NEVER_S = 10.0**9  # for watchdogs that expect Faust's own commits
BUFFER_MESSAGES = 256  # read ahead of the processor; a batch is up to 256 KiB
LINGER_S = 0.005
SEND_BYTES = (
    256 * 1024
)  # a partition's share of one request; the client has one at a time under way
FETCH_BYTES = 4 * 1024 * 1024  # a partition's share of one fetch
FETCH_WAIT_MS = 100  # how long a fetch that finds nothing is held


def make_app(name: str, kafka: KafkaSettings, *, loop: asyncio.AbstractEventLoop) -> faust.App:
    """Return the app of a processor; its consumer group is `apportion-<name>`."""
    app = faust.App(
        f"apportion-{name}",
        **faust_options(kafka),
        loop=loop,
        autodiscover=False,
        datadir=Path(gettempdir()) / "apportion-faust",  # only its tables would use it
        web_enabled=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        agent_supervisor=mode.CrashingSupervisor,
        stream_buffer_maxsize=BUFFER_MESSAGES,
        stream_wait_empty=False,
        stream_recovery_delay=0.0,
        stream_processing_timeout=NEVER_S,
        broker_commit_livelock_soft_timeout=NEVER_S,
        broker_commit_interval=NEVER_S,
        broker_max_poll_interval=300.0,
        consumer_auto_offset_reset="earliest",
        TableManager=NoTables,
        consumer_max_fetch_size=FETCH_BYTES,
        producer_linger=LINGER_S,
        producer_max_batch_size=SEND_BYTES,
        producer_compression_type="lz4",
        producer_request_timeout=kafka.request_timeout_s,
        value_serializer="raw",
        key_serializer="raw",
    )
    app.transport = Transport(app.conf.broker_consumer, app)
    return app


class NoTables(TableManager):
    """Joins the group at once; Faust waits a second first, for tables to be declared."""

    async def on_start(self) -> None:
        """Say that all tables there are have been declared."""
        await self._update_channels()
        await self.recovery.start()


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """Holds fetches for FETCH_WAIT_MS; Faust says 1.5 s, and leaves no way to set it.

    Kafka answers as soon as there is something. The embedded broker looks again only after half of
    the wait: each step of the chain was 0.4 s late on average (measured), with this 0.03 s.
    """

    def _create_worker_consumer(self, transport: driver.Transport) -> AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS  # noqa: SLF001 - see the class
        return consumer


class Consumer(driver.Consumer):
    """Reads in a ConsumerThread of ours."""

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)


class Transport(driver.Transport):
    """Faust's own but for the consumer."""

    Consumer = Consumer


class Partitions:
    """What is known of the partitions this worker reads, from the client underneath Faust.

    Faust's types know only its abstract consumer; what is used here is the aiokafka driver's.
    """

    def __init__(self, app: faust.App) -> None:
        self._app = app

    @property
    def _consumer(self) -> Any:  # noqa: ANN401 - see the class
        return self._app.consumer

    @property
    def rebalancing(self) -> bool:
        """Whether the group is handing partitions out, and reading has not begun again."""
        return bool(self._app.rebalancing)

    def assigned(self) -> set[TP]:
        """Return the partitions this worker reads now."""
        return set(self._consumer.assignment())

    def committed(self, tp: TP) -> int | None:
        """Return the offset reading began at after the last rebalance; None: nothing committed."""
        return cast("int | None", self._consumer._committed_offset.get(tp))  # noqa: SLF001

    def high_watermark(self, tp: TP) -> tuple[int, int] | None:
        """Return (end of the log, when that was learnt in ms since the epoch) of the last fetch.

        Never from ListOffsets, which the embedded broker answers wrongly.
        """
        state = self._state(tp)
        if state is None or state.highwater is None or state.timestamp is None:
            return None
        return state.highwater, state.timestamp

    async def beginning(self, tp: TP) -> int:
        """Return the first offset of the log. Asks the broker."""
        found = await self._consumer.earliest_offsets(tp)
        return int(next(iter(found.values())))

    async def commit(self, offsets: Mapping[TP, int]) -> None:
        """Commit where to begin reading next time, for those partitions still assigned."""
        if offsets:
            await self._consumer._commit(dict(offsets))  # noqa: SLF001 - acks are not used

    async def seek(self, tp: TP, offset: int) -> None:
        """Read again from an offset; nothing happens when the partition was just taken away."""
        with suppress(IllegalStateError):
            await self._consumer.seek_wait({tp: offset})  # in the client's own thread

    def _state(self, tp: TP) -> Any:  # noqa: ANN401 - aiokafka's, untyped
        client = self._consumer._thread._consumer  # noqa: SLF001 - no public way to them
        subscription = client._subscription.subscription if client else None  # noqa: SLF001
        assignment = subscription.assignment if subscription else None
        key = TopicPartition(tp.topic, tp.partition)
        if assignment is None or key not in assignment.tps:
            return None
        return assignment.state_value(key)

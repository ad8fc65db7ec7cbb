"""The published catalog: followed on its topic, and kept on disk for starts without Kafka.

No group is joined and nothing is committed. The one published last is in force; until the topic has
been read to its end once, that is the one on disk.
"""

import logging
import os
import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final, Generic, TypeAlias, TypeVar

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)

from agents.errors import CatalogUnreadable
from schemas.codec import Codec
from schemas.errors import SchemaError
from schemas.topics import CONFIG_CATALOG

Property: TypeAlias = str | int | float | bool
Offsets: TypeAlias = dict[int, int]  # the next one, by partition
Part = TypeVar("Part")
Reader: TypeAlias = Callable[[str, str, str], Part]  # text, where it came from, its version

LOG: Final = logging.getLogger("agents.librdkafka")
GROUP: Final = "apportion-agent"  # librdkafka wants a name; nothing joins or commits it
READ_WAIT_MS: Final = 100  # how long an empty fetch is held while the end is looked for
FOLLOW_WAIT_MS: Final = 10_000  # and after: what an idle node asks of the broker
POLL_S: Final = 0.5
METADATA_S: Final = 5.0
RETRY_S: Final = 5.0
LAST_S: Final = 5.0  # for the thread to end
QUEUE_KIB: Final = 1_024  # of messages that nobody has taken yet
NOT_READ: Final = "not read yet"
LAID_OUT: Final[dict[str, Property]] = {
    "group.id": GROUP,
    "enable.auto.commit": False,
    "enable.partition.eof": True,
    "auto.offset.reset": "earliest",
    "allow.auto.create.topics": False,
    "socket.timeout.ms": 60_000,  # longer than a fetch may be held
    "queued.max.messages.kbytes": QUEUE_KIB,
    "log_level": 2,  # `fault` says it
}


class TopicCatalog(Generic[Part]):
    """The part of the catalog in force that an agent reads, followed by one thread.

    `read` raises CatalogUnreadable; `kafka`: librdkafka properties.
    """

    def __init__(
        self,
        read: Reader[Part],
        kafka: Mapping[str, Property],
        kept: Path,
        topic: str = CONFIG_CATALOG.name,
        wait_ms: int = FOLLOW_WAIT_MS,
    ) -> None:
        self.has_read_all = threading.Event()  # of the topic, once
        self._read: Reader[Part] = read
        self._settings = {**kafka, **LAID_OUT}
        self._kept = kept
        self._topic = topic
        self._wait_ms = wait_ms
        self._codec = Codec()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._published_us = 0
        self._unreachable: str | None = None
        self._refused: str | None = None  # why the newest catalog was not taken
        self._now = self._from_disk()

    @property
    def fault(self) -> str | None:
        """Why the part may not be that in force; None: it is."""
        waiting = None if self.has_read_all.is_set() else NOT_READ
        return self._unreachable or self._refused or waiting

    def current(self) -> Part | None:
        """Return the part in force; None: no catalog was ever read on this node."""
        return self._now

    def start(self) -> None:
        """Follow the topic in a thread that ends with the process."""
        self._thread.start()

    def close(self) -> None:
        """Stop following."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(LAST_S)

    def _follow(self) -> None:
        while not self._stop.is_set():
            try:
                self._follow_from(self._read_to_end())
            except KafkaException as error:
                self._unreachable = error.args[0].str()
                self._stop.wait(RETRY_S)

    def _read_to_end(self) -> Offsets:
        """Put the last catalog of the topic in force, and return where what comes next begins."""
        newest: dict[str, Any] | None = None
        with closing(self._consumer(READ_WAIT_MS)) as consumer:
            offsets = dict.fromkeys(self._partitions(consumer), OFFSET_BEGINNING)
            self._unreachable = None
            self._assign(consumer, offsets)
            unread = {*offsets}
            while unread and not self._stop.is_set():
                message = consumer.poll(POLL_S)
                if message is not None and self._is_end(message):
                    unread.discard(message.partition())
                elif (record := self._record(message, offsets)) is not None:
                    newest = max(newest or record, record, key=published_us)
        if newest is not None:
            self._take(newest)
        if not unread:
            self.has_read_all.set()
        return offsets

    def _follow_from(self, offsets: Offsets) -> None:
        with closing(self._consumer(self._wait_ms)) as consumer:
            self._assign(consumer, offsets)
            while not self._stop.is_set():
                message = consumer.poll(POLL_S)
                if self._unreachable is not None:  # nothing else tells that it is over
                    self._partitions(consumer)
                    self._unreachable = None
                record = None if self._is_end(message) else self._record(message, offsets)
                if record is not None and published_us(record) >= self._published_us:
                    self._take(record)

    def _consumer(self, wait_ms: int) -> Consumer:
        settings = {**self._settings, "fetch.wait.max.ms": wait_ms, "error_cb": self._broken}
        return Consumer(settings, logger=LOG)

    def _broken(self, error: KafkaError) -> None:
        self._unreachable = str(error.str())

    def _partitions(self, consumer: Consumer) -> list[int]:
        """Return the partitions. Raises KafkaException without a broker, or such a topic."""
        found = consumer.list_topics(timeout=METADATA_S).topics.get(self._topic)
        if found is None:
            unknown = KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART)
            raise KafkaException(unknown)
        return [*found.partitions]

    def _assign(self, consumer: Consumer, offsets: Offsets) -> None:
        consumer.assign([TopicPartition(self._topic, n, at) for n, at in offsets.items()])

    def _is_end(self, message: Message | None) -> bool:
        error = None if message is None else message.error()
        return error is not None and error.code() == KafkaError._PARTITION_EOF  # noqa: SLF001 - its public name

    def _record(self, message: Message | None, offsets: Offsets) -> dict[str, Any] | None:
        """Return the catalog in a message, if there is one. Raises KafkaException."""
        if message is None:
            return None
        error = message.error()
        if error is not None:
            raise KafkaException(error)
        partition, offset, value = message.partition(), message.offset(), message.value()
        if partition is not None and offset is not None:
            offsets[partition] = offset + 1
        return None if value is None else self._decoded(value)

    def _decoded(self, value: bytes) -> dict[str, Any] | None:
        try:
            name, record = self._codec.decode(value)
        except SchemaError as error:
            self._refused = str(error)
            return None
        return record if name == "Config" else None

    def _take(self, record: dict[str, Any]) -> None:
        """Put a catalog in force and keep it. One that cannot be read leaves what there is."""
        try:
            self._now = self._read(record["body"], self._topic, record["version"])
            self._published_us = published_us(record)
            self._refused = None
            self._keep(self._codec.encode("Config", record))
        except CatalogUnreadable as error:
            self._refused = str(error)
        except OSError as error:
            self._refused = f"the catalog could not be kept in {self._kept}: {error!r}"

    def _keep(self, value: bytes) -> None:
        beside = self._kept.with_suffix(".new")
        with beside.open("wb") as file:
            file.write(value)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._kept)

    def _from_disk(self) -> Part | None:
        try:
            record = self._decoded(self._kept.read_bytes())
            if record is None:
                return None
            return self._read(record["body"], str(self._kept), record["version"])
        except (OSError, CatalogUnreadable):  # it is read again from the topic
            return None


def published_us(record: Mapping[str, Any]) -> int:
    """Return when a catalog was published: later ones have later times."""
    return int(record["published_at_us"])

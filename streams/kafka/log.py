"""Read a topic with no group, and publish single messages. All of it blocks.

The end of a partition is where a fetch finds nothing more (librdkafka's partition EOF). It is
never asked for by ListOffsets: the embedded broker answers the first offset of the last batch.
"""

import time
from collections.abc import Generator
from dataclasses import dataclass
from enum import Enum
from typing import cast

from confluent_kafka import (
    OFFSET_BEGINNING,
    OFFSET_END,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    Producer,
    TopicPartition,
)

from schemas.topics import DOCUMENT_MAX_BYTES, partition_of
from streams.errors import (
    BrokerUnavailable,
    DeliveryFailed,
    MessageTooLarge,
    ReadTimedOut,
    TopicsMissing,
)
from streams.kafka.connection import ConfluentConfig, confluent, consumer
from streams.kafka.permissions import Access, require
from streams.settings import KafkaSettings

POLL_S = 0.05
FETCH_WAIT_MS = 20  # how long an empty fetch is held: what an EOF costs
GROUP = "apportion-reader"  # librdkafka wants a name; nothing joins or commits it
CANNOT_READ = {KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError.TOPIC_AUTHORIZATION_FAILED}
MAX_BATCH = 1000  # messages taken from librdkafka at once
ONE_MESSAGE: ConfluentConfig = {
    "acks": "all",
    "linger.ms": 0,
    "compression.type": "zstd",  # YAML shrinks to a tenth: most books fit a topic left at 1 MB
    "message.max.bytes": DOCUMENT_MAX_BYTES,  # librdkafka counts before it compresses
}


class Start(Enum):
    """Where reading begins."""

    BEGINNING = OFFSET_BEGINNING
    END = OFFSET_END


@dataclass(frozen=True, slots=True)
class Since:
    """Begin with the messages of an instant, by the broker's clock, or perhaps a few before it."""

    at_us: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One message as it lies in the log. `value` is None for a tombstone."""

    key: bytes | None
    value: bytes | None
    partition: int
    offset: int
    at_ms: int


def read_to_end(kafka: KafkaSettings, topic: str, deadline_s: float = 30.0) -> list[Entry]:
    """Return all that lies in a topic now, in order within each partition.

    Raises ReadTimedOut, NotAllowed, TopicsMissing or BrokerUnavailable.
    """
    return list(follow(kafka, topic, until_end=True, deadline_s=deadline_s))


def follow(
    kafka: KafkaSettings,
    topic: str,
    start: Start | Since = Start.BEGINNING,
    *,
    until_end: bool = False,
    deadline_s: float | None = None,
) -> Generator[Entry]:
    """Yield the messages of a topic, for ever or until every partition was read to its end.

    With Start.END only what comes after the call's first look at the end is yielded.
    Raises ReadTimedOut once `deadline_s` has passed; None means no bound. Raises NotAllowed and
    TopicsMissing.
    """
    reader = Consumer(
        {
            **consumer(kafka, GROUP),
            "enable.partition.eof": True,
            "fetch.wait.max.ms": FETCH_WAIT_MS,
            "allow.auto.create.topics": False,
        }
    )
    try:
        partitions = partitions_of(kafka, reader, topic)
        reader.assign(_places(kafka, reader, topic, partitions, start))
        reading = _Reading(kafka, reader, topic, start, until_end, deadline_s)
        yield from _entries(reading, set(partitions))
    finally:
        reader.close()


def publish(
    kafka: KafkaSettings, topic: str, key: str, value: bytes, deadline_s: float = 30.0
) -> None:
    """Put one message on a topic, at the key's partition, and wait until it is acknowledged.

    Raises NotAllowed, TopicsMissing, MessageTooLarge, BrokerUnavailable or DeliveryFailed.
    """
    require(kafka, Access(writes=[topic]))
    producer = Producer({**confluent(kafka), **ONE_MESSAGE})
    partition = partition_of(key, len(partitions_of(kafka, producer, topic)))
    outcome: list[KafkaError | None] = []
    try:
        producer.produce(
            topic, value, key, partition, on_delivery=lambda error, _message: outcome.append(error)
        )
    except KafkaException as error:
        outcome.append(error.args[0])
    producer.flush(deadline_s)
    if not outcome:
        raise DeliveryFailed(topic, f"no acknowledgement in {deadline_s:.1f} s")
    refused = outcome[0]
    if refused is not None and refused.code() == KafkaError.MSG_SIZE_TOO_LARGE:
        raise MessageTooLarge(topic, len(value), DOCUMENT_MAX_BYTES)
    if refused is not None:
        raise DeliveryFailed(topic, refused.str())


@dataclass(frozen=True, slots=True)
class _Reading:
    kafka: KafkaSettings
    reader: Consumer
    topic: str
    start: Start | Since
    until_end: bool
    deadline_s: float | None


def _places(
    kafka: KafkaSettings,
    reader: Consumer,
    topic: str,
    partitions: list[int],
    start: Start | Since,
) -> list[TopicPartition]:
    if isinstance(start, Start):
        return [TopicPartition(topic, number, start.value) for number in partitions]
    asked = [TopicPartition(topic, number, start.at_us // 1000) for number in partitions]
    try:
        return reader.offsets_for_times(asked, timeout=kafka.request_timeout_s)
    except KafkaException as error:
        detail = error.args[0].str()
        raise BrokerUnavailable(kafka.bootstrap, kafka.request_timeout_s, detail) from error


def _entries(reading: _Reading, unread: set[int]) -> Generator[Entry]:
    began = time.monotonic()
    while unread or not reading.until_end:
        if reading.deadline_s is not None and time.monotonic() - began > reading.deadline_s:
            detail = f"{len(unread)} partitions unread"
            raise ReadTimedOut(reading.topic, reading.deadline_s, detail)
        for message in reading.reader.consume(MAX_BATCH, timeout=POLL_S):
            behind_the_start = reading.start is Start.END and message.partition() in unread
            entry = _entry_or_end(reading, message, unread)
            if entry is not None and not behind_the_start:
                yield entry


def _entry_or_end(reading: _Reading, message: Message, unread: set[int]) -> Entry | None:
    error = message.error()
    if error is None:
        return entry_of(message)
    if error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - its public name
        unread.discard(message.partition())
    elif error.code() in CANNOT_READ:
        require(reading.kafka, Access(reads=[reading.topic]))
    return None  # anything else librdkafka retries by itself; the deadline bounds it


def entry_of(message: Message) -> Entry:
    """Return a message that is no error."""
    return Entry(
        key=message.key(),
        value=message.value(),
        partition=cast("int", message.partition()),
        offset=cast("int", message.offset()),
        at_ms=message.timestamp()[1],
    )


def partitions_of(kafka: KafkaSettings, client: Consumer | Producer, topic: str) -> list[int]:
    """Return the numbers of a topic's partitions.

    Raises NotAllowed, TopicsMissing or BrokerUnavailable.
    """
    try:
        everything = client.list_topics(timeout=kafka.request_timeout_s)
    except KafkaException as error:
        detail = error.args[0].str()
        raise BrokerUnavailable(kafka.bootstrap, kafka.request_timeout_s, detail) from error
    found = everything.topics.get(topic)  # asking for it by name may create it
    if found is None:
        require(kafka, Access(reads=[topic]))
        raise TopicsMissing([topic])
    return sorted(found.partitions)

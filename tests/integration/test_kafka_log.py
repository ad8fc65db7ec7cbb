"""A topic is read to its true end, even where ListOffsets lies, and messages are acknowledged."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from uuid import uuid4

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from schemas.topics import Topic, partition_of
from streams.errors import ReadTimedOut, TopicsMissing
from streams.kafka import Entry, Start, create_topics, follow, publish, read_to_end
from streams.kafka.connection import confluent, consumer
from streams.settings import KafkaSettings
from tests import brokers

pytestmark = pytest.mark.integration

BATCH = 400
BATCHING_MS = 500  # the producer waits this long, so that one flush is one batch


@pytest.fixture
def kafka(broker: str) -> KafkaSettings:
    return KafkaSettings(bootstrap=broker)


def new_topic(kafka: KafkaSettings, partitions: int) -> str:
    name = f"t-{uuid4().hex}.v1"
    create_topics(kafka, wanted=[Topic(name, "key", (), partitions, 60_000, "delete", "A test's.")])
    return name


@pytest.fixture
def single(kafka: KafkaSettings) -> str:
    return new_topic(kafka, 1)


@pytest.fixture
def several(kafka: KafkaSettings) -> str:
    return new_topic(kafka, 4)


def produce_batch(kafka: KafkaSettings, topic: str, values: Iterator[int] | range) -> None:
    producer = Producer({**confluent(kafka), "linger.ms": BATCHING_MS})
    for value in values:
        producer.produce(topic, str(value).encode(), b"k", partition=0)
    assert producer.flush(30) == 0


def told_end(kafka: KafkaSettings, topic: str) -> int:
    asking = Consumer(consumer(kafka, "asks"))
    try:
        return int(asking.get_watermark_offsets(TopicPartition(topic, 0), timeout=10)[1])
    finally:
        asking.close()


def values(entries: list[Entry]) -> list[int]:
    return [int(entry.value or b"") for entry in entries]


def test_all_is_read_although_list_offsets_says_less(kafka: KafkaSettings, single: str) -> None:
    produce_batch(kafka, single, range(BATCH))
    produce_batch(kafka, single, range(BATCH, 2 * BATCH))
    if not brokers.IS_APACHE:
        assert told_end(kafka, single) < 2 * BATCH, "the embedded broker's ListOffsets was mended"
    entries = read_to_end(kafka, single)
    assert values(entries) == list(range(2 * BATCH))
    assert [entry.offset for entry in entries] == list(range(2 * BATCH))


@pytest.mark.parametrize("partitions", [1, 4])
def test_an_empty_topic_ends_at_once(kafka: KafkaSettings, partitions: int) -> None:
    assert read_to_end(kafka, new_topic(kafka, partitions), deadline_s=10) == []


def test_every_partition_is_read(kafka: KafkaSettings, several: str) -> None:
    keys = [f"key-{number}" for number in range(12)]
    for key in keys:
        publish(kafka, several, key, b"1")
    entries = read_to_end(kafka, several)
    assert sorted(entry.key or b"" for entry in entries) == sorted(key.encode() for key in keys)
    assert {entry.partition for entry in entries} == {partition_of(key, 4) for key in keys}
    assert len({entry.partition for entry in entries}) > 1


def test_a_message_is_published_where_every_writer_puts_its_key(
    kafka: KafkaSettings, several: str
) -> None:
    publish(kafka, several, "acme", b"1")
    [entry] = read_to_end(kafka, several)
    assert entry.partition == partition_of("acme", 4)
    assert (entry.key, entry.value) == (b"acme", b"1")


def test_following_from_the_end_shows_only_what_comes_after(
    kafka: KafkaSettings, single: str
) -> None:
    produce_batch(kafka, single, range(BATCH))  # ListOffsets(latest) would begin in here
    following = follow(kafka, single, Start.END, deadline_s=30)
    with ThreadPoolExecutor(1) as thread:
        first = thread.submit(next, following)
        for number in count(BATCH):  # until the end was looked at, what comes may not be shown
            publish(kafka, single, "k", str(number).encode())
            if first.done():
                break
    following.close()
    assert values([first.result()])[0] >= BATCH


def test_following_goes_on_past_the_end(kafka: KafkaSettings, single: str) -> None:
    publish(kafka, single, "k", b"1")
    following = follow(kafka, single, Start.BEGINNING, deadline_s=30)
    assert next(following).value == b"1"
    publish(kafka, single, "k", b"2")
    assert next(following).value == b"2"
    following.close()


def test_reading_stops_at_its_deadline(kafka: KafkaSettings, single: str) -> None:
    with pytest.raises(ReadTimedOut) as caught:
        list(follow(kafka, single, deadline_s=0.2))
    assert caught.value.topic == single


def test_a_topic_nobody_created_is_refused(kafka: KafkaSettings) -> None:
    missing = f"t-{uuid4().hex}.v1"
    with pytest.raises(TopicsMissing):
        read_to_end(kafka, missing)
    with pytest.raises(TopicsMissing):
        publish(kafka, missing, "k", b"1")

"""Everything a run leaves behind, read once all is quiet: topics, committed offsets, database."""

from dataclasses import dataclass
from typing import cast

from confluent_kafka import Consumer, TopicPartition

from schemas import topics
from schemas.codec import Codec, Record
from schemas.records import CostLine, LatePartial
from schemas.topics import Topic
from streams.kafka import consumer, read_to_end
from streams.settings import KafkaSettings

ANSWER_S = 10.0


@dataclass(frozen=True, slots=True)
class Control:
    """One record of the partial log that is no partial."""

    partition: int
    offset: int
    name: str
    record: Record


@dataclass(frozen=True, slots=True)
class Evidence:
    """What lies in the topics, in order within each partition."""

    lines: list[tuple[bytes, CostLine]]
    late: list[LatePartial]
    controls: list[Control]
    dead_letters: list[Record]


def gather(kafka: KafkaSettings) -> Evidence:
    """Read the topics to their ends."""
    codec = Codec()
    lines = [(e.value or b"", codec.decode(e.value or b"")[1])
             for e in read_to_end(kafka, topics.COST_LINE.name)]  # fmt: skip
    return Evidence(
        cast("list[tuple[bytes, CostLine]]", lines),
        cast("list[LatePartial]", records(kafka, codec, topics.LATE_PARTIAL)),
        controls(kafka, codec),
        records(kafka, codec, topics.DLQ_USAGE),
    )


def records(kafka: KafkaSettings, codec: Codec, topic: Topic) -> list[Record]:
    """Return the records of a topic."""
    return [codec.decode(entry.value or b"")[1] for entry in read_to_end(kafka, topic.name)]


def controls(kafka: KafkaSettings, codec: Codec) -> list[Control]:
    """Return the claims, closes and closeds of the partial log."""
    found = []
    for entry in read_to_end(kafka, topics.METERED_PARTIAL.name):
        name, record = codec.decode(entry.value or b"")
        if name in {"Claim", "Close", "Closed"}:
            found.append(Control(entry.partition, entry.offset, name, record))
    return found


def committed(
    kafka: KafkaSettings, processor: str, topic: Topic, partitions: int
) -> dict[int, int | None]:
    """Return the committed offset of each partition; None where nothing is."""
    client = Consumer(consumer(kafka, f"apportion-{processor}"))
    try:
        wanted = [TopicPartition(topic.name, partition) for partition in range(partitions)]
        return {
            each.partition: each.offset if each.offset >= 0 else None
            for each in client.committed(wanted, timeout=ANSWER_S)
        }
    finally:
        client.close()

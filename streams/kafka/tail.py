"""What is published on a few small topics after a certain point, asked for now and then.

No group is joined. While no broker answers there is nothing new, and reading goes on by itself when
one does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self, cast

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from streams.kafka.connection import consumer
from streams.kafka.log import CANNOT_READ, GROUP, MAX_BATCH, Entry, entry_of, partitions_of
from streams.kafka.permissions import Access, require
from streams.settings import KafkaSettings

FETCH_WAIT_MS = 1000  # how long a broker may hold an empty fetch


@dataclass(frozen=True, slots=True)
class Tail:
    """A consumer that goes on where entries end. Close it."""

    kafka: KafkaSettings
    client: Consumer

    @classmethod
    def after(cls, kafka: KafkaSettings, read: Mapping[str, Sequence[Entry]]) -> Self:
        """Begin after what was read of each topic. Blocks. Raises as `read_to_end` does."""
        client = Consumer(
            {
                **consumer(kafka, GROUP),
                "fetch.wait.max.ms": FETCH_WAIT_MS,
                "allow.auto.create.topics": False,
            }
        )
        client.assign(
            [
                TopicPartition(topic, number, _next(entries, number))
                for topic, entries in read.items()
                for number in partitions_of(kafka, client, topic)
            ]
        )
        return cls(kafka, client)

    def more(self) -> dict[str, list[Entry]]:
        """Return what has come since, by topic. Waits for nothing.

        Raises NotAllowed or TopicsMissing for topics that can be read no more.
        """
        found: dict[str, list[Entry]] = {}
        for message in self.client.consume(MAX_BATCH, timeout=0):
            error = message.error()
            if error is None:
                found.setdefault(cast("str", message.topic()), []).append(entry_of(message))
            elif error.code() in CANNOT_READ:
                require(self.kafka, Access(reads=[cast("str", message.topic())]))
        return found

    def close(self) -> None:
        """Let go of the connections."""
        self.client.close()


def _next(entries: Sequence[Entry], partition: int) -> int:
    offsets = [entry.offset for entry in entries if entry.partition == partition]
    return max(offsets) + 1 if offsets else OFFSET_BEGINNING

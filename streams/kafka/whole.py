"""Every partition of one topic, read by one client that joins no group. Blocks.

It knows when it has read all that there was: each partition tells its end after reading began, and
again after `look_again`. ListOffsets is not asked, for the reason that `log` gives.
"""

import time
from collections.abc import Mapping
from typing import cast

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition

from streams.kafka.connection import consumer
from streams.kafka.log import CANNOT_READ, GROUP, MAX_BATCH, Entry, entry_of, partitions_of
from streams.kafka.permissions import Access, require
from streams.settings import KafkaSettings

POLL_S = 0.05
FETCH_WAIT_MS = 100  # how long a broker may hold an empty fetch; see `processors.app`
ASK_AGAIN_S = 1.0  # after an error: an idle partition says nothing by itself when it is back


class WholeTopic:
    """A client that reads everything. For one thread at a time. Close it."""

    def __init__(self, kafka: KafkaSettings, topic: str) -> None:
        """Find the partitions. Raises NotAllowed, TopicsMissing or BrokerUnavailable."""
        self.trouble: str | None = None  # why nothing can be read now
        self.positions: dict[int, int] = {}  # next offset of each partition that told one
        self._kafka = kafka
        self._topic = topic
        self._client = Consumer(
            {
                **consumer(kafka, GROUP),
                "enable.partition.eof": True,
                "fetch.wait.max.ms": FETCH_WAIT_MS,
                "allow.auto.create.topics": False,
            }
        )
        self._numbers = partitions_of(kafka, self._client, topic)
        self._unread: set[int] = set()
        self._asked_s = 0.0

    @property
    def is_at_end(self) -> bool:
        """Whether all was read that there was when reading began, or when it was asked last."""
        return bool(self.positions) and not self._unread

    def begin(self, offsets: Mapping[int, int]) -> None:
        """Read on from these offsets; a partition without one from its begin."""
        self.positions = {n: offsets[n] for n in self._numbers if n in offsets}
        self.look_again()

    def look_again(self) -> None:
        """Ask every partition for its end, as it is from now on."""
        self._unread = set(self._numbers)
        self._asked_s = time.monotonic()
        self._client.assign(
            [
                TopicPartition(self._topic, n, self.positions.get(n, OFFSET_BEGINNING))
                for n in self._numbers
            ]
        )

    def more(self) -> list[Entry]:
        """Return what has come, in order within each partition; waits a moment for something.

        Raises NotAllowed or TopicsMissing when the topic can be read no more.
        """
        if self.trouble is not None and time.monotonic() - self._asked_s > ASK_AGAIN_S:
            self.look_again()
        found = []
        for message in self._client.consume(MAX_BATCH, timeout=POLL_S):
            error = message.error()
            partition, offset = message.partition(), message.offset()
            if error is None:
                entry = entry_of(message)
                self._reached(entry.partition, entry.offset + 1)
                found.append(entry)
            elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - its public name
                self._reached(cast("int", partition), cast("int", offset))
                self._unread.discard(cast("int", partition))
            elif error.code() in CANNOT_READ:
                require(self._kafka, Access(reads=[self._topic]))
            else:
                self.trouble = error.str()  # librdkafka goes on by itself
        return found

    def behind(self) -> dict[int, int]:
        """Return how many messages of each partition are unread, by what the last fetch told."""
        found = {}
        for number, position in self.positions.items():
            _, end = self._client.get_watermark_offsets(
                TopicPartition(self._topic, number), cached=True
            )
            found[number] = max(0, end - position)
        return found

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def _reached(self, partition: int, position: int) -> None:
        self.positions[partition] = position
        self.trouble = None

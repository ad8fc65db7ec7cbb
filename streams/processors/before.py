"""Asks what there was before: the database, and up to which offset it has everything. Blocks."""

from collections.abc import Callable

from confluent_kafka import Consumer, TopicPartition

from schemas import topics
from schemas.codec import Codec
from streams.kafka import consumer
from streams.kafka.groups import committed
from streams.processors.history import STORE_GROUP
from streams.replay.ask import Asker, Params, Row
from streams.settings import KafkaSettings


class Before:
    """Asks the broker and ClickHouse. For one thread at a time. Close it."""

    def __init__(self, kafka: KafkaSettings, asker: Callable[[], Asker], partitions: int) -> None:
        self.kafka = kafka
        self.codec = Codec()
        self._asker = asker  # each time: it may not be there yet
        self._partitions = partitions
        self._store = Consumer(consumer(kafka, STORE_GROUP))  # asks only, never joins

    def close(self) -> None:
        """Let go of the broker."""
        self._store.close()

    def rows(self, query: str, params: Params) -> list[Row]:
        """Return the rows of a query. Raises StoreUnavailable and SqlRefused."""
        return self._asker().rows(query, params)

    def stored(self) -> dict[int, int]:
        """Return before which offset of each partition of cost lines the store has inserted all."""
        name = topics.COST_LINE.name
        asked = [TopicPartition(name, number) for number in range(self._partitions)]
        return committed(self.kafka, self._store, asked)

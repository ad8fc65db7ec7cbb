"""Where played messages go: a producer that keeps order, is bounded, and fails loudly.

The order within a partition is the order of `put`: the watermark rests on it.
"""

import time
from typing import Protocol

from confluent_kafka import KafkaError, Message, Producer

from streams.errors import DeliveryFailed
from streams.kafka import confluent, list_topics
from streams.settings import KafkaSettings

MAX_MESSAGES = 20_000  # unacknowledged, in this process
MAX_KIB = 64 * 1024  # of them
LINGER_MS = 20
ACKNOWLEDGED_WITHIN_MS = 30_000
FULL_WAIT_S = 0.05


class Outlet(Protocol):
    """A log with partitions."""

    def partitions(self, topic: str) -> int:
        """Return how many partitions a topic has."""

    def put(self, topic: str, partition: int, key: str, value: bytes) -> None:
        """Append a message; may wait until there is room."""

    def wait(self, for_s: float) -> None:
        """Let some time pass."""

    def flush(self) -> None:
        """Return once everything put is in the log."""


class KafkaOutlet:
    """An outlet on Kafka. Raises DeliveryFailed from any method after the broker gave up."""

    def __init__(self, kafka: KafkaSettings) -> None:
        self._partitions = list_topics(kafka)
        self._failure: DeliveryFailed | None = None
        self._producer = Producer(
            {
                **confluent(kafka),
                "acks": "all",
                "enable.idempotence": True,  # retries neither reorder nor repeat
                "compression.type": "lz4",
                "linger.ms": LINGER_MS,
                "queue.buffering.max.messages": MAX_MESSAGES,
                "queue.buffering.max.kbytes": MAX_KIB,
                "delivery.timeout.ms": ACKNOWLEDGED_WITHIN_MS,
            }
        )

    def partitions(self, topic: str) -> int:
        """Return how many partitions a topic has. Raises DeliveryFailed when there is none."""
        if topic not in self._partitions:
            raise DeliveryFailed(topic, "no such topic")
        return self._partitions[topic]

    def put(self, topic: str, partition: int, key: str, value: bytes) -> None:
        """Append a message; waits while too many are not acknowledged."""
        while True:
            self.wait(0)
            try:
                self._producer.produce(topic, value, key, partition, on_delivery=self._delivered)
            except BufferError:
                self.wait(FULL_WAIT_S)
            else:
                return

    def wait(self, for_s: float) -> None:
        """Serve delivery reports for some time, 0: only those that are there."""
        until = time.monotonic() + for_s
        while True:
            self._producer.poll(max(0.0, until - time.monotonic()))
            if self._failure:
                raise self._failure
            if time.monotonic() >= until:
                return

    def flush(self) -> None:
        """Return once the broker acknowledged everything."""
        left = self._producer.flush(ACKNOWLEDGED_WITHIN_MS / 1000 + 1)
        if self._failure:
            raise self._failure
        if left:
            raise DeliveryFailed("usage topics", f"{left} messages not acknowledged in time")

    def _delivered(self, error: KafkaError | None, message: Message) -> None:
        if error is not None and self._failure is None:
            where = f"{message.topic()}:{message.partition()}"
            self._failure = DeliveryFailed(where, error.str())

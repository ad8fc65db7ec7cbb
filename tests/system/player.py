"""Sends a load slot by slot, never far ahead of what the system has closed."""

from collections import Counter
from random import Random

from confluent_kafka import KafkaError, Message, Producer

from streams.kafka.connection import confluent
from streams.settings import KafkaSettings
from tests.system.facts import LATENESS_US, SLOT_US, T0_US
from tests.system.load import Load, Loader, Send
from tests.system.observer import Observer

LEAD_US = LATENESS_US + 10 * SLOT_US  # event time sent and not closed yet
FLUSH_S = 30.0
SENT_TWICE = 0.3  # share of the batches held back


class Player:
    """One producer; per partition, messages are in the log in the order they are sent."""

    def __init__(
        self, kafka: KafkaSettings, loader: Loader, load: Load, observer: Observer
    ) -> None:
        self.slot = 0
        self.sent: Counter[tuple[str, int]] = Counter()  # messages a partition
        self._random = Random(loader.random.random())
        self._loader = loader
        self._load = load
        self._observer = observer
        self._held = list(load.held)
        self._failed: list[str] = []
        self._producer = Producer(
            {**confluent(kafka), "acks": "all", "linger.ms": 1, "enable.idempotence": False,
             "max.in.flight.requests.per.connection": 1}
        )  # fmt: skip

    @property
    def is_played(self) -> bool:
        """Whether every slot was sent."""
        return self.slot == len(self._load.slots)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is held back any more."""
        return not self._held

    def step(self) -> None:
        """Send the next slot when the system has kept up, and what has become late."""
        end_us = T0_US + (self.slot + 1) * SLOT_US
        if self.slot < len(self._load.slots) and self._may_send(end_us):
            for send in self._load.slots[self.slot]:
                self._put(send)
            self.slot += 1
        self._release()
        self._producer.poll(0)
        if self._failed:
            raise AssertionError(f"the broker did not take what was sent: {self._failed[0]}")

    def move_time(self, by_us: int) -> int:
        """Move event time on from the end of the last slot; return where it is then."""
        at_us = self._load.end_us + by_us
        for send in self._loader.heartbeats(at_us):
            self._put(send)
        if self._producer.flush(FLUSH_S):
            raise AssertionError("the broker did not take the last heartbeats")
        return at_us

    def _may_send(self, end_us: int) -> bool:
        closed_us = max(self._observer.closed_us, T0_US)
        return end_us - closed_us <= LEAD_US

    def _release(self) -> None:
        """Send batches whose windows have all been seen to be final."""
        final = self._observer.final
        for send in [s for s in self._held if self._load.worths[s.batch].keys() <= final]:
            self._held.remove(send)
            self._put(send)
            if self._random.random() < SENT_TWICE:
                self._put(send)

    def _put(self, send: Send) -> None:
        self.sent[send.topic, send.partition] += 1
        self._producer.produce(
            send.topic,
            value=send.value,
            key=send.key,
            partition=send.partition,
            on_delivery=self._delivered,
        )

    def _delivered(self, error: KafkaError | None, _: Message) -> None:
        if error is not None:
            self._failed.append(error.str())

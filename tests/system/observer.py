"""What a reader of the topics sees while the system runs: what is final, late and closed."""

from collections import defaultdict

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from schemas import topics
from schemas.catalogue import current
from schemas.codec import SINGLE_OBJECT, Codec
from streams.kafka.connection import consumer
from streams.settings import KafkaSettings
from tests.system.ledger import BatchId, Place

CLOSE = SINGLE_OBJECT + current()["Close"].fingerprint
TAKE = 2_000


class Observer:
    """Follows the topics; call `look` often."""

    def __init__(self, kafka: KafkaSettings, partitions: int) -> None:
        self.final: set[Place] = set()
        self.late: set[tuple[BatchId, Place]] = set()
        self.through_us: dict[int, int] = dict.fromkeys(range(partitions), 0)
        self.lines = 0
        self._codec = Codec()
        self._last: dict[str, int] = defaultdict(int)
        self._consumer = Consumer({**consumer(kafka, "observer"), "fetch.wait.max.ms": 50})
        self._consumer.assign(
            [
                TopicPartition(topic.name, partition, OFFSET_BEGINNING)
                for topic in (topics.COST_LINE, topics.LATE_PARTIAL, topics.METERED_PARTIAL)
                for partition in range(partitions)
            ]
        )

    @property
    def closed_us(self) -> int:
        """Event time through which every partition has been closed, by whoever."""
        return min(self.through_us.values())

    def look(self, wait_s: float) -> None:
        """Take in what has come; wait so long when nothing has."""
        for message in self._consumer.consume(TAKE, timeout=wait_s):
            value = message.value()
            if message.error() is not None or value is None:
                continue
            topic, partition = message.topic(), message.partition()
            if topic == topics.METERED_PARTIAL.name:
                if value.startswith(CLOSE) and partition is not None:
                    _, close = self._codec.decode(value)
                    through_us = max(self.through_us[partition], close["through_us"])
                    self.through_us[partition] = through_us
                continue
            name, record = self._codec.decode(value)
            place = Place(record["window_start_us"], record["pool"])
            if name == "LatePartial":
                self.late.add((BatchId(record["source"], record["epoch"], record["seq"]), place))
            else:
                self.lines += 1
                if record["status"] == "final":
                    self.final.add(place)

    def close(self) -> None:
        """Let the client go."""
        self._consumer.close()

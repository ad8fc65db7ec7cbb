"""Publishing many messages at once, each at its key's partition. Blocks."""

from collections.abc import Sequence

from confluent_kafka import KafkaError, Producer

from schemas.topics import partition_of
from streams.errors import DeliveryFailed
from streams.kafka.connection import confluent
from streams.kafka.permissions import Access, require
from streams.kafka.topics import list_topics
from streams.settings import KafkaSettings

QUEUE = 10_000  # messages in librdkafka before waiting for some to be delivered


def publish_all(
    kafka: KafkaSettings, topic: str, messages: Sequence[tuple[str, bytes]], deadline_s: float = 60
) -> None:
    """Put (key, value) messages on a topic and wait until all are acknowledged.

    Raises DeliveryFailed when one was not, and BrokerUnavailable: some may then be there. Raises
    NotAllowed and TopicsMissing before any is.
    """
    if not messages:
        return
    require(kafka, Access(writes=[topic]))
    partitions = list_topics(kafka)[topic]
    producer = Producer({**confluent(kafka), "acks": "all", "linger.ms": 5})
    errors: list[KafkaError] = []

    def delivered(error: KafkaError | None, _message: object) -> None:
        if error is not None:
            errors.append(error)

    for number, (key, value) in enumerate(messages):
        if number % QUEUE == QUEUE - 1:
            producer.flush(deadline_s)
        partition = partition_of(key, partitions)
        producer.produce(topic, value=value, key=key, partition=partition, on_delivery=delivered)
    left = producer.flush(deadline_s)
    if errors or left:
        raise DeliveryFailed(topic, errors[0].str() if errors else f"{left} not acknowledged")

"""The player's outlet on a real broker: whole, in order, and loud when the broker is gone."""

from uuid import uuid4

import pytest

from schemas.topics import Topic
from streams.demo.outlet import KafkaOutlet
from streams.errors import BrokerUnavailable, DeliveryFailed
from streams.kafka import create_topics, read_to_end
from streams.settings import KafkaSettings

pytestmark = pytest.mark.integration

MESSAGES = 30_000  # more than the outlet keeps in flight


def test_everything_put_is_in_the_log_once_and_in_order(broker: str) -> None:
    kafka = KafkaSettings(bootstrap=broker)
    topic = Topic(f"demo-{uuid4()}", "key", (), 2, None, "delete", "")
    create_topics(kafka, wanted=[topic])
    outlet = KafkaOutlet(kafka)
    for number in range(MESSAGES):
        outlet.put(topic.name, number % 2, "key", str(number).encode())
    outlet.flush()
    found: dict[int, list[int]] = {0: [], 1: []}
    for entry in read_to_end(kafka, topic.name):
        found[entry.partition].append(int(entry.value or b""))
    assert found == {0: list(range(0, MESSAGES, 2)), 1: list(range(1, MESSAGES, 2))}


def test_a_topic_that_is_not_there_fails_the_delivery(broker: str) -> None:
    outlet = KafkaOutlet(KafkaSettings(bootstrap=broker))
    with pytest.raises(DeliveryFailed, match="no such topic"):
        outlet.partitions("nowhere")


def test_a_partition_that_is_not_there_fails_the_delivery(broker: str) -> None:
    kafka = KafkaSettings(bootstrap=broker)
    topic = Topic(f"demo-{uuid4()}", "key", (), 2, None, "delete", "")
    create_topics(kafka, wanted=[topic])
    outlet = KafkaOutlet(kafka)
    outlet.put(topic.name, 9, "key", b"")
    with pytest.raises(DeliveryFailed):
        outlet.flush()


def test_no_broker_is_said_at_once() -> None:
    kafka = KafkaSettings(
        bootstrap="127.0.0.1:1", session_timeout_s=0.4, heartbeat_s=0.1, request_timeout_s=0.5
    )
    with pytest.raises(BrokerUnavailable):
        KafkaOutlet(kafka)

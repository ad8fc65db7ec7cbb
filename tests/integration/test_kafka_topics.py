"""Topics are created once, with their settings, and a broker is waited for within a bound."""

import socket
import time
from dataclasses import replace
from uuid import uuid4

import pytest
from confluent_kafka.admin import AdminClient, ConfigResource  # type: ignore[attr-defined] # exported, not declared so

from schemas.topics import ALL, Topic
from streams.errors import BrokerUnavailable
from streams.kafka import create_topics, list_topics, wait_ready
from streams.kafka.connection import confluent
from streams.settings import KafkaSettings

pytestmark = pytest.mark.integration


@pytest.fixture
def kafka(broker: str) -> KafkaSettings:
    return KafkaSettings(bootstrap=broker)


def topic(partitions: int) -> Topic:
    return Topic(f"t-{uuid4().hex}.v1", "key", ("Config",), partitions, 5000, "delete", "A test's.")


def reported(kafka: KafkaSettings, name: str) -> dict[str, str]:
    resource = ConfigResource(ConfigResource.Type.TOPIC, name)
    admin = AdminClient(confluent(kafka))
    futures = admin.describe_configs([resource])
    return {key: str(entry.value) for key, entry in futures[resource].result(10).items()}


def test_a_topic_is_created_once(kafka: KafkaSettings) -> None:
    wanted = [topic(1), topic(3)]
    assert create_topics(kafka, wanted=wanted) == [each.name for each in wanted]
    assert create_topics(kafka, wanted=wanted) == []
    found = list_topics(kafka)
    assert [found[each.name] for each in wanted] == [1, 3]


def test_partitions_replace_the_default_only_where_there_are_several(kafka: KafkaSettings) -> None:
    wanted = [topic(1), topic(4)]
    create_topics(kafka, partitions=2, wanted=wanted)
    found = list_topics(kafka)
    assert [found[each.name] for each in wanted] == [1, 2]


def test_retention_and_cleanup_go_with_the_creation(kafka: KafkaSettings) -> None:
    wanted = topic(1)
    create_topics(kafka, wanted=[wanted])
    settings = reported(kafka, wanted.name)
    assert (settings["cleanup.policy"], settings["retention.ms"]) == ("delete", "5000")


def test_how_soon_it_is_compacted_goes_with_the_creation(kafka: KafkaSettings) -> None:
    wanted = replace(topic(1), cleanup="compact", retention_ms=None, segment_ms=7000)
    create_topics(kafka, wanted=[wanted])
    settings = reported(kafka, wanted.name)
    assert (settings["cleanup.policy"], settings["segment.ms"]) == ("compact", "7000")


def test_every_topic_of_the_contract_can_be_created(kafka: KafkaSettings) -> None:
    create_topics(kafka)
    assert {each.name for each in ALL} <= list_topics(kafka).keys()


def test_a_broker_that_answers_is_ready_at_once(kafka: KafkaSettings) -> None:
    began_s = time.monotonic()
    wait_ready(kafka, 30.0)
    assert time.monotonic() - began_s < 5.0


def test_a_broker_that_is_not_there_is_waited_for_no_longer_than_allowed() -> None:
    with socket.socket() as taken:  # bound and silent: nobody else can take the port
        taken.bind(("127.0.0.1", 0))
        nowhere = KafkaSettings(bootstrap=f"127.0.0.1:{taken.getsockname()[1]}")
        began_s = time.monotonic()
        with pytest.raises(BrokerUnavailable) as caught:
            wait_ready(nowhere, 0.3)
    assert time.monotonic() - began_s < 5.0
    assert caught.value.bootstrap == nowhere.bootstrap

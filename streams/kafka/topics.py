"""Topics: create what is missing, list what is there. All of it blocks."""

import time
from collections.abc import Sequence
from concurrent.futures import Future

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from schemas import topics
from streams.errors import BrokerUnavailable, NotAllowed
from streams.kafka.connection import confluent
from streams.settings import KafkaSettings

REFUSED = {KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.CLUSTER_AUTHORIZATION_FAILED}
KNOWN_WITHIN_S = 5.0
KNOWN_POLL_S = 0.05


def create_topics(
    kafka: KafkaSettings,
    replication: int = 1,
    partitions: int | None = None,
    wanted: Sequence[topics.Topic] = topics.ALL,
) -> list[str]:
    """Create the topics that are not there yet and return their names.

    `partitions` replaces the default of topics that have more than one. Existing topics are left
    as they are. Settings go with the creation: the embedded broker takes them at no other time.
    Raises NotAllowed with all that may not be created, and BrokerUnavailable.
    """
    new = [_new_topic(topic, replication, partitions) for topic in wanted]
    admin = AdminClient(confluent(kafka))  # the futures fail when it is collected before them
    futures = admin.create_topics(
        new, operation_timeout=kafka.request_timeout_s, request_timeout=kafka.request_timeout_s
    )
    refused: list[str] = []
    created = [n for n, future in futures.items() if _was_created(kafka, n, future, refused)]
    if refused:
        raise NotAllowed(kafka.sasl_username, refused)
    _wait_until_known(kafka, created)
    return created


def _wait_until_known(kafka: KafkaSettings, names: Sequence[str]) -> None:
    """Wait until the broker tells of new topics: a KRaft controller tells brokers a little later.

    Not for ever: who may create a topic need not be allowed to see it.
    """
    give_up_s = time.monotonic() + KNOWN_WITHIN_S
    while not set(names) <= list_topics(kafka).keys() and time.monotonic() < give_up_s:
        time.sleep(KNOWN_POLL_S)


def list_topics(kafka: KafkaSettings) -> dict[str, int]:
    """Return every topic with its number of partitions. Raises BrokerUnavailable."""
    try:
        found = AdminClient(confluent(kafka)).list_topics(timeout=kafka.request_timeout_s)
    except KafkaException as error:
        detail = error.args[0].str()
        raise BrokerUnavailable(kafka.bootstrap, kafka.request_timeout_s, detail) from error
    return {name: len(topic.partitions) for name, topic in sorted(found.topics.items())}


def _new_topic(topic: topics.Topic, replication: int, partitions: int | None) -> NewTopic:
    config: dict[str, str] = {
        "cleanup.policy": topic.cleanup,
        "message.timestamp.type": topic.timestamps,
    }
    if topic.retention_ms is not None:
        config["retention.ms"] = str(topic.retention_ms)
    if topic.max_bytes is not None:
        config["max.message.bytes"] = str(topic.max_bytes)
    if topic.segment_ms is not None:
        config["segment.ms"] = str(topic.segment_ms)
    count = partitions if partitions and topic.partitions > 1 else topic.partitions
    return NewTopic(topic.name, num_partitions=count, replication_factor=replication, config=config)


def _was_created(
    kafka: KafkaSettings, name: str, future: "Future[None]", refused: list[str]
) -> bool:
    try:
        future.result()
    except KafkaException as error:
        code = error.args[0].code()
        if code in REFUSED:
            refused.append(f"Create on topic {name}")
        elif code != KafkaError.TOPIC_ALREADY_EXISTS:
            detail = error.args[0].str()
            raise BrokerUnavailable(kafka.bootstrap, kafka.request_timeout_s, detail) from error
        return False
    return True

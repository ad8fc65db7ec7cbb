"""Topics: wait for the broker, create what is missing, list what is there. All of it blocks."""

import time
from collections.abc import Sequence
from concurrent.futures import Future

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from schemas import topics
from streams.errors import BrokerUnavailable
from streams.kafka.connection import confluent
from streams.settings import KafkaSettings

PROBE_S = 1.0  # one metadata request; a broker that starts answers in a few milliseconds
RETRY_S = 0.05
RECONNECT_MS = 100


def wait_ready(kafka: KafkaSettings, deadline_s: float = 30.0) -> None:
    """Return once the broker answers a metadata request. Raises BrokerUnavailable."""
    began = time.monotonic()
    admin = AdminClient({**confluent(kafka), "reconnect.backoff.max.ms": RECONNECT_MS})
    while True:
        left_s = deadline_s - (time.monotonic() - began)
        try:
            admin.list_topics(timeout=max(0.01, min(PROBE_S, left_s)))
        except KafkaException as error:
            if left_s <= RETRY_S:
                detail = error.args[0].str()
                raise BrokerUnavailable(kafka.bootstrap, deadline_s, detail) from error
            time.sleep(RETRY_S)
        else:
            return


def create_topics(
    kafka: KafkaSettings,
    replication: int = 1,
    partitions: int | None = None,
    wanted: Sequence[topics.Topic] = topics.ALL,
) -> list[str]:
    """Create the topics that are not there yet and return their names.

    `partitions` replaces the default of topics that have more than one. Existing topics are left
    as they are. Settings go with the creation: the embedded broker takes them at no other time.
    Raises BrokerUnavailable.
    """
    new = [_new_topic(topic, replication, partitions) for topic in wanted]
    admin = AdminClient(confluent(kafka))  # the futures fail when it is collected before them
    futures = admin.create_topics(
        new, operation_timeout=kafka.request_timeout_s, request_timeout=kafka.request_timeout_s
    )
    return [name for name, future in futures.items() if _was_created(kafka, future)]


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
    count = partitions if partitions and topic.partitions > 1 else topic.partitions
    return NewTopic(topic.name, num_partitions=count, replication_factor=replication, config=config)


def _was_created(kafka: KafkaSettings, future: "Future[None]") -> bool:
    try:
        future.result()
    except KafkaException as error:
        if error.args[0].code() == KafkaError.TOPIC_ALREADY_EXISTS:
            return False
        detail = error.args[0].str()
        raise BrokerUnavailable(kafka.bootstrap, kafka.request_timeout_s, detail) from error
    return True

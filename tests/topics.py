"""Topics of a test's broker: made, and read to their ends."""

import time
import uuid
from contextlib import suppress
from typing import TypeAlias

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    KafkaException,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

PARTITIONS = 4
READ_S = 30.0
Read: TypeAlias = list[tuple[int, bytes]]  # partition and payload, in order per partition


def create_topic(bootstrap: str, name: str, partitions: int = PARTITIONS) -> str:
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    for done in admin.create_topics([NewTopic(name, partitions, 1)]).values():
        done.result(10)
    deadline_s = time.monotonic() + READ_S
    while name not in admin.list_topics(timeout=READ_S).topics:  # told to the brokers a bit later
        assert time.monotonic() < deadline_s, f"{name} is made and nobody knows of it"
    return name


def read_all(bootstrap: str, topic: str) -> Read:
    """Return every message of a topic; the ends are known by end-of-partition events."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": str(uuid.uuid4()),
            "enable.partition.eof": True,
            "enable.auto.commit": False,
        }
    )
    consumer.assign([TopicPartition(topic, p, OFFSET_BEGINNING) for p in range(PARTITIONS)])
    read: Read = []
    ended: set[int | None] = set()
    try:
        while len(ended) < PARTITIONS:
            message = consumer.poll(READ_S)
            assert message is not None, "expected the end of every partition"
            error = message.error()
            if error is None:
                read.append((message.partition() or 0, message.value() or b""))
            else:
                assert error.code() == KafkaError._PARTITION_EOF, error
                ended.add(message.partition())
    finally:
        consumer.close()
    return read


def shared_topic(bootstrap: str, name: str) -> str:
    """Make a topic that several tests of a session use, unless it is there."""
    with suppress(KafkaException):  # an earlier test made it
        create_topic(bootstrap, name)
    return name

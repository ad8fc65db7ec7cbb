"""Kafka outside Faust: reach it, make its topics, read one to its end, publish one message."""

from streams.kafka.connection import confluent, consumer
from streams.kafka.log import Entry, Since, Start, follow, publish, read_to_end
from streams.kafka.permissions import Access, require
from streams.kafka.ready import wait_ready
from streams.kafka.tail import Tail
from streams.kafka.topics import create_topics, list_topics

__all__ = [
    "Access",
    "Entry",
    "Since",
    "Start",
    "Tail",
    "confluent",
    "consumer",
    "create_topics",
    "follow",
    "list_topics",
    "publish",
    "read_to_end",
    "require",
    "wait_ready",
]

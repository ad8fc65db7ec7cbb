"""How far a consumer group is, asked by one that does not join it."""

import time
from collections.abc import Sequence

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from streams.errors import BrokerUnavailable
from streams.settings import KafkaSettings

COORDINATOR_MOVES = frozenset(  # of a group that is new, or whose broker went
    {
        KafkaError.NOT_COORDINATOR,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    }
)
COORDINATOR_WAIT_S = 0.2


def committed(
    kafka: KafkaSettings, group: Consumer, asked: Sequence[TopicPartition]
) -> dict[int, int]:
    """Return the offsets a group has committed, by partition; 0 where there is none.

    Raises BrokerUnavailable.
    """
    found = committed_ever(kafka, group, asked)
    return {number: offset or 0 for number, offset in found.items()}


def committed_ever(
    kafka: KafkaSettings, group: Consumer, asked: Sequence[TopicPartition]
) -> dict[int, int | None]:
    """Return the same with None where there is none. Raises BrokerUnavailable."""
    give_up_s = time.monotonic() + kafka.request_timeout_s
    while True:
        try:
            found = group.committed(list(asked), timeout=kafka.request_timeout_s)
        except KafkaException as error:
            if error.args[0].code() in COORDINATOR_MOVES and time.monotonic() < give_up_s:
                time.sleep(COORDINATOR_WAIT_S)
                continue
            detail = error.args[0].str()
            raise BrokerUnavailable(kafka.bootstrap, kafka.request_timeout_s, detail) from error
        return {each.partition: each.offset if each.offset >= 0 else None for each in found}

"""Where a group begins that never read an alert: with those that are not too old to be told."""

import time
from collections.abc import Iterable

import structlog
from confluent_kafka import Consumer, KafkaException, TopicPartition

from schemas import topics
from streams.kafka import Entry, consumer, read_to_end
from streams.kafka.groups import committed_ever
from streams.kafka.log import partitions_of
from streams.settings import WorkerSettings

LOG = structlog.get_logger()
TOPIC = topics.ALERT_COST.name
GROUP = "apportion-notify"


def begin(settings: WorkerSettings) -> None:
    """Commit for the group where to begin, where nothing is committed. Blocks.

    Does nothing when the group is at work. Raises what reading the topic does.
    """
    group = Consumer(consumer(settings.kafka, GROUP))
    try:
        numbers = partitions_of(settings.kafka, group, TOPIC)
        asked = [TopicPartition(TOPIC, number) for number in numbers]
        found = committed_ever(settings.kafka, group, asked)
        if any(offset is not None for offset in found.values()):
            return
        oldest_ms = time.time_ns() // 1_000_000 - round(settings.notify.max_age_s * 1_000)
        begins = first_of(read_to_end(settings.kafka, TOPIC), oldest_ms)
        offsets = [TopicPartition(TOPIC, number, begins.get(number, 0)) for number in numbers]
        group.commit(offsets=offsets, asynchronous=False)
        LOG.info(
            "group_begins", skipped_to={str(number): begins.get(number, 0) for number in numbers}
        )
    except KafkaException as error:
        LOG.info("group_at_work", detail=error.args[0].str())
    finally:
        group.close()


def first_of(entries: Iterable[Entry], oldest_ms: int) -> dict[int, int]:
    """Return of each partition the offset of the first that is not older, else that of the next.

    >>> old, new = (Entry(None, None, 0, offset, at_ms) for offset, at_ms in ((3, 50), (4, 150)))
    >>> first_of([old, new], 100), first_of([old, new], 200)
    ({0: 4}, {0: 5})
    """
    begins: dict[int, int] = {}
    is_found = set()
    for each in entries:
        if each.partition in is_found:
            continue
        is_new = each.at_ms >= oldest_ms
        begins[each.partition] = each.offset if is_new else each.offset + 1
        if is_new:
            is_found.add(each.partition)
    return begins

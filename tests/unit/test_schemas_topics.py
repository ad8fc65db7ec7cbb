"""The table of topics is complete, well named and partitions keys alike for everybody."""

import re
import zlib

import pytest

from schemas.catalogue import current
from schemas.topics import ALL, DAY_MS, USAGE, Topic, partition_of

NAME = re.compile(r"[a-z]+(-[a-z]+)*(\.[a-z]+(-[a-z]+)*)+\.v[1-9][0-9]*")


def test_names_are_unique() -> None:
    assert len({topic.name for topic in ALL}) == len(ALL)


@pytest.mark.parametrize("topic", ALL, ids=lambda topic: topic.name)
def test_name_is_stage_subject_version(topic: Topic) -> None:
    assert NAME.fullmatch(topic.name), topic.name


@pytest.mark.parametrize("topic", ALL, ids=lambda topic: topic.name)
def test_only_compacted_topics_keep_for_ever(topic: Topic) -> None:
    assert (topic.retention_ms is None) == (topic.cleanup == "compact")
    assert topic.retention_ms is None or topic.retention_ms >= DAY_MS
    assert topic.segment_ms is None or topic.cleanup == "compact"


@pytest.mark.parametrize("topic", ALL, ids=lambda topic: topic.name)
def test_topic_says_what_it_is(topic: Topic) -> None:
    assert topic.doc.endswith(".")
    assert topic.partitions >= 1


def test_every_schema_travels_on_some_topic_and_every_topic_has_schemas() -> None:
    carried = {record for topic in ALL for record in topic.records}
    assert carried == set(current())


def test_usage_topics_are_keyed_by_source() -> None:
    assert {topic.key for topic in USAGE} == {"source"}
    assert {topic.name for topic in USAGE} == {t.name for t in ALL if t.name.startswith("usage.")}


@pytest.mark.parametrize(
    ("key", "partition"),
    [("", 0), ("h100", zlib.crc32(b"h100") % 4), ("123456789", 0xCBF43926 % 4)],
)
def test_partition_is_crc32_of_the_key(key: str, partition: int) -> None:
    """0xCBF43926 is the published check value of CRC-32 over "123456789"."""
    assert partition_of(key, 4) == partition


def test_sixty_four_keys_reach_every_partition() -> None:
    assert {partition_of(f"node-{n}", 4) for n in range(64)} == {0, 1, 2, 3}

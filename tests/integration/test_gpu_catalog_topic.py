"""A node follows the published catalog, and has the last one when it starts without Kafka."""

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from agents.gpu.catalog_topic import TopicCatalog
from agents.gpu.observed import Owner, Payer
from agents.gpu.tenant_rules import TenantRules
from schemas.codec import Codec
from streams.kafka import publish
from streams.settings import KafkaSettings
from tests.outbox_parts import wait_until
from tests.topics import create_topic

pytestmark = pytest.mark.integration

RULE = "owners: [{{name: {0}, match: {{uid: ['1']}}, tenant: {0}}}]"
NOBODY = {"bootstrap.servers": "127.0.0.1:1"}


@pytest.fixture
def topic(kafka: KafkaSettings) -> str:
    return create_topic(kafka.bootstrap, f"catalog.{uuid4().hex}", partitions=2)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return tmp_path / "catalog.avro"


@pytest.fixture
def follow(kafka: KafkaSettings, topic: str, kept: Path) -> Iterator[Callable[[], TopicCatalog]]:
    begun: list[TopicCatalog] = []

    def begin() -> TopicCatalog:
        catalog = TopicCatalog({"bootstrap.servers": kafka.bootstrap}, kept, topic, 100)
        catalog.start()
        begun.append(catalog)
        return catalog

    yield begin
    for each in begun:
        each.close()


def put(kafka: KafkaSettings, topic: str, version: str, text: str, at_us: int) -> None:
    record = {"version": version, "published_at_us": at_us, "body": text, "note": None}
    publish(kafka, topic, version, Codec().encode("Config", record))


def payer(catalog: TopicCatalog) -> Payer:
    return TenantRules(catalog.current, "node-1").at(0).payer(Owner({"uid": "1"}))


def version(catalog: TopicCatalog) -> str | None:
    rules = catalog.current()
    return None if rules is None else rules.version


def test_the_catalog_published_last_is_in_force_and_later_ones_follow(
    kafka: KafkaSettings, topic: str, follow: Callable[[], TopicCatalog]
) -> None:
    for number in (4, 7, 6, 5, 3, 2, 1):  # over two partitions, of which either may be read first
        put(kafka, topic, f"v{number}", RULE.format(f"t{number}"), number)
    catalog = follow()
    wait_until(catalog.has_read_all.is_set)
    assert (version(catalog), payer(catalog).tenant) == ("v7", "t7")
    put(kafka, topic, "v8", RULE.format("t8"), 8)
    wait_until(lambda: version(catalog) == "v8")
    for number in (5, 6):  # of a writer whose clock is slow: windows go by the latest
        put(kafka, topic, f"v{number}", RULE.format(f"t{number}"), number)
    publish(kafka, topic, "end", b"junk")
    wait_until(lambda: catalog.fault is not None)
    assert version(catalog) == "v8"
    put(kafka, topic, "v9", RULE.format("t9"), 9)
    wait_until(lambda: version(catalog) == "v9")
    assert payer(catalog).tenant == "t9"
    assert catalog.fault is None


def test_a_node_that_starts_without_kafka_has_the_last_rules(
    kafka: KafkaSettings, topic: str, kept: Path, follow: Callable[[], TopicCatalog]
) -> None:
    put(kafka, topic, "v1", RULE.format("t1"), 1)
    wait_until(follow().has_read_all.is_set)
    alone = TopicCatalog(NOBODY, kept, topic)
    assert (version(alone), payer(alone).tenant) == ("v1", "t1")
    alone.start()
    wait_until(lambda: alone.fault != "not read yet")
    assert payer(alone).tenant == "t1"
    alone.close()


def test_a_node_that_never_saw_a_catalog_says_so(
    kept: Path, follow: Callable[[], TopicCatalog]
) -> None:
    catalog = follow()
    wait_until(catalog.has_read_all.is_set)
    assert payer(catalog) == Payer(flags=frozenset({"catalog_missing"}))
    assert not kept.exists()


def test_a_copy_on_disk_that_is_broken_is_no_catalog(kept: Path, topic: str) -> None:
    for broken in (b"", b"\xc3\x01", Codec().encode("Config", config("a: ["))):
        kept.write_bytes(broken)
        assert TopicCatalog(NOBODY, kept, topic).current() is None


def config(body: str) -> dict[str, object]:
    return {"version": "v", "published_at_us": 1, "body": body, "note": None}


def test_what_is_no_catalog_changes_nothing(
    kafka: KafkaSettings, topic: str, follow: Callable[[], TopicCatalog]
) -> None:
    put(kafka, topic, "v1", RULE.format("t1"), 1)
    catalog = follow()
    wait_until(catalog.has_read_all.is_set)
    publish(kafka, topic, "junk", b"junk")
    wait_until(lambda: catalog.fault is not None)
    put(kafka, topic, "v2", "a: [", 2)
    wait_until(lambda: "catalog check" in (catalog.fault or ""))
    assert version(catalog) == "v1"
    put(kafka, topic, "v3", RULE.format("t3"), 3)
    wait_until(lambda: version(catalog) == "v3")


def test_a_topic_that_is_missing_is_a_fault_in_words(kafka: KafkaSettings, kept: Path) -> None:
    catalog = TopicCatalog({"bootstrap.servers": kafka.bootstrap}, kept, "no.such.topic")
    catalog.start()
    wait_until(lambda: "topic" in (catalog.fault or "").lower())
    catalog.close()
    assert catalog.current() is None

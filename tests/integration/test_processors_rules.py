"""Price books and catalogs taken up while processors run, and looked up by version."""

import asyncio
import time
from pathlib import Path

import pytest
from confluent_kafka import Producer

from schemas import topics
from schemas.codec import Codec
from streams.config_topic import CATALOG, PRICES, Kind, publish_document
from streams.errors import ConfigRefused
from streams.kafka import create_topics, publish
from streams.kafka.connection import confluent
from streams.processors.library import find
from streams.processors.rules import Following
from streams.settings import KafkaSettings, MeterSettings
from tests import embedded_broker
from tests.builders.usage import call
from tests.processor_fakes import metrics
from tests.system import health
from tests.system import stack as system
from tests.system.stack import Stack

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

CODEC = Codec()
WITHIN_S = 90.0  # on a busy machine; it takes two seconds
LOOK_S = 0.1


def book(per_million: str) -> str:
    """Return a price book of one model."""
    return f"""
currency: USD
prices:
  - {{meter: tokens.input, provider: openai, model: gpt-4o, price: "{per_million}", per: 1000000,
     unit: Tokens, effective_from: 2023-01-01T00:00:00Z, source: test}}
  - {{meter: tokens.output, provider: openai, model: gpt-4o, price: "0", per: 1000000,
     unit: Tokens, effective_from: 2023-01-01T00:00:00Z, source: test}}
"""


def publish_unreadable(kafka: KafkaSettings, kind: Kind, body: str) -> None:
    """Publish what a later release may, unchecked."""
    record = {"version": "of-later", "published_at_us": 1, "body": body, "note": None}
    publish(kafka, kind.topic, "of-later", CODEC.encode("Config", record))


async def looked(followed: Following, version: str) -> None:
    """Look until a price book is in force."""
    async with asyncio.timeout(WITHIN_S):
        while followed.rules.now.book.version != version:
            await followed.look()
            await asyncio.sleep(LOOK_S)


def test_what_is_published_later_is_taken_up(kafka: KafkaSettings) -> None:
    async def test() -> None:
        followed = Following(kafka, MeterSettings(), metrics())
        built_in_at_us = followed.rules.now.book_at_us
        assert built_in_at_us is None
        first = publish_document(kafka, PRICES, book("1"), "test")
        await looked(followed, first)
        at_us = followed.rules.now.book_at_us
        second = publish_document(kafka, PRICES, book("2"), "test")
        await looked(followed, second)
        assert (followed.rules.now.book_at_us or 0) > (at_us or 0) > 0
        assert followed.rules.detail["price_book"] == second
        await asyncio.to_thread(publish_document, kafka, PRICES, book("1"), "test")
        await looked(followed, first)  # the last one published, though it had been before
        followed.close()

    asyncio.run(test())


@pytest.mark.parametrize("body", ["prices: [", "currency: USD\nprices: []\nlater: 1\n", "[" * 9999])
def test_what_cannot_be_read_is_not_taken_up_and_said(kafka: KafkaSettings, body: str) -> None:
    async def test() -> None:
        good = publish_document(kafka, PRICES, book("1"), "test")
        followed = Following(kafka, MeterSettings(), metrics())
        publish_unreadable(kafka, PRICES, body)
        async with asyncio.timeout(WITHIN_S):
            while not followed.rules.refused:
                await followed.look()
                await asyncio.sleep(LOOK_S)
        assert followed.rules.now.book.version == good
        after = publish_document(kafka, PRICES, book("2"), "test")
        await looked(followed, after)
        assert followed.rules.refused == []
        followed.close()

    asyncio.run(test())


def test_a_start_behind_what_cannot_be_read_goes_by_the_one_before(kafka: KafkaSettings) -> None:
    good = publish_document(kafka, CATALOG, "tenants: [acme]\n", "test")
    publish_unreadable(kafka, CATALOG, "later: 1\n")
    followed = Following(kafka, MeterSettings(), metrics())
    followed.close()
    assert followed.rules.now.catalog.version == good
    assert len(followed.rules.refused) == 1


def test_where_nothing_published_can_be_read_nothing_starts(kafka: KafkaSettings) -> None:
    publish_unreadable(kafka, PRICES, "later: 1\n")
    with pytest.raises(ConfigRefused, match=topics.CONFIG_PRICE_BOOK.name):
        Following(kafka, MeterSettings(), metrics())


def test_every_version_published_can_be_found_and_the_built_in(kafka: KafkaSettings) -> None:
    versions = [publish_document(kafka, PRICES, book(each), "test") for each in ("1", "2", "3")]
    assert [find(kafka, PRICES, each) for each in versions] == [book(x) for x in ("1", "2", "3")]
    built_in = PRICES.version(PRICES.default(), "built in")
    assert find(kafka, PRICES, built_in) == PRICES.default()
    assert find(kafka, PRICES, "nobody's") is None


def test_while_no_broker_answers_rules_stay_and_then_follow_again(tmp_path: Path) -> None:
    """On the embedded one, whatever the others run on: it forgets everything when it ends."""

    async def test() -> None:
        with embedded_broker.running(tmp_path) as address:
            kafka = KafkaSettings(bootstrap=address)
            create_topics(kafka)
            first = publish_document(kafka, PRICES, book("1"), "test")
            followed = Following(kafka, MeterSettings(), metrics())
        for _ in range(20):
            await followed.look()
            await asyncio.sleep(LOOK_S)
        assert followed.rules.now.book.version == first
        with embedded_broker.running_at(address, tmp_path):
            create_topics(kafka)
            publish_document(kafka, PRICES, book("1"), "test")
            await looked(followed, publish_document(kafka, PRICES, book("3"), "test"))
        followed.close()

    asyncio.run(test())


def batch(source: str, seq: int, project: str) -> bytes:
    """Return a batch of one call of 1,000 input tokens, now."""
    now_us = time.time_ns() // 1_000
    event = {**call(at_us=now_us, tenant="tenant-01", project=project)}
    head = {"source": source, "epoch": 1, "seq": seq, "sent_at_us": now_us, "losses": []}
    return CODEC.encode("InferenceUsageBatch", {**head, "events": [event]})


def send(stack: Stack, value: bytes) -> None:
    producer = Producer({**confluent(stack.kafka), "acks": "all"})
    producer.produce(topics.USAGE_INFERENCE.name, value=value, partition=0)
    assert producer.flush(30) == 0


def cost_of(stack: Stack, project: str) -> str:
    """Wait for the cost of a project's input tokens."""
    sql = (
        "SELECT toString(cost) AS cost FROM cost_current "  # noqa: S608 - of this file
        f"WHERE project = '{project}' AND meter = 'tokens.input'"
    )
    deadline_s = time.monotonic() + WITHIN_S
    while not (rows := stack.rows(sql)):
        assert time.monotonic() < deadline_s, f"no line of {project}"
        time.sleep(LOOK_S)
    return str(rows[0]["cost"])


def test_running_processors_follow_what_is_published(tmp_path: Path) -> None:
    """1,000 tokens at 1 and then at 3 USD per million: 0.001 and 0.003 USD."""
    with system.running(tmp_path, {}) as stack:
        before = publish_document(stack.kafka, PRICES, book("1"), "test")
        wait_for(stack, before)
        send(stack, batch("a", 0, "before"))
        assert cost_of(stack, "before") == "0.001"
        after = publish_document(stack.kafka, PRICES, book("3"), "test")
        wait_for(stack, after)
        publish_unreadable(stack.kafka, PRICES, "later: 1\n")
        send(stack, batch("a", 1, "after"))
        assert cost_of(stack, "after") == "0.003"
        assert all(worker.starts == 1 for worker in stack.workers)


def wait_for(stack: Stack, version: str) -> None:
    """Wait until meter and store say that a price book is in force."""
    deadline_s = time.monotonic() + WITHIN_S
    for worker in (*stack.of("meter"), *stack.of("store")):
        while health.of(worker).price_book != version:
            assert time.monotonic() < deadline_s, worker.log.read_text()
            time.sleep(LOOK_S)

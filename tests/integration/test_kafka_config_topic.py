"""A price book or catalog is in force once it was published, and published once."""

import pytest

from schemas.codec import Codec
from schemas.topics import DOCUMENT_MAX_BYTES
from streams.config_topic import (
    CATALOG,
    PRICES,
    Kind,
    document_in_force,
    in_force,
    publish_default,
    publish_document,
)
from streams.errors import ConfigRefused, MessageTooLarge
from streams.kafka import publish, read_to_end
from streams.settings import KafkaSettings
from tests.builders.big_book import big_book

pytestmark = pytest.mark.integration

BOOK = """
currency: USD
prices:
  - {meter: gpu, model: H100, price: "2.40", per: 1, unit: GPU-Hours,
     effective_from: 2023-01-01T00:00:00Z, source: "https://example.com"}
"""


def published(kafka: KafkaSettings, kind: Kind) -> list[str]:
    entries = read_to_end(kafka, kind.topic)
    return [str(Codec().decode(entry.value or b"")[1]["version"]) for entry in entries]


def test_the_last_one_published_is_in_force(kafka: KafkaSettings) -> None:
    assert in_force(kafka, PRICES) is None
    first = publish_default(kafka, PRICES)
    second = publish_document(kafka, PRICES, BOOK, "book.yaml")
    assert first != second
    assert in_force(kafka, PRICES) == second
    assert published(kafka, PRICES) == [first, second]


def test_what_is_in_force_is_not_published_again(kafka: KafkaSettings) -> None:
    version = publish_document(kafka, PRICES, BOOK, "book.yaml")
    assert publish_document(kafka, PRICES, BOOK + "# said differently\n", "b.yaml") == version
    assert published(kafka, PRICES) == [version]


def test_the_built_in_does_not_replace_what_is_in_force(kafka: KafkaSettings) -> None:
    version = publish_document(kafka, CATALOG, "tenants: [acme]\n", "catalog.yaml")
    assert publish_default(kafka, CATALOG) == version


def test_a_document_with_faults_is_not_published(kafka: KafkaSettings) -> None:
    with pytest.raises(ConfigRefused, match=r"book\.yaml"):
        publish_document(kafka, PRICES, "prices: 1\n", "book.yaml")
    assert published(kafka, PRICES) == []


def test_a_book_of_28_000_prices_is_published_and_read_back(kafka: KafkaSettings) -> None:
    text = big_book(28_000)
    assert len(text) > 5_000_000
    version = publish_document(kafka, PRICES, text, "big.yaml")
    document = document_in_force(kafka, PRICES)
    assert document is not None
    assert (document["version"], document["body"]) == (version, text)


def test_a_document_beyond_the_limit_is_refused_with_its_size(kafka: KafkaSettings) -> None:
    text = "tenants: [acme]\n" + "# padded\n" * (DOCUMENT_MAX_BYTES // len("# padded\n"))
    with pytest.raises(MessageTooLarge, match=r"max\.message\.bytes"):
        publish_document(kafka, CATALOG, text, "catalog.yaml")
    assert published(kafka, CATALOG) == []


def test_what_is_published_later_says_so_whatever_the_clock_says(
    kafka: KafkaSettings,
) -> None:
    ahead_us = 4_000_000_000_000_000
    record = {"version": "v", "published_at_us": ahead_us, "body": BOOK, "note": None}
    publish(kafka, PRICES.topic, "v", Codec().encode("Config", record))
    publish_document(kafka, PRICES, BOOK, "book.yaml")
    last = document_in_force(kafka, PRICES)
    assert last is not None
    assert last["published_at_us"] == ahead_us + 1


@pytest.mark.parametrize("garbage", [b"garbage", Codec().encode("Claim", {"owner": "x"})])
def test_garbage_on_the_topic_is_published_over(kafka: KafkaSettings, garbage: bytes) -> None:
    version = publish_document(kafka, PRICES, BOOK, "book.yaml")
    publish(kafka, PRICES.topic, "x", garbage)
    assert in_force(kafka, PRICES) is None
    publish_document(kafka, PRICES, BOOK, "book.yaml")
    assert in_force(kafka, PRICES) == version

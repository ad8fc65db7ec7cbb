"""Price books and catalogs on their compacted topics: validate, publish, say what is in force.

The last one published is in force. All of it blocks on Kafka.
"""

import time
from dataclasses import dataclass
from importlib.resources import files
from typing import cast

from schemas import topics
from schemas.codec import Codec
from schemas.errors import NotAvro
from schemas.records import Config
from streams.config.catalog import load_catalog
from streams.config.errors import ConfigError
from streams.config.price_book import load_price_book
from streams.errors import ConfigRefused
from streams.kafka import publish, read_to_end
from streams.settings import KafkaSettings


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of document: where it is published, what is built in, how it is checked."""

    name: str
    topic: str
    built_in: str

    def default(self) -> str:
        """Return the built-in document."""
        return files("streams.config").joinpath(self.built_in).read_text(encoding="utf-8")

    def version(self, text: str, source: str) -> str:
        """Check a document and return its version. Raises ConfigRefused with every fault."""
        load = load_price_book if self is PRICES else load_catalog
        try:
            return load(text).version
        except ConfigError as error:
            raise ConfigRefused(source, str(error)) from error


PRICES = Kind("price book", topics.CONFIG_PRICE_BOOK.name, "default_prices.yaml")
CATALOG = Kind("catalog", topics.CONFIG_CATALOG.name, "default_catalog.yaml")


def document_in_force(kafka: KafkaSettings, kind: Kind) -> Config | None:
    """Return the last document published; None when none ever was, or it is none."""
    entries = read_to_end(kafka, kind.topic)
    values = [entry.value for entry in entries if entry.value is not None]
    try:
        name, record = Codec().decode(values[-1]) if values else ("", {})
    except NotAvro:
        return None
    return cast("Config", record) if name == "Config" else None


def in_force(kafka: KafkaSettings, kind: Kind) -> str | None:
    """Return the version in force; None when none was ever published."""
    document = document_in_force(kafka, kind)
    return document["version"] if document else None


def publish_document(
    kafka: KafkaSettings, kind: Kind, text: str, source: str, note: str | None = None
) -> str:
    """Put a document in force, unless it is already, and return its version.

    Raises ConfigRefused, and what Kafka raises.
    """
    version = kind.version(text, source)
    last = document_in_force(kafka, kind)
    if last is None or last["version"] != version:
        # Later than the last one whatever the clock says: windows go by the one published last.
        not_before_us = 0 if last is None else last["published_at_us"] + 1
        record = {
            "version": version,
            "published_at_us": max(time.time_ns() // 1000, not_before_us),
            "body": text,
            "note": note,
        }
        publish(kafka, kind.topic, version, Codec().encode("Config", record))
    return version


def publish_default(kafka: KafkaSettings, kind: Kind) -> str:
    """Put the built-in document in force where none is, and return the version in force."""
    return in_force(kafka, kind) or publish_document(kafka, kind, kind.default(), "the built-in")

"""The price book and catalog in force, read to the end of their topics before anything starts.

None published: the built-in ones, said loudly, so that a first look needs no set-up.
"""

import structlog

from schemas.records import Config
from streams.config.catalog import load_catalog
from streams.config.price_book import load_price_book
from streams.config_topic import CATALOG, PRICES, Kind, document_in_force
from streams.core.metering import Rules
from streams.core.windows import SECOND_US
from streams.settings import KafkaSettings, MeterSettings

LOG = structlog.get_logger()
KINDS = (PRICES, CATALOG)


def documents(kafka: KafkaSettings) -> tuple[Config, Config]:
    """Return the price book and the catalog in force. Blocks."""
    book, catalog = (_in_force(kafka, kind) for kind in KINDS)
    return book, catalog


def _in_force(kafka: KafkaSettings, kind: Kind) -> Config:
    published = document_in_force(kafka, kind)
    if published is not None:
        return published
    LOG.warning("nothing_published", kind=kind.name, using=kind.built_in)
    body = kind.default()
    return {
        "version": kind.version(body, kind.built_in),
        "published_at_us": 0,
        "body": body,
        "note": None,
    }


def rules_of(book: Config, catalog: Config, meter: MeterSettings) -> Rules:
    """Return what metering needs. Raises InvalidDocument for a document with faults."""
    return Rules(
        book=load_price_book(book["body"]),
        catalog=load_catalog(catalog["body"]),
        window_us=meter.window_s * SECOND_US,
        max_skew_us=round(meter.max_skew_s * SECOND_US),
    )

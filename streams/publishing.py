"""Putting a document in force so that it is known to be: read back, and stored in ClickHouse.

What may be published is decided here too: not a book in another currency. All of it blocks.
"""

import time
from dataclasses import dataclass
from typing import Final

from streams.config_topic import Kind, document_in_force, publish_document
from streams.core.metering import LATEST_US
from streams.core.price_book import PriceBook
from streams.errors import CurrencyChanged, ReadTimedOut, SqlRefused, StoreUnavailable
from streams.prices.difference import Difference
from streams.publications import Document, Publication, Publications, ask_anywhere, publication_of
from streams.settings import WorkerSettings

READ_BACK_S: Final = 30.0
STORED_S: Final = 15.0  # the store writes about once a second
POLL_S: Final = 0.25
MODELS_NAMED: Final = 500  # beyond, windows of every model are counted


@dataclass(frozen=True, slots=True)
class Past:
    """What a new book would price differently of what is over."""

    since_us: int
    windows: int | None  # that ended, at most; None: ClickHouse could not say


def refuse_other_currency(have: PriceBook, came: PriceBook, source: str) -> None:
    """Raise CurrencyChanged where amounts of two currencies would be added up."""
    if have.currency != came.currency:
        raise CurrencyChanged(source, have.currency, came.currency)


def put_in_force(
    settings: WorkerSettings, kind: Kind, document: Document, note: str | None
) -> Publication:
    """Publish a document, and wait until it is read back.

    Raises ReadTimedOut when another is read back: somebody published at the same time.
    """
    version = publish_document(settings.kafka, kind, document.text, document.source, note)
    deadline_s = time.monotonic() + READ_BACK_S
    while True:
        found = document_in_force(settings.kafka, kind)
        if found is not None and found["version"] == version:
            return publication_of(found)
        if time.monotonic() > deadline_s:
            have = found["version"] if found else "nothing"
            raise ReadTimedOut(kind.topic, READ_BACK_S, f"{have} in force, not {version}")
        time.sleep(POLL_S)


def wait_stored(settings: WorkerSettings, kind: Kind, published: Publication) -> str | None:
    """Wait until ClickHouse has what was published; return why it has not, None when it has."""
    deadline_s = time.monotonic() + STORED_S
    while True:
        seen = Publications(settings, kind)
        if published in (seen.stored or ()):
            return None
        if not is_storing(settings):
            return "no store runs beside it"
        if time.monotonic() > deadline_s:
            return "; ".join(seen.unread) or f"not there after {STORED_S:.0f} s"
        time.sleep(POLL_S)


def is_storing(settings: WorkerSettings) -> bool:
    """Whether something may be writing: a server, or a store that answers on its socket."""
    socket = settings.sql_socket
    return settings.clickhouse.embedded is None or bool(socket and socket.exists())


def past_of(settings: WorkerSettings, found: Difference, now_us: int) -> Past | None:
    """Return what of the past a difference would price anew; None: nothing."""
    begins_us = found.begins_us
    if begins_us is None or begins_us >= now_us:
        return None
    since_us = max(0, begins_us)
    agreed = found.uplifts or found.overrides or found.commitments
    models = sorted({change.entry.model for change in found.prices if change.kind != "source"})
    narrowed = [] if agreed or len(models) > MODELS_NAMED else models
    try:
        [row] = ask_anywhere(
            settings,
            "windows_priced_since",
            {"since": min(since_us, LATEST_US), "models": narrowed},
        )
    except (StoreUnavailable, SqlRefused):
        return Past(since_us, None)
    return Past(since_us, int(str(row["windows"])))

"""Price books and catalogs by version, out of their topics, kept for as long as they are needed.

A version never changes, so one that is here is never looked at again. One that is not is looked for
in the whole of its topic: the meter that named it has read it there, or it is built in.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import TypeVar, cast

import structlog

from schemas.codec import Codec
from schemas.errors import NotAvro
from schemas.records import Config
from streams.config.catalog import load_catalog
from streams.config.errors import ConfigError
from streams.config.price_book import load_price_book
from streams.config_topic import CATALOG, PRICES, Kind
from streams.core.catalog import Catalog
from streams.core.policies import Documents
from streams.core.price_book import PriceBook
from streams.errors import Transient
from streams.kafka import follow
from streams.processors.errors import VersionUnknown
from streams.settings import KafkaSettings

LOG = structlog.get_logger()
T = TypeVar("T")
UNKNOWN_S = 30.0  # a version named is a version published: this long it may be on its way
RETRY_S = 1.0
READ_S = 30.0
KEPT = 16  # of each that may be here without being needed

Find = Callable[[Kind, str], str | None]  # the body of a version, None where it is unknown; blocks


def find(kafka: KafkaSettings, kind: Kind, version: str) -> str | None:
    """Return the text of a version, published or built in; None where it is neither. Blocks.

    Raises what reading a topic does.
    """
    codec = Codec()
    for entry in follow(kafka, kind.topic, until_end=True, deadline_s=READ_S):
        if entry.value is not None and entry.key == version.encode():
            return cast("Config", codec.decode(entry.value)[1])["body"]
    built_in = kind.default()
    return built_in if kind.version(built_in, kind.built_in) == version else None


def published(kafka: KafkaSettings) -> Find:
    """Return a search of a broker's config topics."""
    return partial(find, kafka)


class Library:
    """The versions that windows name. `core.policies.Policies`, filled from outside."""

    def __init__(self, find: Find) -> None:
        self.trouble: str | None = None  # what it waits for now
        self._find = find
        self._books: dict[str, PriceBook] = {}
        self._catalogs: dict[str, Catalog] = {}

    def of(self, price_book: str, catalog: str) -> Documents:
        """Return two versions that are here."""
        return Documents(self._books[price_book], self._catalogs[catalog])

    def has(self, price_book: str, catalog: str) -> bool:
        """Whether both are here."""
        return price_book in self._books and catalog in self._catalogs

    async def get(self, price_book: str, catalog: str) -> None:
        """Have both here; waits while no broker answers.

        Raises VersionUnknown for one that is not published and cannot be read.
        """
        if price_book not in self._books:
            self._books[price_book] = await self._load(PRICES, price_book, load_price_book)
        if catalog not in self._catalogs:
            self._catalogs[catalog] = await self._load(CATALOG, catalog, load_catalog)

    def keep(self, needed: Iterable[tuple[str, str]]) -> None:
        """Let go of what is not needed, once there is much of it."""
        if max(len(self._books), len(self._catalogs)) > KEPT:
            kept = {version for pair in needed for version in pair}
            self._books = {key: book for key, book in self._books.items() if key in kept}
            self._catalogs = {key: each for key, each in self._catalogs.items() if key in kept}

    async def _load(self, kind: Kind, version: str, load: Callable[[str], T]) -> T:
        began_s = time.monotonic()
        while True:
            try:
                found = await asyncio.to_thread(self._loaded, kind, version, load)
            except Transient as error:
                self.trouble = str(error)
                LOG.warning("version_unread", kind=kind.name, version=version, error=str(error))
            else:
                if found is not None:
                    self.trouble = None
                    LOG.info("version_taken", kind=kind.name, version=version)
                    return found
                self.trouble = f"the {kind.name} {version} is not on {kind.topic}"
                if time.monotonic() - began_s > UNKNOWN_S:
                    raise VersionUnknown(kind.name, kind.topic, version)
            await asyncio.sleep(RETRY_S)

    def _loaded(self, kind: Kind, version: str, load: Callable[[str], T]) -> T | None:
        try:
            body = self._find(kind, version)
            return None if body is None else load(body)
        except (ConfigError, NotAvro) as error:
            raise VersionUnknown(kind.name, kind.topic, version, str(error)) from error

"""Price books and catalogs out of ClickHouse, by version, kept once loaded."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Literal, TypeAlias

import structlog

from clickhouse.client import Connection
from clickhouse.query import ask
from streams.config.catalog import load_catalog
from streams.config.errors import ConfigError
from streams.config.price_book import load_price_book
from streams.core.catalog import Catalog
from streams.core.metering import Rules
from streams.core.price_book import PriceBook
from streams.replay.errors import UnknownVersion, UnreadableVersion

LOG = structlog.get_logger()
KEPT = 8  # of each kind

Kind = Literal["price-book", "catalog"]
Pair: TypeAlias = tuple[str, str]  # of a price book and of a catalog


class RulesByVersion:
    """What is known of versions as of the last `refresh`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._book = lru_cache(maxsize=KEPT)(self._load_book)
        self._catalog = lru_cache(maxsize=KEPT)(self._load_catalog)
        self._first_us: dict[tuple[str, str], int] = {}  # the one published last comes first
        self.refresh()

    def refresh(self) -> None:
        """Look what there is."""
        self._first_us = {
            (str(row["kind"]), str(row["version"])): int(str(row["first_us"]))
            for row in ask(self._connection.reader, "versions_by_age")
        }

    def rules(self, price_book: str, catalog: str, window_us: int) -> Rules:
        """Return the rules of two versions. Raises UnknownVersion and UnreadableVersion."""
        return Rules(self._book(price_book), self._catalog(catalog), window_us, max_skew_us=0)

    def book(self, version: str) -> PriceBook:
        """Return a price book. Raises UnknownVersion and UnreadableVersion."""
        return self._book(version)

    def last(self, kind: Kind, versions: Iterable[str]) -> str:
        """Return, of some versions, the one whose first publication came last.

        That never changes, however often they are published again.
        """
        return max(versions, key=lambda version: (self._first_us.get((kind, version), 0), version))

    def newest(self) -> Pair | None:
        """Return what was published last and can be read; None where that is nothing."""
        book = self._readable("price-book")
        catalog = self._readable("catalog")
        return None if book is None or catalog is None else (book, catalog)

    def _readable(self, kind: Kind) -> str | None:
        load = self._book if kind == "price-book" else self._catalog
        for each, version in self._first_us:
            if each != kind:
                continue
            try:
                load(version)
            except UnreadableVersion as error:
                LOG.warning("version_unreadable", error=str(error))
            else:
                return version
        return None

    def _load_book(self, version: str) -> PriceBook:
        body = self._body("price-book", version)
        try:
            return load_price_book(body)
        except ConfigError as error:
            raise UnreadableVersion("price-book", version, str(error)) from error

    def _load_catalog(self, version: str) -> Catalog:
        body = self._body("catalog", version)
        try:
            return load_catalog(body)
        except ConfigError as error:
            raise UnreadableVersion("catalog", version, str(error)) from error

    def _body(self, kind: Kind, version: str) -> str:
        found = ask(self._connection.reader, "config_body", {"kind": kind, "version": version})
        if not found:
            raise UnknownVersion(kind, version)
        return str(found[0]["body"])

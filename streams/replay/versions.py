"""Price books and catalogs out of ClickHouse, by version, kept once loaded."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Literal, TypeAlias

import structlog

from streams.config.catalog import load_catalog
from streams.config.errors import ConfigError
from streams.config.price_book import load_price_book
from streams.core.catalog import Catalog
from streams.core.metering import Rules
from streams.core.price_book import PriceBook
from streams.replay.ask import Asker
from streams.replay.errors import AmbiguousVersion, UnknownVersion, UnreadableVersion

LOG = structlog.get_logger()
KEPT = 8  # of each kind; a big book is tens of megabytes

Kind = Literal["price-book", "catalog"]
Pair: TypeAlias = tuple[str, str]  # of a price book and of a catalog


class Versions:
    """What is known of versions as of the last `refresh`. `given`: books that were not published.

    Looking one up raises UnknownVersion and UnreadableVersion.
    """

    def __init__(self, asker: Asker, *given: PriceBook) -> None:
        self._asker = asker
        self._given = {book.version: book for book in given}
        self.book = lru_cache(KEPT)(self._load_book)
        self.catalog = lru_cache(KEPT)(self._load_catalog)
        self._first_us: dict[tuple[str, str], int] = {}  # the one published last comes first
        self.refresh()

    def refresh(self) -> None:
        """Look what there is."""
        rows = self._asker.rows("versions_by_age", {})
        self._first_us = {(kind, version): first_us for kind, version, first_us in rows}

    def rules(self, price_book: str, catalog: str, window_us: int) -> Rules:
        """Return the rules of two versions."""
        return Rules(self.book(price_book), self.catalog(catalog), window_us, max_skew_us=0)

    def full(self, kind: Kind, prefix: str) -> str:
        """Return the one version that begins so; the last one published for an empty beginning.

        Raises UnknownVersion or AmbiguousVersion.
        """
        known = [version for each, version in self._first_us if each == kind]
        found = [version for version in known if version.startswith(prefix)]
        if prefix in self._given or prefix in found:
            return prefix
        if not found:
            raise UnknownVersion(kind, prefix or "any")
        if prefix and len(found) > 1:
            raise AmbiguousVersion(kind, prefix, found)
        return found[0]

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
        load = self.book if kind == "price-book" else self.catalog
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
        if version in self._given:
            return self._given[version]
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
        found = self._asker.rows("config_body", {"kind": kind, "version": version})
        if not found:
            raise UnknownVersion(kind, version)
        return str(found[0][0])

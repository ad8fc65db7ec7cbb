"""Price books and catalogs out of ClickHouse, by version, kept once loaded."""

from functools import lru_cache

from streams.config.catalog import load_catalog
from streams.config.price_book import load_price_book
from streams.core.catalog import Catalog
from streams.core.metering import Rules
from streams.core.price_book import PriceBook
from streams.replay.ask import Asker
from streams.replay.errors import AmbiguousVersion, UnknownVersion

KEPT = 8  # a big book is tens of megabytes


class Versions:
    """Looks documents up. `given`: books of files that were never published."""

    def __init__(self, asker: Asker, *given: PriceBook) -> None:
        self._asker = asker
        self._given = {book.version: book for book in given}
        self.book = lru_cache(KEPT)(self._load_book)
        self.catalog = lru_cache(KEPT)(self._load_catalog)

    def full(self, kind: str, prefix: str) -> str:
        """Return the one version that begins so; the last one published for an empty beginning.

        Raises UnknownVersion or AmbiguousVersion.
        """
        if prefix in self._given:
            return prefix
        rows = self._asker.rows("versions_beginning", {"kind": kind, "prefix": prefix})
        found = [str(version) for version, *_ in rows]
        if not found:
            raise UnknownVersion(kind, prefix or "any")
        if prefix and len(found) > 1 and prefix not in found:
            raise AmbiguousVersion(kind, prefix, found)
        return prefix if prefix in found else found[0]

    def rules(self, price_book: str, catalog: str, window_us: int) -> Rules:
        """Return the rules of two versions. Raises UnknownVersion."""
        return Rules(self.book(price_book), self.catalog(catalog), window_us, max_skew_us=0)

    def _load_book(self, version: str) -> PriceBook:
        given = self._given.get(version)
        return given or load_price_book(self._body("price-book", version))

    def _load_catalog(self, version: str) -> Catalog:
        return load_catalog(self._body("catalog", version))

    def _body(self, kind: str, version: str) -> str:
        found = self._asker.rows("config_body", {"kind": kind, "version": version})
        if not found:
            raise UnknownVersion(kind, version)
        return str(found[0][0])

"""Price books and catalogs by version, for what is decided when lines are drawn.

A version is the hash of a document, so what it stands for never changes: looking one up is a pure
function of what the log says.
"""

from typing import NamedTuple, Protocol

from streams.core.catalog import Catalog
from streams.core.price_book import PriceBook


class Documents(NamedTuple):
    """What lines are drawn under."""

    book: PriceBook
    catalog: Catalog


class Policies(Protocol):
    """Every version that a window may name."""

    def of(self, price_book: str, catalog: str) -> Documents:
        """Return two versions. Whoever applies a partial has made sure that they are here."""


class OneVersion:
    """The same for every version: of a replay, which has chosen one."""

    def __init__(self, book: PriceBook, catalog: Catalog) -> None:
        self._documents = Documents(book, catalog)

    def of(self, price_book: str, catalog: str) -> Documents:  # noqa: ARG002 - see the class
        """Return the one there is."""
        return self._documents

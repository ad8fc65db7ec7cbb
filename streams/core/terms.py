"""Under which price book and catalog a window's lines are drawn, where its partials name several.

Of each the one published last decides, among those published at once the greatest version. The
greatest of a set is the same in whatever order its members came.
"""

from typing import NamedTuple

from schemas.records import Partial

TWO_BOOKS = "rated under two price books"
TWO_CATALOGS = "attributed under two catalogs"


class BookTerms(NamedTuple):
    """A price book, and what else a partial says of it."""

    at_us: int  # when it was published; 0: never, the built-in one
    version: str
    currency: str


class CatalogTerms(NamedTuple):
    """A catalog; what it says of the window's pool is looked up by its version."""

    at_us: int  # likewise
    version: str


class Terms(NamedTuple):
    """What lines depend on beside the sums."""

    book: BookTerms
    catalog: CatalogTerms

    @property
    def versions(self) -> tuple[str, str]:
        """The versions of price book and catalog."""
        return self.book.version, self.catalog.version

    def or_newer(self, other: "Terms") -> "Terms":
        """Return the newer price book and the newer catalog of the two."""
        return Terms(max(self.book, other.book), max(self.catalog, other.catalog))


NO_TERMS = Terms(BookTerms(-1, "", ""), CatalogTerms(-1, ""))  # older than any


def terms_of(partial: Partial) -> Terms:
    """Return the terms a partial carries."""
    return Terms(
        BookTerms(partial["price_book_at_us"] or 0, partial["price_book"], partial["currency"]),
        CatalogTerms(partial["catalog_at_us"] or 0, partial["catalog"]),
    )


def note_of(note: str | None, one: Terms, other: Terms) -> str | None:
    """Return what is to be said of a window whose terms were `one` when it met `other`."""
    if one.catalog.version != other.catalog.version:
        return TWO_CATALOGS
    if one.book.version != other.book.version:
        return note or TWO_BOOKS
    return note

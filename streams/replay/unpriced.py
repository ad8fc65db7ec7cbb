"""Usage without a price gets one as soon as the newest price book has it: a repair like any other.

A window is drawn anew under that book and its own catalog, and only when nothing else changes in
it: a book that changes other prices of the past, too, is for a person to decide about.
"""

from typing import cast

from clickhouse.client import Connection
from clickhouse.query import ask
from streams.core.lines import WindowPool
from streams.core.price_book import PriceBook
from streams.core.windows import HOUR_US
from streams.replay.difference import Pricing, difference, pricing, unpriced
from streams.replay.hour import Hour, Made
from streams.replay.notes import PRICED
from streams.replay.repair import Corrections, drawn_anew
from streams.replay.span import Span
from streams.replay.versions import Versions
from streams.replay.windows import highest_generations, span_of


class LookedAt:
    """Hours whose windows the newest price book leaves as they are.

    A version never changes, so an hour need not be looked at twice under one.
    """

    def __init__(self) -> None:
        self._version = ""
        self._hours: set[int] = set()

    def add(self, hour_us: int, version: str) -> None:
        """Remember an hour under the newest version."""
        if version != self._version:
            self._version, self._hours = version, set()
        self._hours.add(hour_us)

    def has(self, hour_us: int, version: str) -> bool:
        """Whether it was looked at under that version."""
        return version == self._version and hour_us in self._hours


def price(
    connection: Connection,
    rules: Versions,
    found: Corrections,
    looked_at: LookedAt,
    at_most_hours: int | None = None,
) -> None:
    """Add the corrections of windows that the newest price book can price. Blocks."""
    newest, span = rules.newest(), span_of(connection)
    if newest is None or span is None:
        return
    book = rules.book(newest[0])
    due = [at_us for at_us in hours_of(connection, book) if not looked_at.has(at_us, book.version)]
    for hour_us in due[:at_most_hours]:
        hour = Hour(connection, Span(hour_us, hour_us + HOUR_US, span.window_us), rules)
        if price_hour(connection, hour, book, found):
            looked_at.add(hour_us, book.version)


def hours_of(connection: Connection, book: PriceBook) -> list[int]:
    """Return the begins of hours with unpriced usage of models that a book knows."""
    known = {price.model for price in book.prices}
    return [
        int(str(row["hour_us"]))
        for row in ask(connection.reader, "unpriced_hours")
        if known & set(cast("list[str]", row["models"]))
    ]


def price_hour(connection: Connection, hour: Hour, book: PriceBook, found: Corrections) -> bool:
    """Price what can be priced in an hour; return whether all its windows could be looked at."""
    mending = {each.where for each in found.mended}
    taken = highest_generations(connection, hour.span)
    is_all = True
    for where in without_price(hour, book):
        have = hour.terms[where]
        if have.is_open or have.is_mixed or where in mending or not hour.is_archived(where):
            is_all = False
            continue
        versions = (book.version, have.catalog)
        made = Made(where, hour.under(versions).get(where), versions)
        match pricing(hour.lines[where], made.lines()):
            case Pricing.ALONE:
                off = difference(where, hour.lines[where], made.lines())
                found.mended.extend([off] if off else [])
                found.lines.extend(drawn_anew(hour, made, taken.get(where, 0) + 1, PRICED))
            case Pricing.WITH_MORE:
                found.held.append(where)
            case Pricing.NOTHING:
                pass
    return is_all


def without_price(hour: Hour, book: PriceBook) -> list[WindowPool]:
    """Return the windows with unpriced usage of models that a book knows, drawn under another."""
    known = {price.model for price in book.prices}
    return [
        where
        for where, have in hour.terms.items()
        if have.price_book != book.version
        and any(what.model in known for what in unpriced(hour.lines[where]))
    ]

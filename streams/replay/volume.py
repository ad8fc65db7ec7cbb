"""Settling a month: what graduated prices add to, or take from, what its lines were charged.

The adjustments of a month are one window, as long as the month, of a pool of their own. They are a
pure function of the lines in force and of a price book: settling again what was settled changes
nothing, and after a correction of a line the next generation replaces all of them.

A tenant's tier of service is that of the catalog under which a line was charged. What is published
afterwards is for windows to come; for past ones a replay is what makes it so.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

from schemas.records import CostLine
from streams.core.catalog import Catalog
from streams.core.lines import WindowPool
from streams.core.price_book import PriceBook
from streams.core.volume import POOL, Charged, Settled, Stretch, adjustments, settle
from streams.replay.ask import Asker, Params
from streams.replay.derived import Terms, revised
from streams.replay.errors import CurrencyDiffers, MonthOpen
from streams.replay.month import Month
from streams.replay.span import Span

Catalogs: TypeAlias = Callable[[str], Catalog]  # by version


@dataclass(frozen=True, slots=True)
class Settling:
    """By which agreements a month is settled, where catalogs are, and why it is."""

    book: PriceBook
    catalogs: Catalogs
    note: str


@dataclass(frozen=True, slots=True)
class Settlement:
    """What settling a month gives. No `lines`: what is published is that already."""

    settled: list[Settled]
    open_lines: int  # that are provisional
    lines: list[CostLine]
    generation: int  # of the lines, or of those in force


def settlement(asker: Asker, month: Month, by: Settling) -> Settlement:
    """Return the adjustments of a month. They name the catalog that its last lines name. Blocks.

    Raises CurrencyDiffers where lines are in another currency than the book.
    """
    usage = Usage(asker, month.span, by)
    settled = settle(usage.stretches(), by.book.charges)
    lines = adjustments(settled)
    where = WindowPool(month.span.since_us, month.span.until_us, POOL)
    terms = Terms(by.book, usage.catalogs[-1] if usage.catalogs else "", by.note)
    drawn, generation = revised(asker, where, lines, terms)
    return Settlement(settled, usage.open_lines, drawn, generation)


class Usage:
    """What lines in force of a month were charged; counts those that are not final."""

    def __init__(self, asker: Asker, span: Span, by: Settling) -> None:
        self._asker = asker
        self._span = span
        self._by = by
        within = {"since": span.since_us, "until": span.until_us}
        rows = asker.rows("charging_catalogs", within)
        self.catalogs = [version for (version,) in rows]  # the one of the last windows is last
        self.open_lines = 0

    def stretches(self) -> Iterator[Stretch]:
        """Yield, for each catalog, the month cut where its entries or agreements begin or end."""
        since_us, until_us = self._span.since_us, self._span.until_us
        agreed = self._by.book.charges.edges(since_us, until_us)
        for catalog in map(self._by.catalogs, self.catalogs):
            changes = {*agreed, *catalog.edges(since_us, until_us)}
            for begin_us, end_us in pairwise([since_us, *sorted(changes), until_us]):
                lines = self._charged(Span(begin_us, end_us, end_us - begin_us), catalog.version)
                yield Stretch(begin_us, lines, catalog.at(begin_us).sla)

    def _charged(self, within: Span, catalog: str) -> Iterator[Charged]:
        params: Params = {"since": within.since_us, "until": within.until_us, "catalog": catalog}
        currency_of_book = self._by.book.currency
        for *line, currency, is_open in self._asker.rows("charged", params):
            if currency != currency_of_book:
                raise CurrencyDiffers(currency, currency_of_book)
            self.open_lines += is_open
            yield Charged(*line)


def refuse_open(month: Month, found: Settlement, now_us: int) -> None:
    """Raise MonthOpen where usage of the month may still be counted."""
    if now_us < month.span.until_us:
        raise MonthOpen(str(month), "it is not over")
    if found.open_lines:
        raise MonthOpen(str(month), f"{found.open_lines} lines are provisional")

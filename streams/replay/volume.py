"""Settling a month: what graduated prices add to, or take from, what its lines were charged.

The adjustments of a month are one window, as long as the month, of a pool of their own. They are a
pure function of the lines in force and of a price book: settling again what was settled changes
nothing, and after a correction of a line the next generation replaces all of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from schemas.records import CostLine
from streams.core.lines import WindowPool
from streams.core.policies import Documents
from streams.core.volume import POOL, Charged, Settled, Stretch, adjustments, settle
from streams.replay.ask import Asker
from streams.replay.derived import Terms, revised
from streams.replay.errors import CurrencyDiffers, MonthOpen
from streams.replay.month import Month
from streams.replay.span import Span


@dataclass(frozen=True, slots=True)
class Settlement:
    """What settling a month gives. No `lines`: what is published is that already."""

    settled: list[Settled]
    open_lines: int  # that are provisional
    lines: list[CostLine]
    generation: int  # of the lines, or of those in force


def settlement(asker: Asker, month: Month, under: Documents, note: str) -> Settlement:
    """Return the adjustments of a month under a book's agreements, a catalog's tiers. Blocks.

    Raises CurrencyDiffers where lines are in another currency than the book.
    """
    book, catalog = under
    usage = Usage(asker, month.span, under)
    settled = settle(usage.stretches(), book.charges, catalog.sla)
    lines = adjustments(settled)
    where = WindowPool(month.span.since_us, month.span.until_us, POOL)
    drawn, generation = revised(asker, where, lines, Terms(book, catalog.version, note))
    return Settlement(settled, usage.open_lines, drawn, generation)


class Usage:
    """What lines in force of a month were charged; counts those that are not final."""

    def __init__(self, asker: Asker, span: Span, under: Documents) -> None:
        self._asker = asker
        self._span = span
        self._book, self._catalog = under
        self.open_lines = 0

    def stretches(self) -> Iterator[Stretch]:
        """Yield the month cut where agreements or entries of the catalog begin or end."""
        since_us, until_us = self._span.since_us, self._span.until_us
        changes = {
            *self._book.charges.edges(since_us, until_us),
            *self._catalog.edges(since_us, until_us),
        }
        for begin_us, end_us in pairwise([since_us, *sorted(changes), until_us]):
            yield begin_us, self._charged(begin_us, end_us)

    def _charged(self, since_us: int, until_us: int) -> Iterator[Charged]:
        for *line, currency, is_open in self._asker.rows(
            "charged", {"since": since_us, "until": until_us}
        ):
            if currency != self._book.currency:
                raise CurrencyDiffers(currency, self._book.currency)
            self.open_lines += is_open
            yield Charged(*line)


def refuse_open(month: Month, found: Settlement, now_us: int) -> None:
    """Raise MonthOpen where usage of the month may still be counted."""
    if now_us < month.span.until_us:
        raise MonthOpen(str(month), "it is not over")
    if found.open_lines:
        raise MonthOpen(str(month), f"{found.open_lines} lines are provisional")

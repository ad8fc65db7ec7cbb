"""Replaying one stretch of windows: what would change, and the lines that would change it.

For each closed window the lines in force, its archive under its own versions, under the other
catalog, and under the other prices too, are compared one with the next, so that every difference
has one reason and all of them sum to new less old.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple, TypeAlias

from schemas.records import CostLine
from streams.core.lines import Edition, Figures, Lines, WindowPool, to_record
from streams.core.metering import Rules
from streams.core.sums import EVIDENCE
from streams.replay.archived import Archived, ArchivedWindow
from streams.replay.ask import Asker
from streams.replay.changes import Changes, Reason, compare, differing
from streams.replay.drawn import DrawnWindow, drawn_windows
from streams.replay.errors import CurrencyDiffers
from streams.replay.span import Span
from streams.replay.versions import Versions

Version: TypeAlias = str
NO_CATALOG: Version = ""  # of a window that had no lines under its own


class Askers(NamedTuple):
    """Who answers for the lines, and who for the events they are made of."""

    lines: Asker
    events: Asker


@dataclass(frozen=True, slots=True)
class Request:
    """What to replay. `catalog` None: each window's own.

    `with_lines`: the lines that would change it are wanted too, with a note that says why.
    """

    prices: Version
    catalog: Version | None
    pool: str = ""
    note: str = ""
    with_lines: bool = False


@dataclass(slots=True)
class Outcome:
    """What replaying a stretch gave."""

    windows: int = 0
    events: int = 0
    open_windows: int = 0
    behind: int = 0  # windows of which the archive lacks batches: left as they are
    changed: int = 0
    changes: Changes = field(default_factory=dict)
    lines: list[CostLine] = field(default_factory=list)


def replay(askers: Askers, span: Span, request: Request, versions: Versions) -> Outcome:
    """Replay the windows that begin in a span. Blocks; holds the span's windows in memory."""
    found = Outcome()
    drawn = drawn_windows(askers.lines, span, request.pool)
    open_us = {each.where.start_us for each in drawn.values() if each.is_open}
    closed = [each for each in drawn.values() if not each.is_open]
    found.open_windows = len(drawn) - len(closed)
    if not closed:
        return found
    made = Made(askers.events, span, request, versions, closed)
    own_prices = {each.where.start_us: each.price_book for each in closed}
    undrawn = [
        DrawnWindow(where, own_prices[where.start_us], NO_CATALOG)
        for where in made.appearing(closed)
        if where not in drawn and where.start_us not in open_us
    ]
    for window in sorted([*closed, *undrawn], key=lambda each: each.where):
        replay_window(found, window, made, request)
    return found


def replay_window(found: Outcome, window: DrawnWindow, made: "Made", request: Request) -> None:
    """Replay one closed window, unless the archive lacks some of it."""
    archived = made.revision(window)
    if archived < window.revision:
        found.behind += 1
        return
    found.windows += 1
    found.events += sum(figures.events for figures in window.lines.values())
    lines = window.lines
    is_late = archived > window.revision or any(what.meter == EVIDENCE.name for what in lines)
    for reason, after in made.steps(window, is_late=is_late):
        compare(found.changes, lines, after, reason)
        lines = after
    if any(differing(window.lines, lines)):
        found.changed += 1
        if request.with_lines:
            found.lines += corrected(window, lines, made.edition(window, request.note, len(lines)))


def corrected(window: DrawnWindow, lines: Lines, edition: Edition) -> list[CostLine]:
    """Return all lines of a window in a higher generation; those that vanish as zero."""
    gone = {what: Figures() for what in window.lines if what not in lines}
    every = {**lines, **gone}
    edition = replace(edition, lines=len(every))
    return [to_record(window.where, what, figures, edition) for what, figures in every.items()]


class Made:
    """The archive of a span under every pair of versions that a comparison needs."""

    def __init__(
        self,
        asker: Asker,
        span: Span,
        request: Request,
        versions: Versions,
        closed: list[DrawnWindow],
    ) -> None:
        books = {window.price_book for window in closed} | {request.prices}
        wanted = versions.book(request.prices).currency
        for each in sorted(books):
            if versions.book(each).currency != wanted:
                raise CurrencyDiffers(versions.book(each).currency, wanted)
        self._request = request
        self._versions = versions
        self._window_us = span.window_us
        self._archived = Archived(asker, span, [versions.book(each) for each in sorted(books)])
        self._windows: dict[tuple[Version, Version], dict[WindowPool, ArchivedWindow]] = {}

    def revision(self, window: DrawnWindow) -> int:
        """Return how many batches of the archive have a part in a window under its own catalog."""
        if window.catalog == NO_CATALOG:
            return 0
        revisions = self._archived.revisions(self._rules(window.price_book, window.catalog))
        return revisions.get((window.where.start_us, window.where.pool), 0)

    def steps(self, window: DrawnWindow, *, is_late: bool) -> Iterator[tuple[Reason, Lines]]:
        """Yield the lines a window would have, with one more thing changed each time."""
        catalog = self._request.catalog or window.catalog
        if is_late:
            yield "late", self._lines(window.price_book, window.catalog, window.where)
        if catalog != window.catalog:
            yield "tag", self._lines(window.price_book, catalog, window.where)
        if self._request.prices != window.price_book:
            yield "price", self._lines(self._request.prices, catalog, window.where)

    def appearing(self, closed: list[DrawnWindow]) -> Iterable[WindowPool]:
        """Return the windows there are under the other catalog, beside closed ones."""
        if self._request.catalog is None:
            return ()
        starts = {window.where.start_us for window in closed}
        windows = self._under(self._request.prices, self._request.catalog)
        return [where for where in windows if where.start_us in starts]

    def edition(self, window: DrawnWindow, note: str, lines: int) -> Edition:
        """Return the edition that corrects a window."""
        catalog = self._request.catalog or window.catalog
        rules = self._rules(self._request.prices, catalog)
        revisions = self._archived.revisions(rules)
        return Edition(
            rules.book.currency,
            self._request.prices,
            catalog,
            max(window.generation, window.newest_generation) + 1,
            revisions.get((window.where.start_us, window.where.pool), 0),
            "corrected",
            lines,
            note,
        )

    def _lines(self, price_book: Version, catalog: Version, where: WindowPool) -> Lines:
        window = self._under(price_book, catalog).get(where)
        return window.lines() if window else {}

    def _under(self, price_book: Version, catalog: Version) -> dict[WindowPool, ArchivedWindow]:
        versions = (price_book, catalog)
        if versions not in self._windows:
            self._windows[versions] = self._archived.windows(self._rules(*versions))
        return self._windows[versions]

    def _rules(self, price_book: Version, catalog: Version) -> Rules:
        return self._versions.rules(price_book, catalog, self._window_us)

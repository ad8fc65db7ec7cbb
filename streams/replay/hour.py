"""The windows of one hour: as their lines in force say they are, and as the archive makes them.

Where windows that begin at one instant met two catalogs, all of them are made under the last: it is
the catalog that says which pool an event belongs to, so under two of them an event may be in two
pools or in none. A person's replay, of some of the windows perhaps, stays as it was decided.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

from clickhouse.client import Connection
from streams.core.lines import Dimensions, Figures, Lines, WindowPool
from streams.core.terms import TWO_CATALOGS
from streams.replay.archived import ArchivedWindow
from streams.replay.span import Span
from streams.replay.versions import Pair, Versions
from streams.replay.windows import Terms, drawn, in_force, late, recomputed


class Made(NamedTuple):
    """A window as it should be: made of the archive under versions; None when of no events."""

    where: WindowPool
    window: ArchivedWindow | None
    versions: Pair

    def lines(self) -> Lines:
        """Return its lines."""
        return self.window.lines() if self.window else {}


class Hour:
    """Reads each part on first use. Takes memory for an hour's windows, per pair of versions."""

    def __init__(self, connection: Connection, span: Span, rules: Versions) -> None:
        self.span = span
        self.terms = {each.where: each for each in drawn(connection, span)}
        self._connection = connection
        self._rules = rules
        self._made: dict[Pair, dict[WindowPool, ArchivedWindow]] = {}
        self._by_start: dict[int, list[Terms]] = {}
        for each in self.terms.values():
            self._by_start.setdefault(each.where.start_us, []).append(each)
        self._met = {at_us for at_us, beside in self._by_start.items() if met_two_catalogs(beside)}

    @cached_property
    def lines(self) -> dict[WindowPool, dict[Dimensions, Figures]]:
        """The lines in force, by window and dimensions."""
        return in_force(self._connection, self.span)

    @cached_property
    def late(self) -> dict[WindowPool, int]:
        """The windows of which batches came when they were closed, and how many."""
        return late(self._connection, self.span)

    @cached_property
    def windows(self) -> dict[WindowPool, ArchivedWindow]:
        """The windows that the archive makes, each under the versions that decide."""
        nowhere = [WindowPool(start_us, 0, "") for start_us in (-1, *self._by_start)]
        pairs = {self.versions(where) for where in (*self.terms, *nowhere)}
        return {
            where: window
            for pair in sorted(pair for pair in pairs if pair is not None)
            for where, window in self.under(pair).items()
            if self.versions(where) == pair
        }

    def made(self, where: WindowPool) -> Made:
        """Return a window, which has lines or is one of `windows`, as it should be."""
        versions = self.versions(where)
        if versions is None:
            raise KeyError(where)
        return Made(where, self.windows.get(where), versions)

    def under(self, versions: Pair) -> dict[WindowPool, ArchivedWindow]:
        """Return what the archive makes of the whole hour under two versions."""
        if versions not in self._made:
            self._made[versions] = recomputed(
                self._connection, self.span, self._rules.rules(*versions, self.span.window_us)
            )
        return self._made[versions]

    def currency(self, versions: Pair) -> str:
        """Return the currency of amounts under two versions."""
        return self._rules.book(versions[0]).currency

    def versions(self, where: WindowPool) -> Pair | None:
        """Return the versions that decide over a window; None where nothing is known of any."""
        have = self.terms.get(where)
        beside = self._by_start.get(where.start_us) or list(self.terms.values())
        if not beside:
            return self._rules.newest()
        own = [have] if have else beside
        books = {each.price_book for each in own}
        catalogs = {each.catalog for each in (beside if where.start_us in self._met else own)}
        return self._rules.last("price-book", books), self._rules.last("catalog", catalogs)

    def note(self, where: WindowPool) -> str | None:
        """Return what two versions met in a window, or in those that begin with it."""
        if where.start_us in self._met:
            return TWO_CATALOGS
        have = self.terms.get(where)
        return have.note if have and have.is_mixed else None

    def is_late(self, where: WindowPool) -> bool:
        """Whether a window has no lines because it was closed when the first of it came."""
        return where not in self.terms and where in self.late

    def is_archived(self, where: WindowPool) -> bool:
        """Whether the archive has the batches that its lines count; of one without, those late."""
        have = self.terms.get(where)
        if have is None:
            found = self.windows.get(where)
            return (found.revision if found else 0) >= self.late.get(where, 0)
        found = self.under((have.price_book, have.catalog)).get(where)
        return (found.revision if found else 0) >= have.revision

    def is_settled(self, start_us: int) -> bool:
        """Whether all windows that begin then are closed and archived."""
        beside = self._by_start.get(start_us, [])
        return all(not each.is_open and self.is_archived(each.where) for each in beside)


def met_two_catalogs(beside: Sequence[Terms]) -> bool:
    """Whether windows of one begin met two catalogs, and nobody has decided about them."""
    is_mixed = any(each.is_mixed and each.note == TWO_CATALOGS for each in beside)
    is_one = len({each.catalog for each in beside}) == 1
    return (is_mixed or not is_one) and not any(each.is_replayed for each in beside)

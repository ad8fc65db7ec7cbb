"""One open window of one pool: the batches applied, their sums, and the lines they make."""

from typing import TypeAlias

from schemas.records import CostLine, LineStatus, Partial
from streams.core.allocation import allocate, policy_of
from streams.core.batch_ids import BatchIds
from streams.core.lines import Dimensions, Edition, Figures, Lines, Money, WindowPool, to_record
from streams.core.policies import Policies
from streams.core.sums import Sums
from streams.core.terms import NO_TERMS, note_of, terms_of

Shown: TypeAlias = tuple[int, Money | None, int]  # quantity, money, events as last emitted


class Window:
    """State of a (window, pool). Its lines are a pure function of the set of batches applied.

    Where they were not all rated under one price book and catalog, what was rated is still what the
    lines sum to. They say so in their note; a repair makes them as if `terms` had been in
    force for all.
    """

    __slots__ = ("_policies", "batches", "capacity_events", "catalogs", "dirty", "first_offset",
                 "note", "shown", "sums", "terms", "where")  # fmt: skip

    def __init__(self, where: WindowPool, first_offset: int, policies: Policies) -> None:
        self.where = where
        self.first_offset = first_offset
        self._policies = policies
        self.batches = BatchIds()
        self.sums = Sums()
        self.capacity_events = 0
        self.terms = NO_TERMS
        self.catalogs: frozenset[str] = frozenset()
        self.note: str | None = None
        self.dirty = False
        self.shown: dict[Dimensions, Shown] = {}

    def apply(self, partial: Partial) -> bool:
        """Add a partial; return False, and change nothing, when its batch was applied before."""
        if not self.batches.add(partial["source"], partial["epoch"], partial["seq"]):
            return False
        self.sums.add_records(partial["sums"])
        self.capacity_events += partial["capacity_events"]
        terms = terms_of(partial)
        if self.terms is not NO_TERMS:
            self.note = note_of(self.note, self.terms, terms)
        self.catalogs |= {terms.catalog.version}
        self.terms = terms.or_newer(self.terms)
        self.dirty = True
        return True

    @property
    def revision(self) -> int:
        """How many batches are applied."""
        return len(self.batches)

    @property
    def versions(self) -> set[tuple[str, str]]:
        """The versions of price book and catalog that its lines are drawn under."""
        return {(self.terms.book.version, catalog) for catalog in self.catalogs}

    def changed(self) -> list[CostLine]:
        """Return the lines that differ from what was emitted last, as provisional."""
        edition = self._edition("provisional")
        records = []
        for what, figures in self.lines().items():
            figure = (figures.quantity, figures.money, figures.events)
            if self.shown.get(what) != figure:
                self.shown[what] = figure
                records.append(to_record(self.where, what, figures, edition))
        self.dirty = False
        return records

    def final(self) -> list[CostLine]:
        """Return all lines, as final."""
        edition = self._edition("final")
        return [
            to_record(self.where, what, figures, edition) for what, figures in self.lines().items()
        ]

    def lines(self) -> Lines:
        """Return every line with its figures.

        Those that there would be under a catalog which a newer one replaced are zeros: they may
        have been emitted when nothing was known of the newer one.
        """
        book, newest = self.terms.versions
        found = self._lines_under(book, newest)
        for catalog in self.catalogs - {newest}:
            for what in self._lines_under(book, catalog):
                found.setdefault(what, Figures())
        return found

    def _lines_under(self, price_book: str, catalog: str) -> Lines:
        documents = self._policies.of(price_book, catalog)
        return allocate(self.sums, policy_of(documents, self.where), self.capacity_events)

    def _edition(self, status: LineStatus) -> Edition:
        price_book, catalog = self.terms.versions
        currency = self.terms.book.currency
        return Edition(currency, price_book, catalog, 0, self.revision, status, note=self.note)

"""One open window of one pool: the batches applied, their sums, and the lines they make."""

from typing import NamedTuple, TypeAlias

from schemas.records import CostLine, IdleBasis, IdleShare, LineStatus, Partial
from streams.core.allocation import Lines, Policy, allocate
from streams.core.batch_ids import BatchIds
from streams.core.catalog import IdlePolicy
from streams.core.charges import NO_CHARGES
from streams.core.lines import Dimensions, Edition, Money, WindowPool, to_record
from streams.core.sums import Sums


class Terms(NamedTuple):
    """What lines depend on beside the sums."""

    price_book: str
    catalog: str
    currency: str
    idle_basis: IdleBasis
    idle_share: IdleShare


def terms_of(partial: Partial) -> Terms:
    """Return the terms a partial carries."""
    return Terms(
        partial["price_book"],
        partial["catalog"],
        partial["currency"],
        partial["idle_basis"],
        partial["idle_share"],
    )


Shown: TypeAlias = tuple[int, Money | None, int]  # quantity, money, events as last emitted


class Window:
    """State of a (window, pool). Its lines are a pure function of the set of batches applied.

    Where partials disagree on the terms, a book having been published in between, the greatest
    version decides: arbitrary, but the same in whatever order they came.
    """

    __slots__ = ("batches", "capacity_events", "dirty", "first_offset", "shown", "sums", "terms",
                 "where")  # fmt: skip

    def __init__(self, where: WindowPool, first_offset: int) -> None:
        self.where = where
        self.first_offset = first_offset
        self.batches = BatchIds()
        self.sums = Sums()
        self.capacity_events = 0
        self.terms = Terms("", "", "", "unheld", "weighted")
        self.dirty = False
        self.shown: dict[Dimensions, Shown] = {}

    def apply(self, partial: Partial) -> bool:
        """Add a partial; return False, and change nothing, when its batch was applied before."""
        if not self.batches.add(partial["source"], partial["epoch"], partial["seq"]):
            return False
        self.sums.add_records(partial["sums"])
        self.capacity_events += partial["capacity_events"]
        self.terms = max(self.terms, terms_of(partial))
        self.dirty = True
        return True

    @property
    def revision(self) -> int:
        """How many batches are applied."""
        return len(self.batches)

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
        """Return every line with its figures."""
        idle = IdlePolicy(self.terms.idle_basis, self.terms.idle_share)
        policy = Policy(idle, NO_CHARGES, self.where.start_us)
        return allocate(self.sums, policy, self.capacity_events)

    def _edition(self, status: LineStatus) -> Edition:
        terms = self.terms
        return Edition(terms.currency, terms.price_book, terms.catalog, 0, self.revision, status)

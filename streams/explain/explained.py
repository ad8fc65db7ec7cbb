"""The lines of a tenant in a window, each with how it came to be, or why the archive misses it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from streams.core.catalog import Catalog
from streams.core.lines import Dimensions, Figures, WindowPool
from streams.core.sharing import POOL as SHARED_POOL
from streams.core.sums import EVIDENCE
from streams.core.windows import DAY_US
from streams.explain.contributions import Alone, Contributions, metered_alone
from streams.explain.evidence import Evidence, Reported
from streams.explain.line_steps import line_steps
from streams.explain.made import Made
from streams.explain.pool_steps import pool_steps
from streams.explain.shared_steps import Shared, shared_of, shared_steps
from streams.explain.step import Step
from streams.replay.archived import Archived, ArchivedWindow
from streams.replay.ask import Asker, Params
from streams.replay.drawn import DrawnWindow, drawn_windows
from streams.replay.ranking import Ranking, ranking_of
from streams.replay.span import Span
from streams.replay.versions import Versions

UNCOMPARED = "it is known now who else told of its calls; `apportion repair` counts each once"
UNKNOWN = "nothing known explains it: see `apportion audit`"
LONGEST_US = 31 * DAY_US  # of a window: charges are settled by the month
CHARGES = "charge:"  # begins the names of pools that are settled


NOTHING = Figures()  # a line of nothing is as good as none


class Asked(NamedTuple):
    """Whose lines, in the window that holds an instant; 0: the latest. `pool` empty: of all."""

    tenant: str
    at: int  # microseconds
    pool: str


class Terms(NamedTuple):
    """Under which terms the lines in force of a window were drawn."""

    price_book: str
    catalog: str
    currency: str
    generation: int
    revision: int
    is_open: bool
    note: str | None


@dataclass(frozen=True, slots=True)
class ExplainedLine:
    """A line in force, and as the archive makes it; null: it does not. Steps make the latter."""

    what: Dimensions
    in_force: Figures | None
    made: Figures | None
    steps: tuple[Step, ...] = ()
    evidence: tuple[Evidence, ...] = ()

    @property
    def is_explained(self) -> bool:
        """Whether the steps make the line that is in force."""
        return (self.in_force or NOTHING) == (self.made or NOTHING)


@dataclass(frozen=True, slots=True)
class ExplainedWindow:
    """A (window, pool). `why_not`: why some line in force is not what the archive makes."""

    where: WindowPool
    terms: Terms
    batches: int | None  # in the archive
    made: Made | None
    pool: tuple[Step, ...]
    lines: tuple[ExplainedLine, ...]
    why_not: str | None


def explain(asker: Asker, versions: Versions, asked: Asked) -> list[ExplainedWindow]:
    """Return what a tenant has in a window, explained. Blocks; takes memory for one window."""
    params: Params = {**asked._asdict(), "longest": LONGEST_US}
    places = [WindowPool(*row) for row in asker.rows("explained_places", params)]
    spans = sorted({(where.start_us, where.end_us) for where in places})
    return [
        found
        for start_us, end_us in spans
        for found in explain_span(asker, versions, Span(start_us, end_us, end_us - start_us), asked)
    ]


def explain_span(
    asker: Asker, versions: Versions, span: Span, asked: Asked
) -> Iterator[ExplainedWindow]:
    """Yield the pools of one window in which a tenant has lines in force."""
    reads = _Reads(asker, versions, span)
    drawn = drawn_windows(asker, span, asked.pool)
    for where in sorted(drawn, key=lambda each: each.pool):
        if where.start_us == span.since_us and any(
            what.tenant == asked.tenant for what in drawn[where].lines
        ):
            yield explain_window(reads, drawn[where], asked.tenant)


class _Reads:
    """What is read of one window, each once."""

    def __init__(self, asker: Asker, versions: Versions, span: Span) -> None:
        self._versions = versions
        self._span = span
        self._asker = asker
        self._alone: dict[tuple[str, str], tuple[dict[WindowPool, ArchivedWindow], list[Alone]]]
        self._alone = {}
        self._reported: dict[Ranking, Reported] = {}
        params = {"start": span.since_us, "end": span.until_us}
        self.terms = {
            str(pool): Terms(*terms) for pool, *terms in asker.rows("explained_windows", params)
        }

    def made(self, where: WindowPool, terms: Terms) -> Made | None:
        """Return a window as the archive makes it; None where it has no events."""
        if where.pool.startswith(CHARGES):
            return None
        pair = (terms.price_book, terms.catalog)
        if pair not in self._alone:
            self._alone[pair] = self._read(pair)
        windows, alone = self._alone[pair]
        if where not in windows:
            return None
        made = Made(windows[where], Contributions(alone, where))
        made.contributions.hold_to(made.window.sums)
        return made

    def shared(self, where: WindowPool, terms: Terms) -> Shared:
        """Return what an hour hands on."""
        catalog = self._versions.catalog(terms.catalog)
        return shared_of(self._asker, catalog, where, terms.currency)

    def reported(self, catalog: Catalog) -> Reported:
        """Return the events of the window as they were reported, ranked by a catalog."""
        ranking = ranking_of(self._asker, self._span, catalog)
        if ranking not in self._reported:
            self._reported[ranking] = Reported(self._asker, self._span, ranking)
        return self._reported[ranking]

    def _read(self, pair: tuple[str, str]) -> tuple[dict[WindowPool, ArchivedWindow], list[Alone]]:
        rules = self._versions.rules(*pair, self._span.window_us)
        archived = Archived(self._asker, self._span, [rules.book])
        rows = archived.rows(rules.catalog, by_source=True)
        return archived.windows(rules), [*metered_alone(rows, rules)]


def explain_window(reads: _Reads, drawn: DrawnWindow, tenant: str) -> ExplainedWindow:
    """Return one (window, pool) with the lines of a tenant explained."""
    where = drawn.where
    terms = reads.terms[where.pool]
    made = reads.made(where, terms)
    lines = tuple(
        shared_lines(reads, drawn, terms, tenant)
        if where.pool == SHARED_POOL
        else explained_lines(reads, drawn, made, tenant)
    )
    why_not = None
    if not all(line.is_explained for line in lines):
        why_not = reason(drawn, terms, made)
    batches = made.window.revision if made else None
    pool = tuple(pool_steps(made, reads.reported(catalog_of(made)).devices)) if made else ()
    return ExplainedWindow(where, terms, batches, made, pool, lines, why_not)


def explained_lines(
    reads: _Reads, drawn: DrawnWindow, made: Made | None, tenant: str
) -> Iterator[ExplainedLine]:
    """Yield the lines of a tenant, the dearest first; those that only the archive has, too."""
    archived = made.lines if made else {}
    every = {what for what in (*drawn.lines, *archived) if what.tenant == tenant}
    for what in sorted(every, key=lambda each: _order(each, drawn)):
        have, is_made = drawn.lines.get(what), archived.get(what)
        if made is None or is_made is None:
            yield ExplainedLine(what, have, None)
            continue
        steps = tuple(line_steps(made, what))
        reported = reads.reported(catalog_of(made))
        yield ExplainedLine(what, have, is_made, steps, tuple(reported.of(made, what)))


def catalog_of(made: Made) -> Catalog:
    """Return the catalog that a window was drawn under."""
    return made.window.rules.catalog


def shared_lines(
    reads: _Reads, drawn: DrawnWindow, terms: Terms, tenant: str
) -> Iterator[ExplainedLine]:
    """Yield the lines that hand shared costs on to or from a tenant."""
    shared = reads.shared(drawn.where, terms)
    every = {what for what in (*drawn.lines, *shared.lines) if what.tenant == tenant}
    for what in sorted(every, key=lambda each: _order(each, drawn)):
        steps = tuple(shared_steps(shared, what)) if what in shared.lines else ()
        yield ExplainedLine(what, drawn.lines.get(what), shared.lines.get(what), steps)


def _order(what: Dimensions, drawn: DrawnWindow) -> tuple[int, str]:
    have = drawn.lines.get(what)
    return -((have and have.cost) or 0), str(what)


def reason(drawn: DrawnWindow, terms: Terms, made: Made | None) -> str:
    """Return why lines in force are not what the archive makes under their versions."""
    where = drawn.where
    if where.pool.startswith(CHARGES):
        return derived_reason(where, terms)
    if terms.is_open:
        return "the window is open: its lines follow the archive until it closes"
    batches = made.window.revision if made else 0
    if batches > terms.revision:
        late = batches - terms.revision
        return f"late batches: {late} since the window closed; `apportion repair` counts them"
    if batches < terms.revision:
        missing = terms.revision - batches
        return f"the archive lacks {missing} of the {terms.revision} batches that these lines count"
    if terms.note and terms.generation == 0:
        return f"the window was {terms.note}; `apportion repair` draws it anew under the last one"
    is_seen = any(what.meter == EVIDENCE.name for what in drawn.lines)
    return UNCOMPARED if is_seen else UNKNOWN


def derived_reason(where: WindowPool, terms: Terms) -> str:
    """Return why lines that follow from other lines are not explained by these."""
    if where.pool == SHARED_POOL:
        return "the lines that they follow from have changed; `apportion share` hands them on anew"
    return f"these lines follow from other lines, not from usage: {terms.note or 'no note'}"

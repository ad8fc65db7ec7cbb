"""Windows as the archive says they are, and as their lines in force say. Both read by the hour."""

from dataclasses import dataclass
from typing import Any

from clickhouse.client import Connection
from clickhouse.query import ask, query_text
from schemas.decimals import to_pico
from streams.core.lines import Dimensions, Figures, Money, WindowPool
from streams.core.metering import Rules
from streams.core.windows import window_start
from streams.replay.archived import Archived, ArchivedWindow
from streams.replay.ask import Direct, Params
from streams.replay.notes import BY_ITSELF
from streams.replay.span import Span

INTEGER_INSTANTS = {"DateTime64": "int"}


@dataclass(frozen=True, slots=True)
class Terms:
    """A (window, pool) that has lines: under what those in force were drawn, and if it is open."""

    where: WindowPool
    price_book: str
    catalog: str
    generation: int
    revision: int
    is_open: bool
    note: str | None = None  # why they are in force, or of generation 0, are to be corrected

    @property
    def is_mixed(self) -> bool:
        """Whether it met several versions, and is as it was streamed."""
        return self.generation == 0 and self.note is not None

    @property
    def is_replayed(self) -> bool:
        """Whether a person has decided about it."""
        return self.generation > 0 and self.note not in {None, *BY_ITSELF}


def span_of(connection: Connection) -> Span | None:
    """Return the span of everything there is; None when no window was ever closed or drawn."""
    [row] = ask(connection.reader, "line_span")
    first_us, last_us, window_us = (
        int(str(row[name])) for name in ("first_us", "last_us", "window_us")
    )
    if not window_us:
        return None
    return Span(window_start(first_us, window_us), last_us + 1, window_us)


def drawn(connection: Connection, span: Span) -> list[Terms]:
    """Return every (window, pool) of a span that has lines."""
    return [
        Terms(
            WindowPool(row["window_start"], row["window_end"], row["pool"]),
            row["price_book"],
            row["catalog"],
            row["generation"],
            row["revision"],
            bool(row["open"]),
            row["note"],
        )
        for row in rows(connection, "audited_windows", span)
    ]


def late(connection: Connection, span: Span) -> dict[WindowPool, int]:
    """Return of which windows of a span batches came when they were closed, and how many."""
    return {
        WindowPool(row["window_start"], row["window_end"], row["pool"]): row["batches"]
        for row in rows(connection, "late_windows", span)
    }


def in_force(connection: Connection, span: Span) -> dict[WindowPool, dict[Dimensions, Figures]]:
    """Return the lines in force of a span by window and dimensions."""
    found: dict[WindowPool, dict[Dimensions, Figures]] = {}
    for row in rows(connection, "lines_in_force", span):
        where = WindowPool(row["window_start"], row["window_end"], row["pool"])
        what = Dimensions(*(row[name] for name in Dimensions._fields))
        found.setdefault(where, {})[what] = Figures(
            to_pico(row["quantity"]), money_of(row), row["events"]
        )
    return found


def money_of(row: dict[str, Any]) -> Money | None:
    """Return the money of a line in force; None when it is unpriced.

    Lines drawn before 0.2 say only what they cost, and there was nothing else then.
    """
    cost = row["cost"]
    if cost is None:
        return None
    amounts = (cost, row["list_cost"], row["billed_cost"])
    return Money(*(to_pico(cost if each is None else each) for each in amounts))


def highest_generations(connection: Connection, span: Span) -> dict[WindowPool, int]:
    """Return the highest generation of each (window, pool) of a span, complete or not.

    What is published next takes a higher number: an incomplete one may yet be completed. Those that
    have none but 0 are left out.
    """
    params: Params = {
        "since": span.since_us,
        "until": span.until_us,
        "window": span.window_us,
        "pool": "",
    }
    return {
        WindowPool(start_us, start_us + span.window_us, pool): generation
        for start_us, pool, generation in Direct(connection).rows("newest_generations", params)
    }


def recomputed(
    connection: Connection, span: Span, rules: Rules
) -> dict[WindowPool, ArchivedWindow]:
    """Return the windows of a span as the archive's events make them."""
    return Archived(Direct(connection), span, [rules.book]).windows(rules)


def rows(connection: Connection, query: str, span: Span) -> list[dict[str, Any]]:
    """Return the rows of a query over a span, instants as integer microseconds."""
    params = {"since": span.since_us, "until": span.until_us}
    with (
        connection.lent() as session,
        session.stream(query_text(query), params, INTEGER_INSTANTS) as found,
    ):
        return list(found)

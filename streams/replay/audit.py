"""audit: is every cent accounted for, once? Every closed window is recomputed from the archive.

Conservation per (window, pool), line by line; every archived event on a line; no batch missing.
Windows still open are counted and not judged: their lines follow.
"""

from dataclasses import dataclass

from clickhouse.client import Connection
from clickhouse.query import ask
from streams.core.lines import WindowPool
from streams.core.window import Window
from streams.replay.difference import Difference, difference
from streams.replay.span import Span
from streams.replay.windows import RulesByVersion, Terms, drawn, in_force, recomputed, span_of

EPOCH_US = 0


@dataclass(frozen=True, slots=True)
class Incomplete:
    """A source of whose batches or events some are missing."""

    source: str
    epoch: int
    missing_batches: int
    lost_events: int


@dataclass(frozen=True, slots=True)
class Audit:
    """What was found. It is clean when nothing is off and nothing is missing."""

    windows: int
    open_windows: int
    events: int
    unpriced_events: int
    dead_letters: int
    residual_pico: int  # sum of the windows' residuals, each taken as positive
    off: tuple[Difference, ...]
    undrawn: tuple[WindowPool, ...]  # windows with events older than closed ones, and no lines
    incomplete: tuple[Incomplete, ...]

    @property
    def clean(self) -> bool:
        """Whether every cent is accounted for, once."""
        return not (self.off or self.undrawn or self.incomplete)


def audit(connection: Connection) -> Audit:
    """Audit everything there is. Blocks; memory is bounded by an hour's windows."""
    span = span_of(connection)
    findings = Findings()
    if span is not None:
        rules = RulesByVersion(connection)
        for hour in span.hours():
            audit_hour(connection, hour, rules, findings)
    totals = ask(connection.reader, "totals")[0]
    return Audit(
        windows=findings.windows,
        open_windows=findings.open_windows,
        events=int(str(totals["events"])),
        unpriced_events=int(str(totals["unpriced_events"])),
        dead_letters=int(str(totals["dead_letters"])),
        residual_pico=sum(abs(each.residual_pico) for each in findings.off),
        off=tuple(findings.off),
        undrawn=tuple(findings.undrawn),
        incomplete=tuple(incomplete(connection)),
    )


class Findings:
    """What an audit gathers, hour by hour."""

    def __init__(self) -> None:
        self.windows = 0
        self.open_windows = 0
        self.off: list[Difference] = []
        self.undrawn: list[WindowPool] = []


def audit_hour(
    connection: Connection, hour: Span, rules: RulesByVersion, findings: Findings
) -> None:
    """Audit the windows of one hour."""
    terms = {each.where: each for each in drawn(connection, hour)}
    lines = in_force(connection, hour)
    windows = archived(connection, hour, list(terms.values()), rules)
    closed = {where for where, each in terms.items() if not each.is_open}
    findings.windows += len(closed)
    findings.open_windows += len(terms) - len(closed)
    for where in sorted(closed, key=lambda each: (each.start_us, each.pool)):
        window = windows.get(where)
        found = difference(where, lines[where], window.lines() if window else {})
        if found:
            findings.off.append(found)
    last_closed_us = max((where.start_us for where in closed), default=0)
    findings.undrawn += [
        where for where in windows if where not in terms and where.start_us < last_closed_us
    ]


def archived(
    connection: Connection, hour: Span, terms: list[Terms], rules: RulesByVersion
) -> dict[WindowPool, Window]:
    """Return the windows of an hour from the archive, each under the terms of its own lines."""
    versions = {(each.price_book, each.catalog) for each in terms}
    windows: dict[WindowPool, Window] = {}
    under = {each.where: (each.price_book, each.catalog) for each in terms}
    for book, catalog in sorted(versions):
        found = recomputed(connection, hour, rules.rules(book, catalog, hour.window_us))
        windows |= {
            where: window
            for where, window in found.items()
            if under.get(where, (book, catalog)) == (book, catalog)
        }
    return windows


def incomplete(connection: Connection) -> list[Incomplete]:
    """Return the sources with batches missing or events lost."""
    rows = ask(connection.reader, "completeness", {"since": EPOCH_US})
    found = [
        Incomplete(
            str(row["source"]),
            int(str(row["epoch"])),
            int(str(row["missing"])),
            int(str(row["lost_events"] or 0)),
        )
        for row in rows
    ]
    return [each for each in found if each.missing_batches or each.lost_events]

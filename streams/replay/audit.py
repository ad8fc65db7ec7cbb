"""audit: is every cent accounted for, once? Every closed window is recomputed from the archive.

Conservation per (window, pool), line by line; every archived event on a line; no batch missing.
Windows still open are counted and not judged: their lines follow.
"""

from dataclasses import dataclass
from typing import Any, cast

from clickhouse.client import Connection
from clickhouse.query import ask
from streams.core.lines import WindowPool
from streams.replay.ask import Direct
from streams.replay.difference import Difference, difference
from streams.replay.hour import Hour
from streams.replay.versions import Versions
from streams.replay.windows import span_of

EPOCH_US = 0


@dataclass(frozen=True, slots=True)
class Incomplete:
    """A source of whose batches or events some are missing."""

    source: str
    epoch: int
    missing_batches: int
    lost_events: int


@dataclass(frozen=True, slots=True)
class Mixed:
    """A window that met two versions, and is not drawn anew yet. What was rated adds up."""

    where: WindowPool
    note: str


@dataclass(frozen=True, slots=True)
class Unpriced:
    """Usage that no price was in force for, whose quantities are kept."""

    provider: str | None
    model: str | None
    region: str | None
    service_tier: str | None
    meter: str
    unit: str
    events: int  # of a call, on one of its meters
    quantity: str  # exact decimal
    windows: int
    since_us: int


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
    undrawn: tuple[WindowPool, ...]  # closed windows with events, and no lines
    incomplete: tuple[Incomplete, ...]
    mixed: tuple[Mixed, ...] = ()
    unpriced: tuple[Unpriced, ...] = ()

    @property
    def clean(self) -> bool:
        """Whether every cent is accounted for, once."""
        return not (self.off or self.mixed or self.undrawn or self.incomplete)


def audit(connection: Connection) -> Audit:
    """Audit everything there is. Blocks; memory is bounded by an hour's windows."""
    span = span_of(connection)
    findings = Findings()
    if span is not None:
        rules = Versions(Direct(connection))
        for hour in span.hours():
            audit_hour(Hour(connection, hour, rules), findings)
    totals = ask(connection.reader, "totals")[0]
    return Audit(
        windows=findings.windows,
        open_windows=findings.open_windows,
        events=int(str(totals["events"])),
        unpriced_events=int(str(totals["unpriced_events"])),
        dead_letters=int(str(totals["dead_letters"])),
        residual_pico=sum(abs(each.residual_pico) for each in findings.off),
        off=tuple(findings.off),
        mixed=tuple(findings.mixed),
        unpriced=tuple(without_price(connection)),
        undrawn=tuple(findings.undrawn),
        incomplete=tuple(incomplete(connection)),
    )


class Findings:
    """What an audit gathers, hour by hour."""

    def __init__(self) -> None:
        self.windows = 0
        self.open_windows = 0
        self.off: list[Difference] = []
        self.mixed: list[Mixed] = []
        self.undrawn: list[WindowPool] = []


def audit_hour(hour: Hour, findings: Findings) -> None:
    """Audit the windows of one hour."""
    closed = {where for where, each in hour.terms.items() if not each.is_open}
    findings.windows += len(closed)
    findings.open_windows += len(hour.terms) - len(closed)
    for where in sorted(closed, key=lambda each: (each.start_us, each.pool)):
        judge(hour, where, findings)
    last_closed_us = max((where.start_us for where in closed), default=0)
    findings.undrawn += [
        where
        for where in hour.windows
        if where not in hour.terms and (where.start_us < last_closed_us or where in hour.late)
    ]


def judge(hour: Hour, where: WindowPool, findings: Findings) -> None:
    """Compare a closed window with what the archive makes.

    One that met two versions is not judged before it is drawn anew, unless it is right as it is.
    """
    found = difference(where, hour.lines[where], hour.made(where).lines())
    note = hour.note(where)
    if hour.terms[where].is_mixed or (found and note):
        findings.mixed.append(Mixed(where, note or ""))
    elif found:
        findings.off.append(found)


def without_price(connection: Connection) -> list[Unpriced]:
    """Return what was used and has no price."""
    fields = Unpriced.__dataclass_fields__
    rows = ask(connection.reader, "unpriced")
    return [Unpriced(**{name: cast("Any", row[name]) for name in fields}) for row in rows]


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

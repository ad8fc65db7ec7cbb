"""repair: closed windows whose lines are not what the archive makes get a higher generation.

That is how late batches come to be counted, and how windows are closed whose log died with an
embedded broker. An archive that is behind the lines is never believed: a window is corrected only
when at least the batches its lines count are archived.
"""

import json
from base64 import b64encode
from dataclasses import asdict, dataclass

from clickhouse.client import Connection
from clickhouse.query import ask
from schemas.codec import Codec
from schemas.records import CostLine
from streams.core.lines import Dimensions, Edition, Figures, WindowPool, to_record
from streams.core.window import Window
from streams.core.windows import HOUR_US, window_start
from streams.replay.audit import archived
from streams.replay.difference import Difference, difference
from streams.replay.span import Span
from streams.replay.windows import (
    RulesByVersion,
    Terms,
    drawn,
    highest_generations,
    in_force,
    span_of,
)

# Why a correction was published: it goes on its lines.
LATE = "late batches"
LOG_LOST = "log of partials lost"


@dataclass(frozen=True, slots=True)
class Corrections:
    """What a repair publishes, and which windows it mends."""

    lines: list[CostLine]
    mended: list[Difference]

    def to_json(self) -> str:
        """Return them as text: the lines in Avro, base64."""
        codec = Codec()
        lines = [
            [line["tenant"], b64encode(codec.encode("CostLine", line)).decode()]
            for line in self.lines
        ]
        return json.dumps({"lines": lines, "mended": [asdict(each) for each in self.mended]})


@dataclass(frozen=True, slots=True)
class LostLog:
    """The log of partials began anew; windows that began before it are closed by nothing else."""

    began_us: int  # 0: it never did
    now_us: int

    def held(self, where: WindowPool) -> bool:
        """Whether a window has ended, and what was known of it is gone."""
        return where.start_us < self.began_us and where.end_us <= self.now_us


NOTHING_LOST = LostLog(0, 0)


def corrections(
    connection: Connection, log: LostLog = NOTHING_LOST, *, everywhere: bool = False
) -> Corrections:
    """Return the corrections of hours that are suspect, or of everything there is.

    Windows whose log was lost are corrected even when their lines are provisional, or missing.
    Blocks.
    """
    found = Corrections([], [])
    span = span_of(connection)
    if span is None:
        return found
    rules = RulesByVersion(connection)
    suspects = suspect_hours(connection)
    for hour in span.hours():
        if everywhere or window_start(hour.since_us, HOUR_US) in suspects:
            correct_hour(connection, hour, rules, log, found)
    return found


def suspect_hours(connection: Connection) -> set[int]:
    """Return the begins of hours whose lines may be off."""
    return {int(str(row["hour_us"])) for row in ask(connection.reader, "suspect_hours")}


def correct_hour(
    connection: Connection,
    hour: Span,
    rules: RulesByVersion,
    log: LostLog,
    found: Corrections,
) -> None:
    """Add the corrections of the windows of one hour."""
    terms = {each.where: each for each in drawn(connection, hour)}
    under = list(terms.values()) or newest_terms(connection)
    windows = archived(connection, hour, under, rules)
    lines = in_force(connection, hour)
    taken = highest_generations(connection, hour)
    for where, window in sorted(windows.items(), key=lambda item: item[0].start_us):
        have = terms.get(where)
        if not may_correct(window, have, log):
            continue
        off = difference(where, lines.get(where, {}), window.lines())
        if off or have is None or have.is_open:
            found.mended.append(off or Difference(where, 0, 0, 0))
            note = LOG_LOST if have is None or have.is_open else LATE
            number = taken.get(where, 0) + 1
            found.lines.extend(corrected(window, lines.get(where, {}), number, note))


def may_correct(window: Window, have: Terms | None, log: LostLog) -> bool:
    """Whether a window is closed for good and archived as far as its lines go."""
    closed = have is not None and not have.is_open
    return (closed or log.held(window.where)) and window.revision >= (have.revision if have else 0)


def corrected(
    window: Window, drawn_lines: dict[Dimensions, Figures], generation: int, note: str
) -> list[CostLine]:
    """Return all lines of a window in a higher generation; those that vanish as zero."""
    lines = {**{what: Figures() for what in drawn_lines}, **window.lines()}
    edition = Edition(
        window.terms.book.currency,
        *window.terms.versions,
        generation,
        window.revision,
        "corrected",
        lines=len(lines),
        note=note,
    )
    return [to_record(window.where, what, figures, edition) for what, figures in lines.items()]


def newest_terms(connection: Connection) -> list[Terms]:
    """Return the terms of windows that have no lines: the price book and catalog stored last."""
    versions = {
        str(row["kind"]): str(row["version"]) for row in ask(connection.reader, "newest_configs")
    }
    if len(versions) < len(("price-book", "catalog")):
        return []
    nowhere = WindowPool(0, 0, "")
    return [Terms(nowhere, versions["price-book"], versions["catalog"], 0, 0, is_open=True)]

"""repair: closed windows whose lines are not what the archive makes get a higher generation.

That is how late batches come to be counted, how windows are made exact that met two price books or
catalogs, how windows are closed whose log died with an embedded broker, and how usage gets a price
that had none. An archive that is behind the lines is never believed: a window is corrected only
when at least the batches its lines count are archived.
"""

import json
from base64 import b64encode
from dataclasses import asdict, dataclass, field

from clickhouse.client import Connection
from clickhouse.query import ask
from schemas.codec import Codec
from schemas.records import CostLine
from streams.core.lines import Edition, Figures, Lines, WindowPool, to_record
from streams.core.sums import EVIDENCE
from streams.core.terms import TWO_CATALOGS
from streams.core.windows import HOUR_US, window_start
from streams.replay.ask import Direct
from streams.replay.difference import Difference, difference
from streams.replay.hour import Hour, Made
from streams.replay.notes import BY_ITSELF, LATE, LOG_LOST, OBSERVED
from streams.replay.unsettled import every_day, recent_days, unsettled_hours
from streams.replay.versions import Versions
from streams.replay.windows import highest_generations, span_of

CATALOG_DAYS = 3  # for so long one looks whether two catalogs met, other than for everything


@dataclass(frozen=True, slots=True)
class Corrections:
    """What a repair publishes, and which windows it mends."""

    lines: list[CostLine] = field(default_factory=list)
    mended: list[Difference] = field(default_factory=list)
    held: list[WindowPool] = field(default_factory=list)  # unpriced, and more than that changes

    def to_json(self) -> str:
        """Return them as text: the lines in Avro, base64."""
        codec = Codec()
        lines = [
            [line["tenant"], b64encode(codec.encode("CostLine", line)).decode()]
            for line in self.lines
        ]
        mended = [asdict(each) for each in self.mended]
        held = [asdict(each) for each in self.held]
        return json.dumps({"lines": lines, "mended": mended, "held": held})


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
    connection: Connection,
    log: LostLog = NOTHING_LOST,
    *,
    everywhere: bool = False,
    rules: Versions | None = None,
    at_most_hours: int | None = None,
) -> Corrections:
    """Return the corrections of hours that are suspect, or of everything there is.

    Windows whose log was lost are corrected even when their lines are provisional, or missing.
    `at_most_hours`: of those that have any, the first so many; the rest, and older evidence, is for
    the repairs before and after. Blocks.
    """
    found = Corrections()
    span = span_of(connection)
    if span is None:
        return found
    rules = rules or Versions(Direct(connection))
    suspects = suspect_hours(connection, log)
    if not everywhere:
        days = every_day(span) if at_most_hours is None else recent_days(span, suspects)
        suspects |= unsettled_hours(Direct(connection), days, span.window_us, rules)
    corrected = 0
    for each in span.hours():
        if corrected == at_most_hours:
            break
        if everywhere or window_start(each.since_us, HOUR_US) in suspects:
            before = len(found.mended)
            correct_hour(connection, Hour(connection, each, rules), log, found)
            corrected += len(found.mended) > before
    return found


def suspect_hours(connection: Connection, log: LostLog) -> set[int]:
    """Return the begins of hours whose lines may be off."""
    asked = {"lost_log": int(log.began_us > 0), "days": CATALOG_DAYS, "by_itself": list(BY_ITSELF)}
    return {int(str(row["hour_us"])) for row in ask(connection.reader, "suspect_hours", asked)}


def correct_hour(connection: Connection, hour: Hour, log: LostLog, found: Corrections) -> None:
    """Add the corrections of the windows of one hour."""
    taken = highest_generations(connection, hour.span)
    for where in sorted({*hour.windows, *hour.terms}, key=lambda each: (each.start_us, each.pool)):
        if not may_correct(hour, where, log):
            continue
        made = hour.made(where)
        off = difference(where, hour.lines.get(where, {}), made.lines())
        if off or is_unfinished(hour, made):
            found.mended.append(off or Difference(where, 0, 0, 0))
            number = taken.get(where, 0) + 1
            found.lines.extend(drawn_anew(hour, made, number, note_of(hour, made)))


def may_correct(hour: Hour, where: WindowPool, log: LostLog) -> bool:
    """Whether a window is closed for good and archived as far as its lines go.

    Where two catalogs met, events may go to other windows that begin then: all of them or none.
    """
    have = hour.terms.get(where)
    if not log.held(where):
        if hour.note(where) == TWO_CATALOGS:
            return hour.is_settled(where.start_us)
        if have is None:
            return hour.is_late(where) and hour.is_archived(where)
        if have.is_open:
            return False
    return hour.is_archived(where)


def is_unfinished(hour: Hour, made: Made) -> bool:
    """Whether a window is to be drawn anew though its lines are right: it was not settled yet."""
    have = hour.terms.get(made.where)
    if have is None or have.is_open or have.is_mixed:
        return True
    return (have.price_book, have.catalog) != made.versions


def note_of(hour: Hour, made: Made) -> str:
    """Return why a window is corrected."""
    have = hour.terms.get(made.where)
    said = hour.note(made.where)
    if said or hour.is_late(made.where):
        return said or LATE
    if have is None or have.is_open:
        return LOG_LOST
    drawn = hour.lines.get(made.where, {})
    is_late = made.window is not None and made.window.revision > have.revision
    is_compared = evidence_on(drawn) != evidence_on(made.lines())
    return OBSERVED if is_compared and not is_late else LATE


def evidence_on(lines: Lines) -> int:
    """Return how many events lines leave out, which are of calls that others told of."""
    return sum(each.events for what, each in lines.items() if what.meter == EVIDENCE.name)


def drawn_anew(hour: Hour, made: Made, generation: int, note: str) -> list[CostLine]:
    """Return all lines of a window in a higher generation; those that vanish as zero.

    A window made of nothing has no batches: all it had went to other pools.
    """
    lines = {what: Figures() for what in hour.lines.get(made.where, {})} | made.lines()
    edition = Edition(
        hour.currency(made.versions),
        *made.versions,
        generation,
        made.window.revision if made.window else 0,
        "corrected",
        lines=len(lines),
        note=note,
    )
    return [to_record(made.where, what, figures, edition) for what, figures in lines.items()]

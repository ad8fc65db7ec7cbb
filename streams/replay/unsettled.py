"""Evidence that is to be counted, or not any more: in which hours lines say otherwise.

What a lesser observer tells of a call is on no bill while its window is open. Once it is closed the
archive knows who else told of the call, as far as it has come, and may learn more later.
"""

from collections.abc import Iterable

from streams.core.observers import MATCH_US
from streams.core.windows import DAY_US, window_start
from streams.replay.ask import Asker, Params
from streams.replay.ranking import ranking_of
from streams.replay.span import Span
from streams.replay.versions import Versions

AROUND = (-MATCH_US, 0, MATCH_US)


def recent_days(span: Span, suspects: Iterable[int]) -> set[int]:
    """Return the days on which an event that came lately can have changed what evidence counts.

    Those within a match of the last lines, and of hours in which something is late.
    """
    last_us = span.until_us - 1
    reached = [last_us - MATCH_US, *(at_us + way for at_us in suspects for way in AROUND)]
    return {window_start(at_us, DAY_US) for at_us in (last_us, *reached)}


def every_day(span: Span) -> set[int]:
    """Return the days of a span."""
    return set(range(window_start(span.since_us, DAY_US), span.until_us, DAY_US))


def unsettled_hours(
    asker: Asker, days: Iterable[int], window_us: int, versions: Versions
) -> set[int]:
    """Return the begins of hours of days whose lines leave out other evidence than they should.

    Blocks; memory is bounded by the evidence of a day.
    """
    return {
        hour_us
        for day_us in sorted(days)
        for hour_us in _unsettled(asker, Span(day_us, day_us + DAY_US, window_us), versions)
    }


def _unsettled(asker: Asker, day: Span, versions: Versions) -> Iterable[int]:
    asked: Params = {"since": day.since_us, "until": day.until_us, "window": day.window_us}
    for [version] in asker.rows("evidence_catalogs", asked):
        ranking = ranking_of(asker, day, versions.catalog(version))
        params: Params = {**asked, **ranking.params, "catalog": version}
        yield from (hour_us for [hour_us] in asker.rows("evidence_hours", params))

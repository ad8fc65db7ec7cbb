"""When less came of a source than it sent: what is said of it, and what of that is new. Pure.

What it sent is known by the numbers of its batches and by what it says it had to drop. A series of
its own, and no matter of habit: all of it is expected.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Final, NamedTuple

from schemas.records import Alert
from streams.core.alerts import NO_DETAILS
from streams.core.reserved import PLATFORM
from streams.core.series.anomaly_query import literal
from streams.core.series.anomaly_words import instant
from streams.core.series.keys import escaped
from streams.core.silence import Name
from streams.core.windows import HOUR_US

KIND: Final = "source_incomplete"
WITHIN_US: Final = HOUR_US  # what came is looked at over the last hour
WHOLE: Final = Fraction(1)


class Came(NamedTuple):
    """What came of a source within an hour, and what did not. `since_us`: 0 where all came.

    missing, dead: batches that never came, or could not be read. refused: events of `events`.
    dropped: events that the source says it had no room for.
    """

    source: str
    batches: int
    missing: int
    dead: int
    events: int
    refused: int
    dropped: int
    since_us: int

    @property
    def ratio(self) -> Fraction:
        """The part that came: of batches or of events, whichever is less.

        >>> Came("gw-1", 97, 2, 1, 4_000, 0, 0, 5).ratio, Came("gw-1", 9, 0, 0, 8, 1, 2, 5).ratio
        (Fraction(97, 100), Fraction(7, 10))
        """
        sent = self.batches + self.missing + self.dead
        told = self.events + self.dropped
        of_batches = Fraction(self.batches, sent) if sent else WHOLE
        of_events = Fraction(self.events - self.refused, told) if told else WHOLE
        return min(of_batches, of_events)


def shortfalls(  # noqa: PLR0913 - what it is judged by, each once
    came: Iterable[Came],
    now_us: int,
    said: Mapping[Name, Alert],
    *,
    currency: str,
    muted: bool,
    least: Fraction,
) -> list[Alert]:
    """Return what is new. `said`: the alerts that are not over, by source."""
    known = {each.source: each for each in came}
    short = {name: each for name, each in known.items() if each.ratio < least}
    begun = [each for name, each in sorted(short.items()) if name not in said and not muted]
    over = [name for name in said if name is None or name not in short]
    return [
        *(opened(each, now_us, currency) for each in begun),
        *(ended(said[name], now_us) for name in sorted(over, key=str)),
    ]


def opened(of: Came, now_us: int, currency: str) -> Alert:
    """Return the begin of an alert."""
    return {
        **NO_DETAILS,
        "alert_id": f"{KIND}/source:{escaped(of.source)}/{of.since_us}",
        "tenant": PLATFORM,
        "kind": KIND,
        "state": "opened",
        "since_us": of.since_us,
        "at_us": now_us,
        "expected": None,
        "actual": None,
        "excess": None,
        "currency": currency,
        "summary": words(of),
        "severity": "warning",
        "revision": 1,
        "source": of.source,
        "query": query_of(of),
        "group": f"{KIND}/{of.since_us - of.since_us % WITHIN_US}",
    }


def ended(said: Alert, now_us: int) -> Alert:
    """Return the end of an alert."""
    revision = (said["revision"] or 1) + 1
    summary = f"All of source {said['source']} came in the last hour, as far as anything did."
    return {**said, "state": "resolved", "at_us": now_us, "summary": summary, "revision": revision}


def words(of: Came) -> str:
    """Return what happens and what to do."""
    found = [
        (of.missing, f"{of.missing:,} of {of.batches + of.missing + of.dead:,} batches never came"),
        (of.dead, f"{of.dead:,} batches could not be read"),
        (of.refused, f"{of.refused:,} of {of.events:,} events were refused"),
        (of.dropped, f"{of.dropped:,} events it had no room for"),
    ]
    what = ", ".join(said for count, said in found if count)
    return (
        f"Of source {of.source} {float(of.ratio):.1%} came in an hour, since "
        f"{instant(of.since_us)}: {what}. Its usage is too low, and so is the bill. Look at its "
        "outbox and at the dead letters."
    )


def query_of(of: Came) -> str:
    """Return SQL that shows what came of a source, batch by batch."""
    return (  # a name goes through `literal`, all else is ours
        "SELECT epoch, seq, sent_at, events, rejected FROM batches FINAL "  # noqa: S608
        f"WHERE source = {literal(of.source)} AND archived_at >= "
        f"fromUnixTimestamp64Micro({of.since_us - WITHIN_US}, 'UTC') ORDER BY epoch, seq"
    )

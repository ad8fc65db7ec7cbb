"""When a producer of usage has fallen silent: what is said of it, and what of that is new. Pure.

A source that is heard in most minutes is missed after five; one that pauses is missed after three
times as long as it usually does. When none is heard any longer, that is one alert: what they have
in common is at fault.
"""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple, TypeAlias

from schemas.records import Alert
from streams.core.alerts import NO_DETAILS
from streams.core.reserved import PLATFORM
from streams.core.series.anomaly_query import BEFORE_US, literal
from streams.core.series.anomaly_words import instant
from streams.core.series.keys import escaped
from streams.core.windows import MINUTE_US

KIND: Final = "source_silent"
LEAST_US: Final = 5 * MINUTE_US
TIMES: Final = 3  # of its usual pause
ENOUGH: Final = 30  # minutes heard of before a pause is known

Name: TypeAlias = str | None  # of a source; none: all of them together


class Heard(NamedTuple):
    """A source: the begin of the last minute it was heard in, in how many, and its usual pause."""

    source: str
    last_us: int
    minutes: int
    pause_us: int

    @property
    def since_us(self) -> int:
        """Since when it is silent."""
        return self.last_us + MINUTE_US

    def is_missed(self, now_us: int) -> bool:
        """Whether it is silent for longer than is usual."""
        return now_us - self.since_us > max(LEAST_US, TIMES * self.pause_us)


def silences(
    heard: Iterable[Heard], now_us: int, said: Mapping[Name, Alert], *, currency: str, muted: bool
) -> list[Alert]:
    """Return what is new. `said`: the alerts that are not over, by source."""
    known = {each.source: each for each in heard if each.minutes >= ENOUGH}
    missed: dict[Name, int] = {
        name: each.since_us for name, each in known.items() if each.is_missed(now_us)
    }
    are_all = bool(missed) and len(missed) == len(known)
    wanted: dict[Name, int] = {None: max(missed.values())} if are_all else missed
    begun = [name for name in wanted if name not in said and not muted]
    over = [name for name in said if name not in wanted and (name is None or not are_all)]
    return [
        *(opened(name, wanted[name], now_us, currency) for name in sorted(begun, key=str)),
        *(
            ended(said[name], now_us, is_heard=name is None or name in known)
            for name in sorted(over, key=str)
        ),
    ]


def opened(name: Name, since_us: int, now_us: int, currency: str) -> Alert:
    """Return the begin of an alert."""
    return {
        **NO_DETAILS,
        "alert_id": f"{KIND}/{'all' if name is None else f'source:{escaped(name)}'}/{since_us}",
        "tenant": PLATFORM,
        "kind": KIND,
        "state": "opened",
        "since_us": since_us,
        "at_us": now_us,
        "expected": None,
        "actual": None,
        "excess": None,
        "currency": currency,
        "summary": words(name, since_us),
        "severity": "critical" if name is None else "warning",
        "revision": 1,
        "source": name,
        "query": query_of(name, since_us),
        "group": f"sources/{since_us}",
    }


def ended(said: Alert, now_us: int, *, is_heard: bool) -> Alert:
    """Return the end of an alert."""
    who = "Some source" if said["source"] is None else f"Source {said['source']}"
    how = "is heard again" if is_heard else "is silent for so long that it is expected no more"
    revision = (said["revision"] or 1) + 1
    summary = f"{who} {how}."
    return {**said, "state": "resolved", "at_us": now_us, "summary": summary, "revision": revision}


def words(name: Name, since_us: int) -> str:
    """Return what happens and what to do."""
    since = instant(since_us)
    if name is None:
        return f"No source is heard since {since}. Look at the broker and the network before it."
    return (
        f"Source {name} is not heard since {since}. Look whether it runs and reaches the broker: "
        "its usage is missing, not zero."
    )


def query_of(name: Name, since_us: int) -> str:
    """Return SQL that shows when sources were heard before and after."""
    whose = "" if name is None else f"source = {literal(name)} AND "
    return (  # a name goes through `literal`, all else is ours
        "SELECT minute, source FROM sources_heard FINAL "  # noqa: S608
        f"WHERE {whose}minute >= fromUnixTimestamp64Micro({since_us - BEFORE_US}, 'UTC') "
        "ORDER BY minute, source"
    )

"""Which sources an extra cost came through: lines do not say, the archive does.

By what their calls would have cost by the list, before and since; what they really cost is split as
that grew.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from schemas.decimals import from_bytes, to_bytes
from schemas.records import Alert, Contributor
from streams.core.money import split
from streams.core.series.anomaly_alert import series_of_alert
from streams.core.windows import HOUR_US

BEFORE_US: Final = HOUR_US  # what a source costs in so long is its usual
SHOWN: Final = 3  # sources that are told


class Through(NamedTuple):
    """What calls through a source would have cost by the list, in pico: since, and before."""

    source: str
    since: int
    before: int


class Asked(NamedTuple):
    """Of which calls it matters which source told of them."""

    tenant: str
    model: str
    since_us: int
    until_us: int


def asked(alert: Alert) -> Asked | None:
    """Return what to ask of an alert; None where no call can be at fault."""
    key = series_of_alert(alert)
    if key is None or not key.tenant or alert["state"] == "resolved":
        return None
    return Asked(key.tenant, key.model, alert["since_us"], alert["at_us"])


def with_sources(alert: Alert, through: Iterable[Through]) -> Alert:
    """Return an alert that names the sources its extra cost came through, the greatest first."""
    for_us = max(1, alert["at_us"] - alert["since_us"])
    grew = {each.source: each.since - each.before * for_us // BEFORE_US for each in through}
    grown = {source: pico for source, pico in sorted(grew.items()) if pico > 0}
    excess = from_bytes(alert["excess_per_hour"] or b"")
    if not grown or excess <= 0:
        return alert
    total = sum(grown.values())
    parts = split(excess, list(grown.values()))
    found: list[Contributor] = [
        {
            "dimension": "source",
            "value": source,
            "excess": to_bytes(part),
            "share": grown[source] / total,
        }
        for source, part in zip(grown, parts, strict=True)
    ]
    found.sort(key=lambda each: -each["share"])
    return {**alert, "contributors": [*alert["contributors"], *found[:SHOWN]]}

"""When it is said that a cost grows. Pure.

An alert begins with growth that is worth it. It is said again when it has doubled, matters more or
was not said for four weeks, and ends when most of the last days cost what they did weeks before. It
goes on from what was said of it last, under its name. Of a tenant either its own alert is said or
those of its models, never both.
"""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from schemas.decimals import from_bytes, to_bytes
from schemas.records import Alert, AlertSeverity, Contributor
from streams.core.alert_rules import AlertRule
from streams.core.alerts import NO_DETAILS, with_links
from streams.core.anomaly.growth import REMEMBERED, SPARED
from streams.core.catalog import Catalog
from streams.core.growth_words import over_words, query_of, words
from streams.core.growths import DAY_HOURS, Growing, Growths, PartCost, Whose
from streams.core.money import half_even
from streams.core.series.keys import SEPARATOR, escaped, unescaped
from streams.core.series.parts import SHOWN
from streams.core.windows import DAY_US

KIND: Final = "cost_growth"
GROWS: Final = 2  # times what was said last: it is worth saying again
AGAIN_US: Final = REMEMBERED * DAY_US  # it is said again: earlier days are not remembered
PARTS: Final = 3  # of the name of a series
RANK: Final[Mapping[AlertSeverity, int]] = {"info": 0, "warning": 1}


class Judged(NamedTuple):
    """What is known of days until an instant, and what costs more than in the weeks before."""

    until_us: int
    growing: Mapping[Whose, Growing]
    growths: Growths


def whose_of(alert: Alert) -> Whose | None:
    """Return what an alert is of; None where it is about something else.

    >>> whose_of({"alert_id": "cost_growth/a%3Ab:gpt-5:USD/5"}).tenant
    'a:b'
    """
    kind, _, rest = alert["alert_id"].partition("/")
    parts = rest.partition("/")[0].split(SEPARATOR)
    if kind != KIND or len(parts) != PARTS:
        return None
    return Whose(*map(unescaped, parts))


def alerts(judged: Judged, said: Mapping[Whose, Alert], catalog: Catalog) -> list[Alert]:
    """Return what is new. `said`: what was said last of each; what it says ended may begin anew."""
    on = {whose for whose, alert in said.items() if alert["state"] != "resolved"}
    found = [_going_on(each, judged, said[each], catalog) for each in sorted(on)]
    for each in sorted(judged.growing.keys() - on):
        if not _is_told(each, on):
            begun = _begun(each, judged, said.get(each), catalog)
            found.append(begun)
            on |= set() if begun is None else {each}
    return [each for each in found if each is not None]


def with_parts(alert: Alert, parts: Iterable[PartCost]) -> Alert:
    """Return an alert with whose the growth is: in each dimension, the greatest parts first."""
    of = list(parts)
    total: dict[str, int] = {}
    for each in of:
        total[each.dimension] = total.get(each.dimension, 0) + each.now - each.before
    told = [each for each in of if each.value and each.now > each.before]
    found: list[Contributor] = [
        {
            "dimension": each.dimension,
            "value": each.value,
            "excess": to_bytes(half_even(each.now - each.before, DAY_HOURS)),
            "share": (each.now - each.before) / total[each.dimension],
        }
        for each in told
        if total[each.dimension] > 0
    ]
    found.sort(key=lambda each: (-round(each["share"], 2), each["dimension"], each["value"]))
    return {**alert, "contributors": found[:SHOWN]}


def _is_told(whose: Whose, on: Iterable[Whose]) -> bool:
    """Whether an alert of its tenant, or of a model of it, says it already."""
    of_tenant = (each for each in on if each.tenant == whose.tenant)
    return any(each.currency == whose.currency and bool(each.model) != bool(whose.model)
               for each in of_tenant)  # fmt: skip


def _begun(whose: Whose, judged: Judged, said: Alert | None, catalog: Catalog) -> Alert | None:
    growing = judged.growing[whose]
    if not growing.run.is_growth:
        return None
    since_us = growing.run.since_us if said is None else max(growing.run.since_us, said["at_us"])
    rule = catalog.alert_rule(whose.tenant, KIND, judged.until_us - 1)
    excess = judged.growths.excess(whose, since_us)
    if rule.muted or growing.grown < rule.min_per_hour or excess < rule.min_total:
        return None
    begin: Alert = {
        **NO_DETAILS,
        "alert_id": f"{KIND}/{name_of(whose)}/{since_us}",
        "tenant": whose.tenant,
        "kind": KIND,
        "state": "opened",
        "since_us": since_us,
        "at_us": judged.until_us,
        "expected": None,
        "actual": None,
        "excess": to_bytes(excess),
        "currency": whose.currency,
        "summary": "",
        "severity": _severity(growing, rule),
        "revision": 1,
        "model": whose.model or None,
    }
    return _said_of(begin, growing, rule)


def _going_on(whose: Whose, judged: Judged, said: Alert, catalog: Catalog) -> Alert | None:
    """Return that growth is over, or that it matters more than when it was said last."""
    if judged.until_us <= said["at_us"]:
        return None
    growing = judged.growing.get(whose)
    excess = from_bytes(said["excess"] or b"") + judged.growths.excess(whose, said["at_us"])
    later: Alert = {
        **said,
        "at_us": judged.until_us,
        "excess": to_bytes(excess),
        "revision": (said["revision"] or 0) + 1,
    }
    if growing is None:
        return {**later, "state": "resolved", "summary": over_words(said)}
    rule = catalog.alert_rule(whose.tenant, KIND, judged.until_us - 1)
    severity = _severity(growing, rule)
    is_worse = RANK[severity] > RANK.get(said["severity"] or "warning", 0)
    before = from_bytes(said["excess_per_hour"] or b"")
    has_grown = growing.actual - growing.expected >= GROWS * max(1, before)
    is_old = judged.until_us - said["at_us"] >= AGAIN_US
    if not (is_worse or has_grown or is_old):
        return None
    return _said_of({**later, "state": "updated", "severity": severity}, growing, rule)


def _said_of(alert: Alert, growing: Growing, rule: AlertRule) -> Alert:
    """Return what is said of growth as it is now for an alert."""
    expected = growing.expected
    found: Alert = {
        **alert,
        "actual": to_bytes(growing.actual),
        "expected": to_bytes(expected),
        "expected_low": to_bytes(round(expected * (1 - SPARED))),
        "expected_high": to_bytes(round(expected * (1 + SPARED))),
        "excess_per_hour": to_bytes(growing.actual - expected),
        "query": query_of(alert),
    }
    return with_links({**found, "summary": words(found, growing.run)}, rule)


def _severity(growing: Growing, rule: AlertRule) -> AlertSeverity:
    return "warning" if growing.grown >= rule.critical_per_hour else "info"


def name_of(whose: Whose) -> str:
    """Return the name of a series."""
    return SEPARATOR.join(map(escaped, whose))

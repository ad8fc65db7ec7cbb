"""When it is said that a pool or an endpoint is worked too little or too much. Pure.

An alert begins with a run of hours (`rightsize`) that is worth it, is said again once a day while
it goes on, and ends with the run. It goes on from what was said of it last, under its name: so only
hours since then are needed, and whoever sees the same hours says the same.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from schemas.decimals import from_bytes, to_bytes
from schemas.records import Alert
from streams.core.alert_rules import AlertRule
from streams.core.alerts import NO_DETAILS, with_links
from streams.core.catalog import Catalog
from streams.core.money import half_even
from streams.core.reserved import PLATFORM
from streams.core.rightsize import (
    Place,
    Run,
    Side,
    Terms,
    UsedHour,
    is_forgotten,
    run_of,
    step,
)
from streams.core.rightsize_words import over_words, query_of, words
from streams.core.series.keys import SEPARATOR, escaped, unescaped
from streams.core.windows import DAY_US, HOUR_US, window_start

SIDES: Final[Mapping[str, Side]] = {"rightsize_low": "low", "rightsize_high": "high"}
KINDS: Final = frozenset(SIDES)
LOW: Final = "rightsize_low"
FURTHEST_US: Final = 7 * DAY_US  # hours before are not looked at
PARTS: Final = 3  # of the name of a place


class Sized(NamedTuple):
    """What a signal is of: a place, and whether it is too little or too much."""

    place: Place
    side: Side

    @property
    def kind(self) -> str:
        """Of which kind its alerts are."""
        return f"rightsize_{self.side}"


class Used(NamedTuple):
    """How places were used in the hours of [since, until), microseconds."""

    since_us: int
    until_us: int
    hours: Mapping[Place, Sequence[UsedHour]]


def asked_since(until_us: int, said: Iterable[Alert], terms: Terms) -> int:
    """Return since when hours are needed: the begin of a day, so that all ask for the same."""
    on = [each["at_us"] for each in said if each["state"] != "resolved"]
    wanted = min([until_us - 2 * terms.sustained * HOUR_US, *on])
    return window_start(max(0, until_us - FURTHEST_US, wanted), DAY_US)


def sized_of(alert: Alert) -> Sized | None:
    """Return what an alert is of; None where it is about something else.

    >>> sized_of({"alert_id": "rightsize_low/a%3Ab:llama:USD/5"}).place.pool
    'a:b'
    """
    kind, _, rest = alert["alert_id"].partition("/")
    parts = rest.partition("/")[0].split(SEPARATOR)
    if kind not in SIDES or len(parts) != PARTS:
        return None
    pool, endpoint, currency = map(unescaped, parts)
    return Sized(Place(pool, endpoint, "", "", currency), SIDES[kind])


def signals(used: Used, said: Mapping[Sized, Alert], catalog: Catalog, terms: Terms) -> list[Alert]:
    """Return what is new. `said`: what was said last of each; what it says ended may begin anew."""
    both = (Sized(place, side) for place in used.hours for side in SIDES.values())
    found = (
        _going_on(each, used, said[each], catalog, terms)
        if each in said and said[each]["state"] != "resolved"
        else _begun(each, used, said.get(each), catalog, terms)
        for each in sorted({*both, *said})
    )
    return [each for each in found if each is not None]


def _begun(
    of: Sized, used: Used, said: Alert | None, catalog: Catalog, terms: Terms
) -> Alert | None:
    since_us = 0 if said is None else said["at_us"]
    hours = [each for each in used.hours.get(of.place, ()) if each.at_us >= since_us]
    run = run_of(hours, terms)
    if run.side != of.side or not run.is_open or is_forgotten(run, used.until_us, terms):
        return None
    tenant = payer_of(of.place, catalog, run.until_us)
    rule = catalog.alert_rule(tenant, of.kind, run.until_us - 1)
    if rule.muted or not is_worth(run, rule):
        return None
    begin: Alert = {
        **NO_DETAILS,
        "alert_id": f"{of.kind}/{name_of(of.place)}/{run.since_us}",
        "tenant": tenant,
        "kind": of.kind,
        "state": "opened",
        "since_us": run.since_us,
        "at_us": run.since_us,
        "expected": None,
        "actual": None,
        "excess": None,
        "currency": of.place.currency,
        "summary": "",
        "severity": "warning",
        "revision": 0,
        "pool": of.place.pool,
        "group": f"rightsize/pool:{escaped(of.place.pool)}",
    }
    return _said_of(of, begin, run, rule)


def _going_on(of: Sized, used: Used, said: Alert, catalog: Catalog, terms: Terms) -> Alert | None:
    """Return that an alert is over, or that it goes on for another day."""
    run, ended_us = _gone_on(of, used, said, terms)
    if ended_us is not None:
        over = _later(said, run, ended_us)
        return {**over, "state": "resolved", "summary": over_words(of.place, over)}
    if run.back or run.until_us - said["at_us"] < DAY_US:
        return None
    rule = catalog.alert_rule(said["tenant"], of.kind, run.until_us - 1)
    return _said_of(of, {**said, "state": "updated"}, run, rule)


def _gone_on(of: Sized, used: Used, said: Alert, terms: Terms) -> tuple[Run, int | None]:
    """Return the hours since an alert was last spoken of, and when it ended, if it did."""
    seen_us = max(said["at_us"], used.since_us)
    run = Run(of.side, is_open=True, since_us=said["since_us"], until_us=seen_us)
    for hour in used.hours.get(of.place, ()):
        if hour.at_us < seen_us:
            continue
        if is_forgotten(run, hour.at_us, terms):
            break
        after = step(run, hour, terms)
        if not after.is_open or after.side != of.side:
            return run, hour.at_us + HOUR_US
        run = after
    if is_forgotten(run, used.until_us, terms):
        return run, run.until_us + terms.sustained * HOUR_US
    return run, None


def _said_of(of: Sized, alert: Alert, run: Run, rule: AlertRule) -> Alert:
    """Return what is said of hours that go on for an alert."""
    later = _later(alert, run, run.until_us)
    unworked = half_even(run.unworked, run.hours)
    is_dear = of.side == "low" and unworked >= rule.critical_per_hour
    is_priced = run.unpriced_us < run.seen_us
    found: Alert = {
        **later,
        "actual": to_bytes(half_even(run.cost, run.hours)) if is_priced else None,
        "excess_per_hour": to_bytes(unworked) if of.side == "low" and is_priced else None,
        "summary": words(of.place, of.side, run, later),
        "severity": "critical" if is_dear else "warning",
        "query": query_of(of.place, later["since_us"], run.until_us),
    }
    return with_links(found, rule)


def _later(alert: Alert, run: Run, at_us: int) -> Alert:
    """Return an alert with the hours since it was last spoken of in it."""
    before = 0 if alert["excess"] is None else from_bytes(alert["excess"])
    return {
        **alert,
        "at_us": at_us,
        "excess": to_bytes(before + run.unworked) if alert["kind"] == LOW else None,
        "revision": (alert["revision"] or 0) + 1,
    }


def payer_of(place: Place, catalog: Catalog, at_us: int) -> str:
    """Return who is told: the platform account of the pool."""
    pool = catalog.at(at_us).pools.get(place.pool)
    return PLATFORM if pool is None else pool.platform_account


def is_worth(run: Run, rule: AlertRule) -> bool:
    """Whether there is enough money at stake: what nobody worked in, or all that is nearly full."""
    stake = run.unworked if run.side == "low" else run.cost
    return stake >= max(rule.min_total, rule.min_per_hour * run.hours)


def name_of(place: Place) -> str:
    """Return the name of a pool, or of an endpoint in it."""
    return SEPARATOR.join(map(escaped, (place.pool, place.endpoint, place.currency)))

"""The smallest valid alert; each keyword replaces one field."""

from decimal import Decimal
from typing import Any, cast

from schemas.decimals import to_bytes, to_pico
from schemas.records import Alert
from streams.core.alerts import NO_DETAILS
from tests.builders.usage import T0, replaced

ALERT = {
    **NO_DETAILS,
    "alert_id": "cost_anomaly/1/acme",
    "tenant": "acme",
    "kind": "cost_anomaly",
    "state": "opened",
    "since_us": T0,
    "at_us": T0 + 60_000_000,
    "expected": None,
    "actual": None,
    "excess": None,
    "currency": "USD",
    "summary": "acme costs more than it does at this hour; look at gpt-4o.",
    "severity": "warning",
    "revision": 1,
}
STATES = {1: "opened", 9: "resolved"}  # revisions between them are updates


def alert(number: int = 1, revision: int | None = 1, **changes: object) -> Alert:
    """Return an alert of acme; `number` is its id, revision 9 resolves it."""
    fixed = {
        "alert_id": f"cost_anomaly/{number}/acme",
        "revision": revision,
        "state": STATES.get(revision or 1, "updated"),
    }
    return cast("Alert", replaced(ALERT, fixed | changes))


def amount(units: str) -> bytes:
    """Return an amount as it is on the wire."""
    return to_bytes(to_pico(Decimal(units)))


def whole(**changes: object) -> Alert:
    """Return an alert that has everything there is to say."""
    everything: dict[str, Any] = {
        "expected": amount("10"),
        "actual": amount("123.456"),
        "excess": amount("56.7"),
        "excess_per_hour": amount("113.456"),
        "expected_low": amount("8"),
        "expected_high": amount("14.25"),
        "model": "gpt-4o",
        "severity": "critical",
        "contributors": [
            {"dimension": "model", "value": "gpt-4o", "excess": amount("100"), "share": 0.88},
            {"dimension": "project", "value": "bot", "excess": amount("13.456"), "share": 0.12},
        ],
        "links": [{"title": "Dashboard", "url": "https://grafana.test/d/cost?tenant=acme&x=1"}],
        "query": "SELECT model, sum(cost) FROM cost_current WHERE tenant = 'acme' GROUP BY model",
    }
    return alert(**everything | changes)

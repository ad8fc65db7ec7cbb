"""What alerts of all kinds have in common. Each kind says in its own module when it is raised."""

from typing import Final
from urllib.parse import quote

from schemas.records import Alert, AlertDetails, Link
from streams.core.alert_rules import AlertRule

MS_US: Final = 1_000

NO_DETAILS: Final[AlertDetails] = {
    "budget_id": None,
    "job": None,
    "expected_low": None,
    "expected_high": None,
    "excess_per_hour": None,
    "model": None,
    "pool": None,
    "project": None,
    "source": None,
    "contributors": [],
    "links": [],
    "query": None,
    "group": None,
}
"""What an alert says that is about a tenant and nothing more. Not to be changed: copy it."""


def with_links(alert: Alert, rule: AlertRule) -> Alert:
    """Return an alert with the addresses of its rule, filled in."""
    names = {
        "tenant": alert["tenant"],
        "model": alert["model"] or "",
        "pool": alert["pool"] or "",
        "kind": alert["kind"],
        "alert_id": alert["alert_id"],
        "since_ms": str(alert["since_us"] // MS_US),
        "until_ms": str(alert["at_us"] // MS_US),
    }
    quoted = {name: quote(value, safe="") for name, value in names.items()}
    found: list[Link] = [
        {"title": each.title, "url": each.url.format_map(quoted)} for each in rule.links
    ]
    return {**alert, "links": found}

"""What alerts of all kinds have in common. Each kind says in its own module when it is raised."""

from typing import Final

from schemas.records import AlertDetails

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

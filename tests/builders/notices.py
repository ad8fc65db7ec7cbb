"""The smallest valid notice; each keyword replaces one field."""

from typing import cast

from schemas.records import Notice


def notice(revision: int, stage: str, **changes: object) -> Notice:
    """Return what was said of an alert read at (0, 7)."""
    state = {1: "opened", 9: "resolved"}.get(revision, "updated")
    fixed = {
        "sink": "ops", "channel": "C1", "alert_id": "a/b", "tenant": "acme", "revision": revision,
        "state": state, "stage": stage, "reason": None, "place": None, "thread": None,
        "partition": 0, "offset": 7, "said_at_us": 0,
    }  # fmt: skip
    return cast("Notice", fixed | changes)

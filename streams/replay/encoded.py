"""What replaying a stretch gave, in a form that goes between processes and into a file."""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from schemas.codec import Codec
from streams.replay.changes import Change, Changes, Key
from streams.replay.chunk import Outcome

COUNTS = ("windows", "events", "open_windows", "behind", "changed")


@dataclass(frozen=True, slots=True)
class Encoded:
    """Counts and changes as JSON; lines by their topic's key, as the topic carries them."""

    body: str
    lines: list[tuple[str, bytes]]

    @property
    def line_text(self) -> str:
        """The lines as JSON."""
        return json.dumps([[key, b64encode(value).decode()] for key, value in self.lines])


def encoded(outcome: Outcome) -> Encoded:
    """Return an outcome in that form."""
    codec = Codec()
    body: dict[str, Any] = {name: getattr(outcome, name) for name in COUNTS}
    body["changes"] = [
        [*key, change.lines, *change.old, *change.new] for key, change in outcome.changes.items()
    ]
    return Encoded(
        json.dumps(body), [(x["tenant"], codec.encode("CostLine", x)) for x in outcome.lines]
    )


def lines_of(text: str) -> list[tuple[str, bytes]]:
    """Return lines from their JSON."""
    return [(key, b64decode(value)) for key, value in json.loads(text)]


def totals(bodies: Iterable[str]) -> Outcome:
    """Return what all stretches gave together, without lines."""
    whole = Outcome()
    for each in bodies:
        body = json.loads(each)
        for name in COUNTS:
            setattr(whole, name, getattr(whole, name) + body[name])
        add_changes(whole.changes, body["changes"])
    return whole


def add_changes(changes: Changes, rows: list[list[Any]]) -> None:
    """Add the changes of one stretch."""
    for tenant, model, reason, lines, *money in rows:
        change = changes.setdefault(Key(tenant, model, reason), Change())
        change.add(lines, money[:3], money[3:])

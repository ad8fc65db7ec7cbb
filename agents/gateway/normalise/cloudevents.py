"""CloudEvents 1.0 in JSON, as OpenMeter's clients send them: data in our own fields, or in theirs.

(source, id) is the identity, as the specification says; `subject` is who pays; `time` is when the
call ended. Their `tokens` with a `type` becomes a count; without one nobody can know of what, so it
is refused.
"""

from collections.abc import Mapping

from agents.gateway.normalise import values
from agents.gateway.normalise.outcome import Call, Declared, Outcome, refused
from agents.gateway.normalise.own import event_of
from agents.gateway.normalise.values import Unfit

VERSION = "1.0"
DIRECTIONS = {
    "input": "input_tokens",
    "prompt": "input_tokens",
    "output": "output_tokens",
    "completion": "output_tokens",
}
RENAMED = {
    "prompt_tokens": "input_tokens",
    "completion_tokens": "output_tokens",
    "cached_tokens": "cache_read_tokens",
}
DERIVED = ("total_tokens",)  # the sum of the others
COUNTS = (
    "input_tokens",
    "cache_read_tokens",
    "cache_write_5m_tokens",
    "cache_write_1h_tokens",
    "output_tokens",
    "reasoning_tokens",
)


def from_cloudevent(told: object, source: Declared, received: str) -> Outcome:
    """Return what becomes of an event. `received`: RFC 3339, for one that tells no time."""
    try:
        return call(told, source, received)
    except Unfit as error:
        return refused(error)


def call(told: object, source: Declared, received: str) -> Call:
    """Return the call that an event tells of. Raises Unfit."""
    if not isinstance(told, Mapping) or told.get("specversion") != VERSION:
        raise Unfit("bad_event", f"expected a CloudEvent with specversion {VERSION}")
    origin = values.needed(told.get("source"), "source")
    its_id = values.needed(told.get("id"), "id")
    made = {
        **fields(told.get("data")),
        "request_id": its_id,
        "at": told.get("time") or received,
        "tenant": told.get("subject") or None,
    }
    return Call(event_of(made, source), ("cloudevent", origin, its_id))


def fields(data: object) -> dict[str, object]:
    """Return the data of an event under our names. Raises Unfit."""
    if not isinstance(data, Mapping):
        raise Unfit("bad_event", f"expected data as a JSON object, got {values.said(data)}")
    found: dict[str, object] = {
        RENAMED.get(str(name), str(name)): value
        for name, value in data.items()
        if name not in DERIVED
    }
    if "tokens" in found:
        direction = found.pop("type", None)
        ours = DIRECTIONS.get(direction) if isinstance(direction, str) else None
        if ours is None:
            raise Unfit(
                "unknown_direction",
                f"expected data.type beside data.tokens, one of {', '.join(DIRECTIONS)}",
            )
        found[ours] = found.pop("tokens")
    for name in COUNTS:
        if name in found:
            found[name] = values.count(found[name], name)
    return found

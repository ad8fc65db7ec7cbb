"""Reading a provider's usage object: counts, parts, and what may be kept of it. Pure.

What is absent or null is None. An error never tells a value that may be text of a prompt.
"""

import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final, TypeAlias

from agents.gateway.normalise import values
from agents.gateway.normalise.values import Unfit, said
from schemas.decimals import from_bytes, to_decimal

Json: TypeAlias = Mapping[str, object]

NAME: Final = re.compile(r"[\w.:/@+-]{1,128}", re.ASCII)  # of models, ids, tiers: no spaces
KEY: Final = re.compile(r"[A-Za-z]\w{0,63}", re.ASCII)
RAW_BYTES: Final = 4096
RAW_DEPTH: Final = 4
COMPACT: Final = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode
# The only words that say what a count is of; all else in a usage object is dropped.
WORDS: Final = frozenset({
    "cached_type", "inference_geo", "modality", "service_tier", "speed", "trafficType", "ttl",
    "type", "unit",
})  # fmt: skip


def count(raw: Json, name: str) -> int | None:
    """Return a count; None when it is absent or null. Raises Unfit for anything else."""
    value = raw.get(name)
    if value is None or (type(value) is int and 0 <= value <= values.MOST):  # nearly always
        return value
    return values.count(value, name)


def amount(raw: Json, name: str) -> Decimal | None:
    """Return a number that need not be whole, half-even to 12 decimals; or None. Raises Unfit."""
    found = values.amount(raw.get(name), name)
    return None if found is None else to_decimal(from_bytes(found))


def part(raw: Json, name: str) -> Json:
    """Return an object inside; an empty one when it is absent or null."""
    value = raw.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict | Mapping):  # nearly always a dict, which is seen faster
        raise Unfit("bad_usage", f"expected {name} as an object, got {said(value)}")
    return value


def parts(raw: Json, name: str) -> list[Json]:
    """Return the objects of a list; none when it is absent or null."""
    value = raw.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(each, Mapping) for each in value):
        raise Unfit("bad_usage", f"expected {name} as a list of objects, got {said(value)}")
    return value


def name(raw: Json, field: str) -> str | None:
    """Return a name or id; None for what is none, such as text with spaces."""
    value = raw.get(field)
    return value if isinstance(value, str) and NAME.fullmatch(value) else None


def counts_only(raw: Json) -> str | None:
    """Return a usage object as compact JSON with its numbers and nothing that could be text.

    None when nothing is left, or more than an event may carry.

    >>> counts_only({"prompt_tokens": 7, "note": "my prompt", "service_tier": "flex"})
    '{"prompt_tokens":7,"service_tier":"flex"}'
    """
    kept = dict(_kept(raw, RAW_DEPTH))
    text = COMPACT(kept) if kept else ""
    return text if 0 < len(text) <= RAW_BYTES else None


def _kept(raw: Json, depth: int) -> Iterator[tuple[str, object]]:
    for key, value in raw.items():
        if not KEY.fullmatch(key):
            continue
        match value:
            case bool() | None:
                pass
            case int():
                yield key, value
            case float() if -1e300 < value < 1e300:  # noqa: PLR2004 - neither infinite nor NaN
                yield key, value
            case str() if key in WORDS and NAME.fullmatch(value):
                yield key, value
            case dict() | Mapping() if depth and (inner := dict(_kept(value, depth - 1))):
                yield key, inner
            case list() if depth:
                objects = [dict(_kept(v, depth - 1)) for v in value if isinstance(v, Mapping)]
                if any(objects):
                    yield key, objects

"""Reading counts and names out of JSON that anybody may have written. Pure.

An error names the field and the type that came, never the value, which may be text of a prompt.
"""

import json
import re
from collections.abc import Iterator, Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final, TypeAlias

from agents.errors import NotUsage

Json: TypeAlias = Mapping[str, object]

NAME: Final = re.compile(r"[\w.:/@+-]{1,128}", re.ASCII)  # of models, ids, tiers: no spaces
KEY: Final = re.compile(r"[A-Za-z]\w{0,63}", re.ASCII)
COUNT_LIMIT: Final = 2**63  # an Avro long
SMALLEST: Final = Decimal("1e-12")  # what a quantity on the wire can hold
AMOUNT_LIMIT: Final = 10**15  # as metering accepts
RAW_BYTES: Final = 4096
RAW_DEPTH: Final = 4
# The only words that say what a count is of; all else in a usage object is dropped.
WORDS: Final = frozenset({
    "cached_type", "inference_geo", "modality", "service_tier", "speed", "trafficType", "ttl",
    "type", "unit",
})  # fmt: skip


def count(raw: Json, name: str) -> int | None:
    """Return a count; None when it is absent or null. Raises NotUsage for anything else.

    Some send whole floats.

    >>> count({"prompt_tokens": 7.0}, "prompt_tokens"), count({}, "prompt_tokens")
    (7, None)
    """
    value = raw.get(name)
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise NotUsage(f"expected {name} to be a whole number, got {_kind(value)}")
    if not 0 <= value < COUNT_LIMIT:
        raise NotUsage(f"expected {name} >= 0 and in 64 bits, got {value}")
    return value


def amount(raw: Json, name: str) -> Decimal | None:
    """Return a number that need not be whole, rounded half-even to 12 decimals; or None."""
    value = raw.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise NotUsage(f"expected {name} to be a number, got {_kind(value)}")
    if not 0 <= value < AMOUNT_LIMIT:  # false for what is no number, too
        raise NotUsage(f"expected {name} >= 0 and below 1e15, got {value}")
    return Decimal(repr(value)).quantize(SMALLEST, ROUND_HALF_EVEN)


def part(raw: Json, name: str) -> Json:
    """Return an object inside; an empty one when it is absent or null."""
    value = raw.get(name)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise NotUsage(f"expected {name} to be an object, got {_kind(value)}")
    return value


def parts(raw: Json, name: str) -> list[Json]:
    """Return the objects of a list; none when it is absent or null."""
    value = raw.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(each, Mapping) for each in value):
        raise NotUsage(f"expected {name} to be a list of objects, got {_kind(value)}")
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
    text = json.dumps(kept, separators=(",", ":"), allow_nan=False) if kept else ""
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
            case Mapping() if depth and (inner := dict(_kept(value, depth - 1))):
                yield key, inner
            case list() if depth:
                objects = [dict(_kept(v, depth - 1)) for v in value if isinstance(v, Mapping)]
                if any(objects):
                    yield key, objects


def _kind(value: object) -> str:
    return type(value).__name__

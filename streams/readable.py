"""Records as a person or jq reads them, by their schema: nothing is rounded.

Decimals become strings of exactly their value, instants ISO 8601 in UTC, other bytes hex, and the
partials' integers, which are bytes because they may exceed 64 bits, decimal digits.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import cast

from schemas.catalogue import Json, current
from schemas.decimals import from_bytes, to_decimal

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
INTEGERS = {  # two's complement bytes, by their doc
    ("Meter", name) for name in ("quantity", "amount", "list_amount", "billed_amount")
}


def readable(name: str, record: Mapping[str, object]) -> object:
    """Return a decoded record in JSON's types."""
    return _value(_schema(name), record)


def instant(at_us: int) -> str:
    """Return an instant as ISO 8601, to the microsecond.

    >>> instant(1_700_000_000_000_001)
    '2023-11-14T22:13:20.000001Z'
    """
    at = EPOCH + timedelta(microseconds=at_us)
    return at.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def instant_or_number(at_us: int) -> str | int:
    """Return an instant as ISO 8601; the number where no calendar has it."""
    try:
        return instant(at_us)
    except OverflowError:  # a wrong clock can write any long
        return at_us


@cache
def _schema(name: str) -> Json:
    return cast("Json", json.loads(current()[name].text))


def _value(schema: Json, value: object) -> object:
    if value is None:
        return None
    if isinstance(schema, list):  # a union: all of ours are of null and one other
        return _value(_other(schema), value)
    if isinstance(schema, dict):
        return _of_declared(schema, value)
    return value.hex() if isinstance(value, bytes) else value


def _of_declared(schema: dict[str, Json], value: object) -> object:
    match schema.get("logicalType") or schema["type"]:
        case "decimal":
            return format(to_decimal(from_bytes(cast("bytes", value))), "f")
        case "timestamp-micros":
            return instant_or_number(cast("int", value))
        case "record":
            return _record(schema, cast("Mapping[str, object]", value))
        case "array":
            return [_value(schema["items"], item) for item in cast("list[object]", value)]
        case _:
            return value.hex() if isinstance(value, bytes) else value


def _record(schema: dict[str, Json], value: Mapping[str, object]) -> dict[str, object]:
    shown: dict[str, object] = {}
    for field in cast("list[dict[str, Json]]", schema["fields"]):
        name = str(field["name"])
        content = value[name]
        if (schema["name"], name) in INTEGERS and isinstance(content, bytes):
            shown[name] = str(from_bytes(content))
        else:
            shown[name] = _value(field["type"], content)
    return shown


def _other(union: list[Json]) -> Json:
    [other] = [branch for branch in union if branch != "null"]
    return other

"""Every schema of this release and of the released ones before it, found by name or fingerprint.

The `.avsc` files are the truth. Logical types are taken off before use: instants stay integer
microseconds and decimals stay unscaled integers in bytes, which is what `core` computes with, and
which leaves the bytes on the wire and the fingerprint as they are.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeAlias, cast

import fastavro
from fastavro.schema import fingerprint, to_parsing_canonical_form
from fastavro.types import Schema as ParsedSchema

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"

AVRO = Path(__file__).parent / "avro"
RELEASED = Path(__file__).parent / "released"


@dataclass(frozen=True, slots=True)
class Schema:
    """One version of one record schema."""

    name: str  # of the record, e.g. CostLine
    file: str  # e.g. cost_line.v1.avsc
    text: str  # the file, as published to a registry
    parsed: ParsedSchema
    fingerprint: bytes  # CRC-64-AVRO, little-endian, as single-object encoding carries it


def load(path: Path) -> Schema:
    """Read one `.avsc` file."""
    text = path.read_text(encoding="utf-8")
    raw = cast("dict[str, Json]", json.loads(text))
    parsed = fastavro.parse_schema(cast("dict[str, object]", without_logical_types(raw)))
    return Schema(
        name=str(raw["name"]),
        file=path.name,
        text=text,
        parsed=parsed,
        fingerprint=crc64(parsed),
    )


def crc64(parsed: ParsedSchema) -> bytes:
    """Fingerprint of a schema's Parsing Canonical Form (Avro specification, CRC-64-AVRO)."""
    digest = fingerprint(to_parsing_canonical_form(parsed), "CRC-64-AVRO")
    return bytes.fromhex(digest)


def without_logical_types(node: Json) -> Json:
    """Return a schema whose instants are plain longs and whose decimals are plain bytes."""
    if isinstance(node, list):
        return [without_logical_types(item) for item in node]
    if not isinstance(node, dict):
        return node
    if "logicalType" in node and isinstance(node["type"], str):
        return node["type"]
    return {key: without_logical_types(value) for key, value in node.items()}


@cache
def current() -> dict[str, Schema]:
    """Schemas of this release by record name."""
    return {s.name: s for s in map(load, sorted(AVRO.glob("*.avsc")))}


@cache
def by_fingerprint() -> dict[bytes, Schema]:
    """Every schema that data may have been written with, this release's winning."""
    old = (load(path) for path in sorted(RELEASED.glob("*/*.avsc")))
    return {s.fingerprint: s for s in (*old, *current().values())}

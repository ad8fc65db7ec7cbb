"""Which changes of a schema its readers survive, by Avro's resolution rules."""

import json

import pytest

from schemas.declaration import parse
from schemas.resolution import mismatches


def record(*fields: object, name: str = "R") -> dict[str, object]:
    return {"type": "record", "name": name, "fields": list(fields)}


def field(kind: object, name: str = "f", **more: object) -> dict[str, object]:
    return {"name": name, "type": kind, **more}


def enum(*symbols: str, **more: object) -> dict[str, object]:
    return {"type": "enum", "name": "E", "symbols": symbols, **more}


def fixed(size: int) -> dict[str, object]:
    return {"type": "fixed", "name": "F", "size": size}


def array(items: object) -> dict[str, object]:
    return {"type": "array", "items": items}


def decimal(precision: int, scale: int) -> dict[str, object]:
    return {"type": "bytes", "logicalType": "decimal", "precision": precision, "scale": scale}


INSTANT = {"type": "long", "logicalType": "timestamp-micros"}
LIST = record(field(["null", "R"]))

READABLE = [  # (reader, writer)
    ("long", "int"),
    ("double", "long"),
    ("double", "float"),
    ("bytes", "string"),
    (["null", "long"], "null"),
    (["null", "long"], "int"),
    ("long", ["int", "long"]),
    (["string", "null"], ["null", "string"]),
    (record(), record(field("int"))),
    (record(field("int", default=0)), record()),
    (record(field(["null", "int"], default=None)), record()),
    (record(field("int", "new", aliases=["f"])), record(field("int"))),
    (record(name="ns.R"), record(name="R")),
    (record(field("int"), field("string", "g")), record(field("string", "g"), field("int"))),
    (enum("A", "B"), enum("A")),
    (enum("A", default="A"), enum("A", "B")),
    (array("long"), array("int")),
    ({"type": "map", "values": "long"}, {"type": "map", "values": "int"}),
    (fixed(4), fixed(4)),
    (LIST, LIST),
]

UNREADABLE = [  # (reader, writer, where, what it says)
    ("int", "long", "long", "long is read as int"),
    ("float", "double", "double", "double is read as float"),
    ("string", "null", "null", "null is read as string"),
    ("long", ["null", "long"], "union", "null is read as long"),
    (["null", "int"], "string", "string", "string has no branch in [null, int]"),
    (
        record(field("int", "g")),
        record(field("int")),
        "R.g",
        "is not in the data and has no default",
    ),
    (record(field("int")), record(field("string")), "R.f", "string is read as int"),
    (record(name="S"), record(name="R"), "R", "R is read as S"),
    (enum("A"), enum("A", "B"), "E", "symbols B are not known and there is no default"),
    (
        record(field(["null", enum("A")])),
        record(field(["null", enum("A", "B")])),
        "R.f",
        "symbols B are not known and there is no default",
    ),
    (
        record(field(array(record(field("int", "x"), name="I")))),
        record(field(array(record(name="I")))),
        "R.f[].x",
        "is not in the data and has no default",
    ),
    (
        record(field({"type": "map", "values": "int"})),
        record(field({"type": "map", "values": "string"})),
        "R.f{}",
        "string is read as int",
    ),
    (array("int"), {"type": "map", "values": "int"}, "map", "map is read as array"),
    (fixed(4), fixed(8), "F", "8 bytes are read as 4"),
    (decimal(38, 9), decimal(38, 12), "bytes", "decimal 38 12 is read as decimal 38 9"),
    ("long", INSTANT, "long", "timestamp-micros is read as a plain value"),
    (
        record(field(["null", "R"]), field("int", "g")),
        LIST,
        "R.g",
        "is not in the data and has no default",
    ),
]


@pytest.mark.parametrize(("reader", "writer"), READABLE)
def test_change_that_avro_resolves_is_no_mismatch(reader: object, writer: object) -> None:
    assert mismatches(parse(json.dumps(reader)), parse(json.dumps(writer))) == []


@pytest.mark.parametrize(("reader", "writer", "where", "what"), UNREADABLE)
def test_change_that_avro_cannot_resolve_is_named_with_its_path(
    reader: object, writer: object, where: str, what: str
) -> None:
    found = mismatches(parse(json.dumps(reader)), parse(json.dumps(writer)))
    assert [(each.path, each.what) for each in found] == [(where, what)]


def test_every_mismatch_is_listed() -> None:
    reader = record(field("int", "a"), field("int", "b"), field("int", "c"))
    writer = record(field("string", "a"), field("int", "b"))
    found = mismatches(parse(json.dumps(reader)), parse(json.dumps(writer)))
    assert [each.path for each in found] == ["R.a", "R.c"]


@pytest.mark.parametrize("text", ['"Nowhere"', "7", '{"type": "array", "items": "X"}'])
def test_undeclared_type_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        parse(text)

"""The typed dicts of records.py say what the .avsc files say, field by field."""

from types import NoneType, UnionType
from typing import Literal, Union, get_args, get_origin, get_type_hints, is_typeddict

import pytest

from schemas import declaration, records
from schemas.catalogue import AVRO, current
from schemas.declaration import Array, Enum, Map, Primitive, Record, Type

PYTHON = {
    "null": NoneType,
    "boolean": bool,
    "int": int,
    "long": int,
    "float": float,
    "double": float,
    "bytes": bytes,
    "string": str,
}
TYPED = {name: kind for name, kind in vars(records).items() if is_typeddict(kind)}
ABSTRACT = {
    "BatchHead",  # what the three usage batches share
    "AlertDetails",  # what an alert may say
    "AlertHead",  # what every alert says
    "RatedCall",  # what metering reads of a call
}


def declared() -> dict[str, Record]:
    """Every record in our schema files, nested ones too, by name."""
    found: dict[str, Record] = {}
    for schema in current().values():
        _collect(declaration.read(AVRO / schema.file), found)
    return found


def _collect(node: Type, found: dict[str, Record]) -> None:
    match node:
        case Record():
            found[node.name] = node
            for field in node.fields.values():
                _collect(field.type, found)
        case Array(inner) | Map(inner):
            _collect(inner, found)
        case declaration.Union(branches):
            for branch in branches:
                _collect(branch, found)


def fits(hint: object, node: Type) -> bool:  # noqa: PLR0911 - one case a kind of type
    """Tell whether a type hint is what the codec gives for an Avro type."""
    origin, args = get_origin(hint), get_args(hint)
    match node:
        case Primitive(kind):
            return hint is PYTHON[kind]
        case Enum():
            return origin is Literal and set(args) == set(node.symbols)
        case Record():
            return hint is TYPED.get(node.name)
        case Array(items):
            return origin is list and fits(args[0], items)
        case Map(values):
            return origin is dict and args[0] is str and fits(args[1], values)
        case declaration.Union(branches):
            is_union = origin in {Union, UnionType} and len(args) == len(branches)
            return is_union and all(any(fits(arg, b) for arg in args) for b in branches)
    return False


@pytest.mark.parametrize("name", sorted(declared()))
def test_every_record_is_typed_as_declared(name: str) -> None:
    record = declared()[name]
    hints = get_type_hints(TYPED[name])
    assert list(hints) == list(record.fields), "the same fields in the same order"
    wrong = [f for f, hint in hints.items() if not fits(hint, record.fields[f].type)]
    assert wrong == []


def test_no_record_is_typed_that_no_schema_declares() -> None:
    assert set(TYPED) - ABSTRACT == set(declared())

"""What this project asks of a schema beyond Avro: say what each field means, never default a fact.

A default other than null or an empty collection would stand for "unknown" and be added up as if
measured.
"""

from collections.abc import Iterator
from typing import Final

from schemas.declaration import Array, Field, Map, Primitive, Record, Type, Union
from schemas.resolution import Mismatch

NULL: Final = Primitive("null")


def breaches(declared: Type) -> list[Mismatch]:
    """List every place where a schema breaks a house rule."""
    if not isinstance(declared, Record):
        return [Mismatch("", "a schema file holds a record")]
    return list(_record(declared, declared.name, frozenset()))


def _record(record: Record, path: str, above: frozenset[Record]) -> Iterator[Mismatch]:
    if record in above:
        return
    if not record.doc.strip():
        yield Mismatch(path, "a record has a doc")
    for field in record.fields.values():
        here = f"{path}.{field.name}"
        yield from (Mismatch(here, rule) for rule in _broken(field))
        for inner in _records(field.type):
            yield from _record(inner, here, above | {record})


def _broken(field: Field) -> Iterator[str]:
    nullable = isinstance(field.type, Union) and NULL in field.type.branches
    if not field.doc.strip():
        yield "a field has a doc with its unit"
    elif nullable and "null" not in field.doc.lower():
        yield "a nullable field's doc says what null means"
    if not field.has_default:
        return
    if field.default not in (None, [], {}):
        yield f"the only defaults are null and empty collections, got {field.default!r}"
    if field.default is None and not _null_first(field.type):
        yield "a default of null needs null as the first branch of its union"


def _null_first(declared: Type) -> bool:
    return isinstance(declared, Union) and declared.branches[0] == NULL


def _records(declared: Type) -> Iterator[Record]:
    match declared:
        case Record():
            yield declared
        case Array(inner) | Map(inner):
            yield from _records(inner)
        case Union(branches):
            for branch in branches:
                yield from _records(branch)

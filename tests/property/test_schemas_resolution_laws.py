"""When the declarations of two schemas resolve, fastavro reads every record across them."""

import json
from io import BytesIO
from random import Random

import fastavro
from hypothesis import given
from hypothesis import strategies as st

from schemas.compatibility import agree
from schemas.declaration import Record, Type, parse
from schemas.resolution import mismatches
from schemas.sampling import sample

NUMBERS = st.sampled_from(["null", "boolean", "int", "long", "double", "string"])
ENUMS = st.lists(st.sampled_from("ABC"), min_size=1, unique=True).map(
    lambda symbols: {"type": "enum", "name": "E", "symbols": symbols}
)


def _fields(types: st.SearchStrategy[object]) -> st.SearchStrategy[list[dict[str, object]]]:
    one = st.tuples(st.sampled_from("abc"), types, st.booleans())
    return st.lists(one, unique_by=lambda each: each[0], max_size=3).map(
        lambda listed: [_field(name, kind, nullable=nullable) for name, kind, nullable in listed]
    )


def _field(name: str, kind: object, *, nullable: bool) -> dict[str, object]:
    if not nullable or kind == "null":
        return {"name": name, "type": kind}
    return {"name": name, "type": ["null", kind], "default": None}


def _record(name: str, types: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return _fields(types).map(lambda f: {"type": "record", "name": name, "fields": f})


def _collection(types: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    arrays = types.map(lambda items: {"type": "array", "items": items})
    return arrays | types.map(lambda values: {"type": "map", "values": values})


INNER = _record("Inner", NUMBERS)
RECORDS = _record("Outer", NUMBERS | _collection(NUMBERS))
NESTED = st.tuples(RECORDS, st.none() | INNER | _collection(INNER) | ENUMS).map(
    lambda pair: _with(pair[0], pair[1])
)


def _with(outer: object, inner: object) -> object:
    assert isinstance(outer, dict)
    extra = [] if inner is None else [{"name": "inner", "type": inner}]
    return {**outer, "fields": [*outer["fields"], *extra]}


@given(reader=NESTED, writer=NESTED, seed=st.randoms(use_true_random=False))
def test_resolving_declarations_mean_readable_data(
    reader: dict[str, object], writer: dict[str, object], seed: Random
) -> None:
    if mismatches(parse(json.dumps(reader)), parse(json.dumps(writer))):
        return
    declared = parse(json.dumps(writer))
    record = sample(declared, seed)
    data = BytesIO()
    fastavro.schemaless_writer(data, fastavro.parse_schema(writer), record)
    data.seek(0)
    back = fastavro.schemaless_reader(
        data, fastavro.parse_schema(writer), fastavro.parse_schema(reader)
    )
    assert agree(record, back)
    assert data.read() == b""


@given(schema=NESTED)
def test_every_schema_reads_itself(schema: dict[str, object]) -> None:
    declared = parse(json.dumps(schema))
    assert mismatches(declared, declared) == []


@given(schema=NESTED, dropped=st.integers(0, 9))
def test_a_field_without_default_is_never_dropped_unnoticed(
    schema: dict[str, object], dropped: int
) -> None:
    whole, cut = parse(json.dumps(schema)), parse(json.dumps(schema))
    assert isinstance(whole, Record)
    assert isinstance(cut, Record)
    needed = [name for name, field in whole.fields.items() if not field.has_default]
    if not needed:
        return
    name = needed[dropped % len(needed)]
    del cut.fields[name]
    assert [each.path for each in mismatches(whole, cut)] == [f"Outer.{name}"]
    assert mismatches(cut, whole) == []


def test_sampling_reaches_null_at_depth() -> None:
    text = '{"type": "record", "name": "L", "fields": [{"name": "n", "type": ["null", "L"]}]}'
    declared: Type = parse(text)
    longest = max((_length(sample(declared, Random(seed))) for seed in range(200)), default=0)
    assert 1 < longest <= 10


def _length(node: object) -> int:
    return 0 if not isinstance(node, dict) else 1 + _length(node["n"])

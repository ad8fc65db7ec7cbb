"""What is compiled from a schema does what fastavro does with it."""

from io import BytesIO
from random import Random

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.catalogue import current
from schemas.compiled_reader import reader
from schemas.compiled_writer import writer
from schemas.declaration import Array, Record, Type, parse
from schemas.sampling import sample
from schemas.varint import encoded, length_at, long_at

NAMES = sorted(current())
LONGS = st.integers(-(2**63), 2**63 - 1)
RECORD = '{"type": "record", "name": "R", "fields": [{"name": "f", "type": %s}]}'


@given(name=st.sampled_from(NAMES), random=st.randoms(use_true_random=False))
def test_compiled_writer_writes_the_bytes_of_fastavro(name: str, random: Random) -> None:
    schema = current()[name]
    record = sample(parse(schema.text), random)
    assert isinstance(record, dict)
    out = BytesIO()
    fastavro.schemaless_writer(out, schema.parsed, record)
    assert writer(schema.text)(record) == out.getvalue()


@given(name=st.sampled_from(NAMES), random=st.randoms(use_true_random=False))
def test_compiled_writer_writes_defaults_for_what_is_left_out(name: str, random: Random) -> None:
    schema = current()[name]
    declared = parse(schema.text)
    record = some_left_out(declared, sample(declared, random), random)
    assert isinstance(record, dict)
    out = BytesIO()
    fastavro.schemaless_writer(out, schema.parsed, record)
    assert writer(schema.text)(record) == out.getvalue()


def some_left_out(declared: Type, value: object, random: Random) -> object:
    """Return a record without about half of the fields that have a default, at any depth."""
    match declared, value:
        case Record(), dict():
            return {
                name: some_left_out(each.type, value[name], random)
                for name, each in declared.fields.items()
                if not each.has_default or random.getrandbits(1)
            }
        case Array(items), list():
            return [some_left_out(items, each, random) for each in value]
    return value


@given(name=st.sampled_from(NAMES), random=st.randoms(use_true_random=False))
def test_compiled_reader_reads_what_fastavro_wrote(name: str, random: Random) -> None:
    schema = current()[name]
    record = sample(parse(schema.text), random)
    out = BytesIO(b"before")
    out.seek(len(b"before"))
    fastavro.schemaless_writer(out, schema.parsed, record)
    data = out.getvalue()
    assert reader(schema.text)(data + b"after", len(b"before")) == (record, len(data))


@given(number=LONGS, before=st.binary(max_size=3), after=st.binary(max_size=3))
def test_number_comes_back_with_the_offset_after_it(
    number: int, before: bytes, after: bytes
) -> None:
    data = before + encoded(number)
    assert long_at(data + after, len(before)) == (number, len(data))


@given(number=LONGS)
def test_number_cut_short_is_no_number(number: int) -> None:
    data = encoded(number)
    for length in range(len(data)):
        with pytest.raises(IndexError):
            long_at(data[:length], 0)


@given(number=st.integers(2**63) | st.integers(max_value=-(2**63) - 1))
def test_number_beyond_64_bits_is_not_written(number: int) -> None:
    with pytest.raises(OverflowError):
        encoded(number)


@pytest.mark.parametrize("data", [b"\xff" * 10, b"\xff" * 9 + b"\x02", b"\xff" * 12])
def test_number_beyond_64_bits_is_not_read(data: bytes) -> None:
    with pytest.raises(ValueError, match="64 bits"):
        long_at(data, 0)


def test_negative_length_is_refused() -> None:
    with pytest.raises(ValueError, match="length of -1"):
        length_at(encoded(-1), 0)


@pytest.mark.parametrize(
    ("kind", "value"),
    [("array", [1, 2, 3]), ("map", {"a": 1, "b": 2, "c": 3})],
)
def test_blocks_may_be_many_and_may_tell_their_size(kind: str, value: object) -> None:
    """Ours come in one block; the specification allows more, and a size after a negative count."""
    keys = [b"", b"", b""] if kind == "array" else [b"\x02a", b"\x02b", b"\x02c"]
    one, two, three = (key + encoded(number) for key, number in zip(keys, (1, 2, 3), strict=True))
    data = encoded(1) + one + encoded(-2) + encoded(len(two + three)) + two + three + b"\0"
    inner = '"items"' if kind == "array" else '"values"'
    schema = RECORD % f'{{"type": "{kind}", {inner}: "long"}}'
    assert reader(schema)(data, 0) == ({"f": value}, len(data))
    with pytest.raises(IndexError):
        reader(schema)(data[:-1], 0)


@pytest.mark.parametrize("declared", ['"float"', '{"type": "fixed", "name": "F", "size": 2}'])
def test_type_that_no_schema_of_ours_has_is_refused_at_once(declared: str) -> None:
    for compiled in (reader, writer):
        with pytest.raises(TypeError, match="nothing compiles"):
            compiled(RECORD % declared)


@pytest.mark.parametrize("value", [1.5, "1", None, b"1"])
def test_only_an_integer_is_written_as_one(value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        writer(RECORD % '"long"')({"f": value})

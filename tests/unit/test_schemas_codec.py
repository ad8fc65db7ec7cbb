"""What the codec says to bytes it knows, does not know, and cannot read."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any

import fastavro
import pytest

from schemas import catalogue
from schemas.catalogue import AVRO, Schema, crc64, current, load
from schemas.codec import CONFLUENT, SINGLE_OBJECT, Codec
from schemas.declaration import read
from schemas.errors import InvalidRecord, NotAvro, UnknownSchema
from schemas.sampling import sample

CLOSE = {"owner": "w-1", "through_us": 64}
CLOSE_BODY = b"\x06w-1" + b"\x80\x01"  # length 3 and text; 64, zigzag 128, seven bits a byte


@dataclass(frozen=True, slots=True)
class Registry:
    """Schema ids in memory: 1, 2, ... in the order given."""

    schemas: tuple[Schema, ...]

    def schema(self, schema_id: int) -> Schema | None:
        known = dict(enumerate(self.schemas, start=1))
        return known.get(schema_id)

    def id_of(self, name: str) -> int:
        return 1 + [schema.name for schema in self.schemas].index(name)


def altered(folder: Path, file: str, edit: Callable[[dict[str, Any]], object]) -> Schema:
    """Load a copy of one of our schemas after a change."""
    raw = json.loads((AVRO / file).read_text())
    edit(raw)
    copy = folder / file
    copy.write_text(json.dumps(raw))
    return load(copy)


def body(schema: Schema, record: dict[str, object]) -> bytes:
    out = BytesIO()
    fastavro.schemaless_writer(out, schema.parsed, record)
    return out.getvalue()


def test_fingerprint_is_that_of_the_avro_specification() -> None:
    """Its example: `"int"` has CRC-64-AVRO 7275d51a3f395c8f, sent low byte first."""
    assert crc64(fastavro.parse_schema("int"))[::-1].hex() == "7275d51a3f395c8f"


def test_single_object_encoding_is_marker_fingerprint_body() -> None:
    expected = b"\xc3\x01" + current()["Close"].fingerprint + CLOSE_BODY
    assert Codec().encode("Close", CLOSE) == expected
    assert Codec().decode(expected) == ("Close", CLOSE)


def test_confluent_format_is_zero_id_body() -> None:
    codec = Codec(Registry(tuple(current().values())))
    schema_id = 1 + list(current()).index("Close")
    expected = b"\x00" + schema_id.to_bytes(4, "big") + CLOSE_BODY
    assert codec.encode("Close", CLOSE) == expected
    assert codec.decode(expected) == ("Close", CLOSE)


def test_codec_with_registry_still_reads_single_objects() -> None:
    codec = Codec(Registry(tuple(current().values())))
    assert codec.decode(Codec().encode("Close", CLOSE)) == ("Close", CLOSE)


def test_fingerprints_of_our_schemas_differ() -> None:
    assert len({schema.fingerprint for schema in current().values()}) == len(current())


def test_logical_types_change_neither_bytes_nor_fingerprint() -> None:
    text = (AVRO / "close.v1.avsc").read_text()
    with_logical = fastavro.parse_schema(json.loads(text))
    assert crc64(with_logical) == current()["Close"].fingerprint


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not_avro"),
        (b"{}", "not_avro"),
        (b"\xc3", "not_avro"),
        (SINGLE_OBJECT, "not_avro"),
        (SINGLE_OBJECT + bytes(7), "not_avro"),
        (CONFLUENT, "not_avro"),
        (CONFLUENT + bytes(3), "not_avro"),
        (SINGLE_OBJECT + bytes(8), "unknown_schema"),
        (CONFLUENT + bytes(4), "unknown_schema"),
    ],
)
def test_bytes_we_do_not_know_are_told_apart(data: bytes, reason: str) -> None:
    with pytest.raises(NotAvro) as caught:
        Codec().decode(data)
    assert caught.value.reason == reason


def test_unknown_fingerprint_is_named() -> None:
    with pytest.raises(UnknownSchema, match="0102030405060708"):
        Codec().decode(SINGLE_OBJECT + bytes(range(1, 9)) + CLOSE_BODY)


@pytest.mark.parametrize("name", sorted(current()))
def test_record_cut_at_any_byte_is_truncated(name: str) -> None:
    file = AVRO / current()[name].file
    for seed in range(5):
        data = Codec().encode(name, record_of(file, seed))
        for length in range(10, len(data)):
            with pytest.raises(NotAvro) as caught:
                Codec().decode(data[:length])
            assert caught.value.reason == "truncated"


def record_of(file: Path, seed: int) -> dict[str, object]:
    record = sample(read(file), Random(seed))
    assert isinstance(record, dict)
    return record


def test_bytes_after_the_record_are_counted() -> None:
    with pytest.raises(NotAvro, match="got 3 bytes after it") as caught:
        Codec().decode(Codec().encode("Close", CLOSE) + b"abc")
    assert caught.value.reason == "trailing_bytes"


@pytest.mark.parametrize(
    "record",
    [
        {"owner": "w"},
        {"owner": 1, "through_us": 1},
        {"owner": "w", "through_us": 2**63},
        {"owner": "\ud800", "through_us": 1},
    ],
)
def test_record_that_does_not_fit_is_refused(record: dict[str, object]) -> None:
    with pytest.raises(InvalidRecord, match=r"Close does not fit close\.v1\.avsc"):
        Codec().encode("Close", record)


@pytest.fixture
def old_close(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Schema]:
    """A released Close that had one more field and a shorter integer."""

    def edit(schema: dict[str, Any]) -> None:
        schema["fields"].insert(0, {"name": "gone", "type": "string"})
        schema["fields"][2]["type"] = "int"

    folder = tmp_path / "0.0.1"
    folder.mkdir()
    schema = altered(folder, "close.v1.avsc", edit)
    monkeypatch.setattr(catalogue, "RELEASED", tmp_path)
    catalogue.by_fingerprint.cache_clear()
    yield schema
    catalogue.by_fingerprint.cache_clear()


def test_data_of_a_released_version_reads_as_the_current_record(old_close: Schema) -> None:
    data = SINGLE_OBJECT + old_close.fingerprint + body(old_close, {**CLOSE, "gone": "x"})
    assert Codec().decode(data) == ("Close", CLOSE)


def test_truncated_data_of_a_released_version_is_truncated(old_close: Schema) -> None:
    data = SINGLE_OBJECT + old_close.fingerprint + body(old_close, {**CLOSE, "gone": "x"})
    for length in range(10, len(data)):
        with pytest.raises(NotAvro, match="whole record"):
            Codec().decode(data[:length])


def test_registered_older_version_reads_as_the_current_record(tmp_path: Path) -> None:
    older = altered(tmp_path, "close.v1.avsc", lambda s: s["fields"][1].update(type="int"))
    codec = Codec(Registry((older,)))
    assert codec.decode(CONFLUENT + b"\0\0\0\1" + body(older, CLOSE)) == ("Close", CLOSE)


def test_registered_schema_that_ours_cannot_read_is_bad_input(tmp_path: Path) -> None:
    other = altered(tmp_path, "close.v1.avsc", lambda s: s["fields"].pop())
    with pytest.raises(NotAvro, match="through_us") as caught:
        Codec(Registry((other,))).decode(CONFLUENT + b"\0\0\0\1" + body(other, CLOSE))
    assert caught.value.reason == "incompatible_schema"


def test_registered_record_that_is_not_ours_is_unknown(tmp_path: Path) -> None:
    other = altered(tmp_path, "close.v1.avsc", lambda s: s.update(name="Shut"))
    with pytest.raises(UnknownSchema, match="Shut"):
        Codec(Registry((other,))).decode(CONFLUENT + b"\0\0\0\1" + body(other, CLOSE))

"""Bytes <-> record, in both framings, told apart by the first byte.

Single-object encoding (Avro specification): `C3 01`, fingerprint, body. No registry needed.
Confluent wire format: `00`, schema id (4 bytes, big-endian), body; the id is resolved by `ids`.

Records are plain dicts: instants are integer microseconds, decimals are unscaled integers in
big-endian bytes (see `decimals`). Nothing here blocks, unless the `ids` given to it does.
"""

from collections.abc import Mapping
from io import BytesIO
from typing import Any, Protocol, TypeAlias, cast

import fastavro
from fastavro.read import SchemaResolutionError

from schemas.catalogue import Schema, by_fingerprint, current
from schemas.compiled_reader import reader
from schemas.compiled_writer import writer
from schemas.errors import InvalidRecord, NotAvro, UnknownSchema

SINGLE_OBJECT = b"\xc3\x01"
CONFLUENT = b"\x00"
HEADER_BYTES = 10  # C3 01 and eight of fingerprint
CONFLUENT_HEADER_BYTES = 5

Record: TypeAlias = dict[str, Any]  # Avro data, whose fields records.py types


class SchemaIds(Protocol):
    """Resolves the ids of a schema registry. Both methods may block on first use of an id."""

    def schema(self, schema_id: int) -> Schema | None:
        """Return the schema registered under an id, or None."""

    def id_of(self, name: str) -> int:
        """Return the id of the current schema of a record."""


class Codec:
    """Encodes in one framing (Confluent when `ids` is given), decodes both."""

    def __init__(self, ids: SchemaIds | None = None) -> None:
        self._ids = ids
        self._current = current()
        self._single = {
            SINGLE_OBJECT + fingerprint: (schema, self._reader(schema))
            for fingerprint, schema in by_fingerprint().items()
        }

    def encode(self, name: str, record: Mapping[str, object]) -> bytes:
        """Return the framed bytes of a record.

        A nullable field left out is written as null. Raises InvalidRecord when another field is
        missing or one is of another type: a bug of the caller.
        """
        schema = self._current[name]
        try:
            body = writer(schema.text)(record)
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
            raise InvalidRecord(f"{name} does not fit {schema.file}: {error!r}") from error
        return self._header(schema) + body

    def decode(self, data: bytes) -> tuple[str, Record]:
        """Return the record's name and content.

        Raises NotAvro for bytes in no known framing, cut short, or written with a schema that ours
        cannot read, UnknownSchema for a schema or record that is not ours. Both are bad input: send
        them to the dead letters.
        """
        known = self._single.get(data[:HEADER_BYTES])
        if known is not None:
            schema, reader = known
            return schema.name, self._body(data, HEADER_BYTES, schema, reader)
        return self._decode_other(data)

    def _decode_other(self, data: bytes) -> tuple[str, Record]:
        if data[:2] == SINGLE_OBJECT and len(data) >= HEADER_BYTES:
            raise UnknownSchema(f"fingerprint {data[2:HEADER_BYTES].hex()}")
        if data[:1] == CONFLUENT and len(data) >= CONFLUENT_HEADER_BYTES:
            schema_id = int.from_bytes(data[1:CONFLUENT_HEADER_BYTES], "big")
            schema = self._ids.schema(schema_id) if self._ids else None
            if schema is None or schema.name not in self._current:
                name = f" ({schema.name})" if schema else ""
                raise UnknownSchema(f"schema id {schema_id}{name}")
            body = self._body(data, CONFLUENT_HEADER_BYTES, schema, self._reader(schema))
            return schema.name, body
        raise NotAvro(
            "not_avro",
            "expected C3 01 (single-object encoding) or 00 (Confluent wire format), "
            f"got {data[:HEADER_BYTES].hex(' ') or 'nothing'}; check the producer's serializer",
        )

    def _body(self, data: bytes, start: int, schema: Schema, newest: Schema | None) -> Record:
        try:
            if newest is None:
                record, end = reader(schema.text)(data, start)
            else:
                record, end = _resolved(data, start, schema, newest)
        except SchemaResolutionError as error:
            raise NotAvro(
                "incompatible_schema",
                f"{schema.name}: expected data that {newest.file if newest else schema.file} can "
                f"read, got {error}; fix the producer's schema",
            ) from error
        except (EOFError, ValueError, IndexError, KeyError, OverflowError, MemoryError) as error:
            raise _truncated(data, schema, repr(error)) from error
        if end > len(data):
            raise _truncated(data, schema, f"{end - len(data)} bytes short")
        if end < len(data):
            raise NotAvro(
                "trailing_bytes",
                f"{schema.name}: expected one record, got {len(data) - end} bytes after "
                "it; send one record a message",
            )
        return record

    def _reader(self, schema: Schema) -> Schema | None:
        """Return the current version to resolve an older one to; None when it is that one."""
        newest = self._current.get(schema.name)
        if newest is None or newest.fingerprint == schema.fingerprint:
            return None
        return newest

    def _header(self, schema: Schema) -> bytes:
        if self._ids is None:
            return SINGLE_OBJECT + schema.fingerprint
        return CONFLUENT + self._ids.id_of(schema.name).to_bytes(4, "big")


def _resolved(data: bytes, start: int, schema: Schema, newest: Schema) -> tuple[Record, int]:
    """Read a record of an older version as the newest."""
    stream = BytesIO(data)
    stream.seek(start)
    record = fastavro.schemaless_reader(stream, schema.parsed, newest.parsed)
    return cast("Record", record), stream.tell()


def _truncated(data: bytes, schema: Schema, detail: str) -> NotAvro:
    return NotAvro(
        "truncated",
        f"{schema.name}: expected a whole record, got {len(data)} bytes that end or "
        f"break inside it ({detail}); send it again",
    )

"""Schema ids from a registry, for messages in Confluent's wire format.

Each id is asked for once and kept, so a registry that is down delays nothing that was seen before.
"""

import json

import fastavro

from schemas.catalogue import Schema, crc64, current, without_logical_types
from streams.kafka.registration import agree, subject_of, subjects
from streams.kafka.registry_client import RegistryClient

MAX_UNKNOWN = 1_000  # ids remembered to stand for nothing of ours; garbage brings new ones


class RegistryIds:
    """`schemas.codec.SchemaIds` over a registry. Blocks on first use of an id."""

    def __init__(self, registry: RegistryClient) -> None:
        self._registry = registry
        self._schemas: dict[int, Schema] = {}
        self._unknown: set[int] = set()
        self._ids: dict[str, int] = {}

    def agree(self) -> None:
        """Know the id of every schema of ours, and that nothing there contradicts them.

        Raises SchemaRefused, RegistryRefused and RegistryUnavailable.
        """
        for subject in subjects():
            schema_id = agree(self._registry, subject)
            self._ids.setdefault(subject.schema.name, schema_id)
            self._schemas[schema_id] = subject.schema

    def schema(self, schema_id: int) -> Schema | None:
        """Return the schema registered under an id; None when the registry knows none.

        Raises RegistryRefused and RegistryUnavailable.
        """
        known = self._schemas.get(schema_id)
        if known is not None or schema_id in self._unknown:
            return known
        text = self._registry.text_of(schema_id)
        schema = parsed(schema_id, text) if text else None
        if schema is None:
            self._forget_garbage()
            self._unknown.add(schema_id)
        else:
            self._schemas[schema_id] = schema
        return schema

    def id_of(self, name: str) -> int:
        """Return the id of the current schema of a record, registered when it is not there yet.

        Raises SchemaRefused, RegistryRefused and RegistryUnavailable.
        """
        if name not in self._ids:
            self._ids[name] = agree(self._registry, subject_of(current()[name]))
        return self._ids[name]

    def _forget_garbage(self) -> None:
        if len(self._unknown) >= MAX_UNKNOWN:
            self._unknown.clear()


def parsed(schema_id: int, text: str) -> Schema | None:
    """Return a registered schema as the codec uses it; None when it is not an Avro record."""
    try:
        raw = without_logical_types(json.loads(text))
        schema = fastavro.parse_schema(raw)  # type: ignore[arg-type]  # JSON, checked by it
    except (ValueError, fastavro.schema.SchemaParseException, fastavro.schema.UnknownType):
        return None
    if not isinstance(raw, dict) or "name" not in raw:
        return None
    name = str(raw["name"]).rpartition(".")[2]
    return Schema(name, f"registry id {schema_id}", text, schema, crc64(schema))

"""Schema ids from a registry that speaks Confluent's API, for messages in its wire format.

Each id is asked for once and kept, so a registry that is down delays nothing that was seen before.
A schema of ours is registered on first use under the subject of its full record name, which gives
the id it already has when it is there.
"""

import json

import fastavro
import httpx2
from confluent_kafka.schema_registry import Schema as Registered
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError

from schemas.catalogue import Schema, crc64, current, without_logical_types
from streams.errors import RegistryUnavailable

NOT_FOUND = 404
TIMEOUT_S = 5.0


class RegistryIds:
    """`schemas.codec.SchemaIds` over a registry. Blocks on first use of an id."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client = SchemaRegistryClient({"url": url, "timeout": TIMEOUT_S, "max.retries": 1})
        self._schemas: dict[int, Schema | None] = {}
        self._ids: dict[str, int] = {}

    def schema(self, schema_id: int) -> Schema | None:
        """Return the schema registered under an id; None when the registry knows none.

        Raises RegistryUnavailable.
        """
        if schema_id not in self._schemas:
            self._schemas[schema_id] = self._fetched(schema_id)
        return self._schemas[schema_id]

    def id_of(self, name: str) -> int:
        """Return the id of the current schema of a record. Raises RegistryUnavailable."""
        if name not in self._ids:
            schema = current()[name]
            subject = f"{json.loads(schema.text)['namespace']}.{name}"
            try:
                registered = Registered(schema.text, "AVRO")
                self._ids[name] = self._client.register_schema(subject, registered)
            except (SchemaRegistryError, httpx2.TransportError) as error:
                raise RegistryUnavailable(self._url, f"{subject}: {error}") from error
        return self._ids[name]

    def _fetched(self, schema_id: int) -> Schema | None:
        try:
            text = self._client.get_schema(schema_id).schema_str
        except SchemaRegistryError as error:
            if error.http_status_code == NOT_FOUND:
                return None
            raise RegistryUnavailable(self._url, str(error)) from error
        except httpx2.TransportError as error:
            raise RegistryUnavailable(self._url, str(error)) from error
        return parsed(schema_id, text or "")


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

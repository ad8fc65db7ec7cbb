"""A schema registry over Confluent's API, its client's errors translated. Every call blocks.

A request that finds nobody is tried twice, each time for TIMEOUT_S at most. Nothing is kept here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar, cast

import httpx2
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError
from pydantic import SecretStr

from streams.errors import RegistryRefused, RegistryUnavailable, SchemaRefused

T = TypeVar("T")

TIMEOUT_S = 5.0
AVRO = "AVRO"
FULL = "FULL"
HELD = {FULL, "FULL_TRANSITIVE"}  # levels that promise what ours is about

CONFLICT = 409
UNPROCESSABLE = 422
FAULTS_OF_ITS_OWN = 500  # and above
NO_SUBJECT = 40401
NO_VERSION = 40402
NO_SCHEMA = 40403
NO_LEVEL = 40408


@dataclass(frozen=True, slots=True)
class Held:
    """The newest schema of a subject."""

    schema_id: int
    kind: str  # AVRO, JSON, PROTOBUF
    text: str


class RegistryClient:
    """What is needed of a registry.

    Every method raises RegistryUnavailable when it does not answer, and RegistryRefused when it
    answers that it will not.
    """

    def __init__(
        self, url: str, username: str | None = None, password: SecretStr | None = None
    ) -> None:
        self.url = url
        config: dict[str, object] = {"url": url, "timeout": TIMEOUT_S, "max.retries": 1}
        if username is not None and password is not None:
            config["basic.auth.user.info"] = f"{username}:{password.get_secret_value()}"
        self._client = SchemaRegistryClient(config)

    def close(self) -> None:
        """Give up its connections."""
        self._client.close()

    def text_of(self, schema_id: int) -> str | None:
        """Return the schema of an id; None when there is none."""
        found = self._ask(lambda: self._client.get_schema(schema_id), NO_SCHEMA)
        return found.schema_str if found else None

    def newest(self, subject: str) -> Held | None:
        """Return the newest schema of a subject; None when it has none."""
        found = self._ask(lambda: self._client.get_latest_version(subject), NO_SUBJECT, NO_VERSION)
        if found is None:
            return None
        schema = found.schema
        return Held(int(found.schema_id or 0), schema.schema_type or AVRO, schema.schema_str or "")

    def hold_to_full(self, subject: str) -> None:
        """Have the registry refuse, from now on, what is not compatible both ways."""
        if self._is_held(subject):
            return
        try:
            self._ask(lambda: self._client.set_compatibility(subject, FULL))
        except RegistryRefused as error:
            if error.status != CONFLICT or not self._is_held(subject):
                raise  # in conflict with another process that does the same, it is done

    def _is_held(self, subject: str) -> bool:
        level = self._ask(lambda: self._client.get_compatibility(subject), NO_LEVEL, NO_SUBJECT)
        return level in HELD

    def register(self, subject: str, text: str) -> int:
        """Return the id of a schema under a subject, new or not.

        Raises SchemaRefused when the registry finds it incompatible with what is there.
        """
        try:
            found = self._ask(lambda: self._client.register_schema(subject, Schema(text, AVRO)))
        except RegistryRefused as error:
            if error.status in {CONFLICT, UNPROCESSABLE}:
                raise SchemaRefused(self.url, subject, [error.detail]) from error
            raise
        return cast("int", found)

    def _ask(self, call: Callable[[], T], *absent: int) -> T | None:
        """Return what a call of the client does; None for the errors that say "none there"."""
        try:
            return call()
        except SchemaRegistryError as error:
            if error.error_code in absent:
                return None
            if error.http_status_code >= FAULTS_OF_ITS_OWN:
                raise RegistryUnavailable(self.url, str(error)) from error
            raise RegistryRefused(self.url, error.http_status_code, error.error_message) from error
        except httpx2.TransportError as error:
            raise RegistryUnavailable(self.url, str(error) or type(error).__name__) from error

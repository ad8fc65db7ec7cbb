"""Our schemas in a registry: under which subjects, and what has to be true of what is there.

Every schema is under its full record name (Confluent's RecordNameStrategy): a topic may carry
several records, and each evolves by itself. One that is all a topic carries is also under
`<topic>-value`, where clients left at their default look and register (TopicNameStrategy).
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import fastavro

from schemas.catalogue import Schema, crc64, current, without_logical_types
from schemas.declaration import Type, parse
from schemas.resolution import mismatches
from schemas.topics import ALL
from streams.errors import SchemaRefused
from streams.kafka.registry_client import AVRO, Held, RegistryClient

SAID = 3  # reasons of an error; the rest is counted
UNREADABLE = (ValueError, KeyError, TypeError, fastavro.schema.SchemaParseException)


@dataclass(frozen=True, slots=True)
class Subject:
    """A name in the registry and the schema that belongs there."""

    name: str
    schema: Schema


def subject_of(schema: Schema) -> Subject:
    """Return the subject whose id messages carry.

    >>> subject_of(current()["Partial"]).name
    'apportion.Partial'
    """
    return Subject(f"{json.loads(schema.text)['namespace']}.{schema.name}", schema)


def subjects() -> list[Subject]:
    """Return every subject, those whose ids messages carry first."""
    schemas = current()
    named = [subject_of(schema) for schema in schemas.values()]
    single = [(topic.name, topic.records[0]) for topic in ALL if len(topic.records) == 1]
    return named + [Subject(f"{topic}-value", schemas[record]) for topic, record in single]


def agree(registry: RegistryClient, subject: Subject) -> int:
    """Return the id of a subject's schema, put there when it is not there yet.

    Raises SchemaRefused when what is there and ours cannot read each other, and what the client
    raises.
    """
    held = registry.newest(subject.name)
    if held is None:
        registry.hold_to_full(subject.name)
        return _registered(registry, subject)
    reasons = list(differences(subject.schema, held))
    if reasons:
        more = [f"and {len(reasons) - SAID} more"] if len(reasons) > SAID else []
        raise SchemaRefused(registry.url, subject.name, [*reasons[:SAID], *more])
    if fingerprint(held.text) == subject.schema.fingerprint:
        return held.schema_id
    return _registered(registry, subject)


def _registered(registry: RegistryClient, subject: Subject) -> int:
    """Register; another process may do the same at the same moment, and one of them be refused."""
    try:
        return registry.register(subject.name, subject.schema.text)
    except SchemaRefused:
        held = registry.newest(subject.name)
        if held is None or fingerprint(held.text) != subject.schema.fingerprint:
            raise
        return held.schema_id


def register_all(registry: RegistryClient) -> Iterator[tuple[str, int]]:
    """Yield the name and id of every subject once it holds its schema, and is held to FULL.

    Raises what `agree` does; the subjects before that one are done.
    """
    for subject in subjects():
        schema_id = agree(registry, subject)
        registry.hold_to_full(subject.name)
        yield subject.name, schema_id


def differences(ours: Schema, held: Held) -> Iterator[str]:
    """Say why ours and another schema cannot read each other's data; nothing when they can."""
    theirs = parsed(held)
    if theirs is None:
        yield f"{held.kind} that is no Avro schema"
        return
    mine = parse(ours.text)
    yield from (f"{at.path}: {at.what} (ours reads it)" for at in mismatches(mine, theirs))
    yield from (f"{at.path}: {at.what} (it reads ours)" for at in mismatches(theirs, mine))


def parsed(held: Held) -> Type | None:
    """Return a schema from a registry; None when it is not Avro that stands by itself."""
    if held.kind != AVRO:
        return None
    try:
        return parse(held.text)
    except UNREADABLE:
        return None


def fingerprint(text: str) -> bytes:
    """Return the fingerprint of an Avro schema, as single-object encoding carries it."""
    raw = without_logical_types(json.loads(text))
    return crc64(fastavro.parse_schema(raw))  # type: ignore[arg-type]  # JSON, checked by it

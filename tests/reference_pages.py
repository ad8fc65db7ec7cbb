"""Writes the reference pages of docs/ from the code they describe.

Run `make docs` after changing a topic, a schema, a metric, a setting or a field of a price book or
catalog: a test fails while a committed page says something else.
"""

import enum
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import agents.gateway.metrics as gateway
import agents.gpu.metrics as gpu
from agents.gateway.normalise.own import UsageEvent
from schemas.catalogue import AVRO, current
from schemas.declaration import Array, Enum, Fixed, Map, Primitive, Record, Type, Union, read
from schemas.topics import ALL, DAY_MS, Topic
from streams.config import catalog_document, price_document
from streams.config.json_schema import json_schema
from streams.metrics import Metric
from tests.reference_settings import example, settings
from tests.reference_tables import table

DOCS: Final = Path(__file__).resolve().parent.parent / "docs"
EXAMPLE: Final = DOCS.parent / ".env.example"
NOTICE: Final = "<!-- Written by `make docs`. Edit the code it describes. -->"
METRICS: Final[tuple[tuple[str, str, type[enum.Enum]], ...]] = (
    (
        "Workers",
        "Each carries the label `processor` beside its own; `apportion up` serves them too.",
        Metric,
    ),
    ("The GPU agent", "See [the GPU agent](gpu-agent.md).", gpu.Metric),
    ("The collector", "`source` is a name in the file of sources.", gateway.Metric),
)
KINDS: Final = {"timestamp-micros": "instant (µs, UTC)"}

REGISTRY: Final = """# With a schema registry

```console
$ apportion schemas register --registry http://registry:8081
$ apportion run meter --kafka kafka:9092 --schema-registry http://registry:8081
```

`register` puts every schema there and has each of its subjects held to compatibility `FULL`; run
again, it changes nothing. A schema lies under its full record name, `apportion.Partial`
(Confluent's `RecordNameStrategy`), since `metered.partial.v1` carries five records which evolve one
by one. Where a topic carries one record only, it also lies under `<topic>-value`
(`TopicNameStrategy`), so that clients left at their default are held to the same contract.

Confluent's serializers and deserializers therefore work as they are. To write without the right to
register:

```python
AvroSerializer(
    client,
    schema,
    conf={
        "auto.register.schemas": False,
        "subject.name.strategy": record_subject_name_strategy,
    },
)
```

A processor asks for the ids of all schemas when it starts, registers what is missing, and does not
start (exit 1, with the reason) where a subject holds what cannot read ours or be read by it. It
waits 30 s for a registry that does not answer, then exits with 1. Once it runs it asks for an id
only when it meets one it has not seen: a registry that is down delays nothing else. A message with
a new id stops it meanwhile, uncounted and uncommitted, until the registry is there.
"""


def pages() -> dict[Path, str]:
    """Return every generated page by its path."""
    return {
        DOCS / "topics.md": page(topics()),
        DOCS / "metrics.md": page(metrics()),
        DOCS / "settings.md": page(settings()),
        EXAMPLE: example(EXAMPLE.read_text(encoding="utf-8")),
        DOCS / "price-book.schema.json": json_schema(price_document.Document, "price book"),
        DOCS / "catalog.schema.json": json_schema(catalog_document.Document, "catalog"),
        DOCS / "usage-event.schema.json": json_schema(UsageEvent, "usage event"),
    }


def page(lines: Iterable[str]) -> str:
    """Join the lines of a page, with the notice below its title."""
    title, *rest = lines
    text = "\n".join([title, "", NOTICE, *rest])
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def topics() -> Iterator[str]:
    """Draw docs/topics.md: the topics, then every record field by field."""
    yield "# Topics"
    yield ""
    yield "Every topic, its key and the records on it. Keys are UTF-8 text; the partition is"
    yield "CRC-32 of the key modulo the number of partitions, whatever a client's default is."
    yield "Partitions are what `apportion up` creates and may differ on your Kafka."
    head = ("topic", "key", "records", "partitions", "kept", "timestamps", "what")
    yield from table(head, map(_topic, ALL))
    yield "Values are Avro in single-object encoding (`C3 01`, fingerprint, body) or, with a schema"
    yield "registry, in Confluent's wire format (`00`, id, body); readers take both."
    yield ""
    yield REGISTRY
    yield "# Records"
    for schema in sorted(current().values(), key=lambda each: each.name):
        declared = read(AVRO / schema.file)
        assert isinstance(declared, Record)
        yield ""
        yield f"## {schema.name}"
        yield ""
        yield f"`schemas/avro/{schema.file}`, fingerprint `{schema.fingerprint.hex()}` as sent."
        yield from record(declared, set())


def _topic(topic: Topic) -> tuple[str, ...]:
    kept = "latest per key" if topic.retention_ms is None else f"{topic.retention_ms // DAY_MS} d"
    stamped = "by the broker" if topic.timestamps == "LogAppendTime" else "by the producer"
    records = ", ".join(f"[{name}](#{name.lower()})" for name in topic.records)
    return (
        f"`{topic.name}`",
        topic.key,
        records,
        str(topic.partitions),
        kept,
        stamped,
        topic.doc,
    )


def record(declared: Record, shown: set[str]) -> Iterator[str]:
    """Draw one record's fields, then those of the records inside it."""
    shown.add(declared.name)
    yield ""
    yield declared.doc
    rows = ((f"`{f.name}`", named(f.type), f.doc) for f in declared.fields.values())
    yield from table(("field", "type", "meaning"), rows)
    for inner in (each for f in declared.fields.values() for each in records(f.type)):
        if inner.name not in shown:
            yield f"### {inner.name} in {declared.name}"
            yield from record(inner, shown)


def records(declared: Type) -> Iterator[Record]:
    """Yield the records directly inside a type."""
    match declared:
        case Record():
            yield declared
        case Array(inner) | Map(inner):
            yield from records(inner)
        case Union(branches):
            for branch in branches:
                yield from records(branch)


def named(declared: Type) -> str:
    """Say a type in words.

    >>> named(Union((Primitive("null"), Array(Primitive("long")))))
    'list of long, or null'
    """
    match declared:
        case Union(branches):
            parts = [named(branch) for branch in branches if branch != Primitive("null")]
            return " or ".join(parts) + (", or null" if len(parts) < len(branches) else "")
        case Array(inner):
            return f"list of {named(inner)}"
        case Map(inner):
            return f"map of text to {named(inner)}"
        case Enum():
            return " / ".join(f"`{symbol}`" for symbol in declared.symbols)
        case Record() | Fixed():
            return declared.name
    return _number(declared)


def _number(declared: Primitive) -> str:
    if declared.logical.startswith("decimal"):
        return "decimal({}, {})".format(*declared.logical.split()[1:])
    return KINDS.get(declared.logical, declared.kind)


def metrics() -> Iterator[str]:
    """Draw docs/metrics.md."""
    yield "# Metrics"
    yield ""
    yield "What each program serves at `/metrics`. No label is a tenant's name: there is no bound"
    yield "to those."
    for title, what, kind in METRICS:
        yield ""
        yield f"## {title}"
        yield ""
        yield what
        rows = (
            (f"`{spec.name}`", spec.kind, ", ".join(f"`{n}`" for n in spec.labels), spec.act)
            for spec in (metric.value for metric in kind)
        )
        yield from table(("metric", "kind", "labels", "what an operator does about it"), rows)


def main() -> None:
    """Write the pages."""
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

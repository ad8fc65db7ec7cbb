"""`apportion tail`: a topic's messages, decoded, one JSON object a line."""

import contextlib
import json
from typing import Annotated, Literal

import typer

from schemas import topics
from schemas.codec import Codec
from schemas.errors import NotAvro
from streams.cli.reach import Check, Data, Kafka, nearest, reached, stop_if_checking
from streams.errors import UnknownTopic
from streams.kafka import Entry, Start, follow
from streams.kafka.registry import codec_of
from streams.readable import instant, readable

STARTS = {"beginning": Start.BEGINNING, "end": Start.END}


def tail(  # noqa: PLR0913 - one parameter an option
    topic: Annotated[str, typer.Argument(help="e.g. cost.line or cost.line.v1")],
    *,
    start: Annotated[
        Literal["beginning", "end"], typer.Option("--from", help="Where to begin.")
    ] = "end",
    limit: Annotated[int | None, typer.Option(min=1, help="Stop after this many.")] = None,
    until_end: Annotated[bool, typer.Option(help="Stop at the end of the topic.")] = False,
    kafka: Kafka = None,
    data: Data = None,
    check: Check = False,
) -> None:
    """Print messages as JSON lines: amounts as exact strings, instants as ISO 8601, UTC."""
    settings = nearest(kafka=kafka, data=data)
    stop_if_checking(settings, check=check)
    codec, name = codec_of(settings), resolve(topic)
    entries = follow(reached(settings), name, STARTS[start], until_end=until_end)
    with contextlib.suppress(KeyboardInterrupt), contextlib.closing(entries):
        for number, entry in enumerate(entries, start=1):
            typer.echo(line(codec, name, entry))
            if number == limit:
                break


def resolve(topic: str) -> str:
    """Return a topic's full name; without a version, its newest. Raises UnknownTopic."""
    names = [known.name for known in topics.ALL]
    found = [name for name in names if topic in {name, name.rpartition(".")[0]}]
    if not found:
        raise UnknownTopic(topic, names)
    return max(found, key=lambda name: int(name.rpartition(".v")[2]))


def line(codec: Codec, topic: str, entry: Entry) -> str:
    """Return one message as JSON. Bytes that are no record of ours are shown as hex."""
    head = {
        "topic": topic,
        "partition": entry.partition,
        "offset": entry.offset,
        "at": instant(entry.at_ms * 1000),
        "key": None if entry.key is None else entry.key.decode("utf-8", "replace"),
    }
    return json.dumps(head | _content(codec, entry.value), ensure_ascii=False)


def _content(codec: Codec, value: bytes | None) -> dict[str, object]:
    if value is None:
        return {"record": None, "value": None}
    try:
        name, record = codec.decode(value)
    except NotAvro as error:
        return {"record": None, "error": error.reason, "bytes": value.hex()}
    return {"record": name, "value": readable(name, record)}

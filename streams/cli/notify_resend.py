"""`apportion notify resend`: tell again what was put aside, once its cause is put right."""

import json
from typing import Annotated

import typer

from schemas import topics
from streams.cli.reach import Check, Data, Kafka, nearest, reached, stop_if_checking
from streams.kafka import read_to_end
from streams.kafka.batch import publish_all
from streams.kafka.registry import codec_of
from streams.notify.reading import Again, notices_of, refused, sayings
from streams.readable import readable


def resend(
    *,
    sink: Annotated[str | None, typer.Option(help="Only what this one refused.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show it.")] = False,
    kafka: Kafka = None,
    data: Data = None,
    check: Check = False,
) -> None:
    """Put alerts that were put aside on their topic again; who was told is not told again.

    Prints one JSON line for each. A running `notify` then tells them.
    """
    settings = nearest(kafka=kafka, data=data)
    stop_if_checking(settings, check=check)
    codec, reach = codec_of(settings), reached(settings)
    notices = refused(notices_of(codec, read_to_end(reach, topics.NOTIFY_SENT.name)), sink)
    found = sayings(codec, notices, read_to_end(reach, topics.ALERT_COST.name))
    if not dry_run:
        publish_all(reach, topics.ALERT_COST.name, messages(found))
    for each in found:
        said = {"again": each.entry is not None, "notice": readable("Notice", each.notice)}
        typer.echo(json.dumps(said, ensure_ascii=False))


def messages(found: list[Again]) -> list[tuple[str, bytes]]:
    """Return each message once, with its key, however many sinks are to have it again."""
    kept = {each.entry: each.notice["tenant"] for each in found if each.entry is not None}
    return [(tenant, entry.value) for entry, tenant in kept.items() if entry.value is not None]

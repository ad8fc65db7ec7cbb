"""`apportion repair`: have late batches counted, and windows closed whose log is gone."""

import json
from base64 import b64decode
from typing import Annotated

import typer

from schemas import topics
from streams.cli.reach import Check, ClickHouse, Data, Kafka, nearest, stop_if_checking
from streams.kafka.batch import publish_all
from streams.replay.report import made_where_the_data_is, off_text


def repair(  # noqa: PLR0913 - one parameter an option
    *,
    dry_run: Annotated[bool, typer.Option(help="Say what would be corrected, no more.")] = False,
    open_windows: Annotated[
        bool,
        typer.Option(
            "--open",
            help="Also windows that ended and have no final lines: their log must be gone.",
        ),
    ] = False,
    kafka: Kafka = None,
    data: Data = None,
    clickhouse: ClickHouse = None,
    check: Check = False,
) -> None:
    """Correct closed windows that are not what the archive makes, in a higher generation."""
    settings = nearest(kafka=kafka, clickhouse=clickhouse, data=data)
    stop_if_checking(settings, check=check)
    name = "corrections-of-open" if open_windows else "corrections"
    found = json.loads(made_where_the_data_is(settings, name))
    for off in found["mended"]:
        typer.echo(off_text(off), err=True)
    if not dry_run:
        lines = [(tenant, b64decode(line)) for tenant, line in found["lines"]]
        publish_all(settings.kafka, topics.COST_LINE.name, lines)
    typer.echo(f"{len(found['mended'])} windows, {len(found['lines'])} lines")

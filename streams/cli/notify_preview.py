"""`apportion notify preview`: whom the routes would tell of which alerts. It tells nobody."""

import contextlib
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import typer

from schemas import topics
from streams.cli.reach import Check, Data, Kafka, nearest, reached, stop_if_checking
from streams.cli.tail import STARTS
from streams.kafka import follow
from streams.kafka.registry import codec_of
from streams.notify.printed import line_of
from streams.notify.reading import alert_of
from streams.notify.routed import catalog_meant, destinations

CatalogFile: TypeAlias = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, help="Routes of this one; default: in force."),
]


def preview(  # noqa: PLR0913 - one parameter an option
    *,
    start: Annotated[
        Literal["beginning", "end"], typer.Option("--from", help="Where to begin.")
    ] = "beginning",
    until_end: Annotated[bool, typer.Option(help="Stop at the end of the topic.")] = False,
    catalog: CatalogFile = None,
    kafka: Kafka = None,
    data: Data = None,
    check: Check = False,
) -> None:
    """Print what notify would tell whom, one JSON line each. Nothing is told, nothing kept."""
    settings = nearest(kafka=kafka, data=data)
    stop_if_checking(settings, check=check)
    codec, reach = codec_of(settings), reached(settings)
    routes = catalog_meant(reach, catalog)
    entries = follow(reach, topics.ALERT_COST.name, STARTS[start], until_end=until_end)
    with contextlib.suppress(KeyboardInterrupt), contextlib.closing(entries):
        for alert in filter(None, (alert_of(codec, entry) for entry in entries)):
            for to in destinations(routes, alert):
                typer.echo(line_of(to.sink, to.channel, alert))

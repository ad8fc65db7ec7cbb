"""`apportion catalog endpoints`: how endpoints were used, and what does not fit the catalog."""

import json
from typing import Annotated

import typer

from streams.cli.instants import instant_us
from streams.cli.reach import Check, ClickHouse, Data, Kafka, nearest, stop_if_checking
from streams.config_topic import CATALOG
from streams.core.windows import DAY_US, SECOND_US
from streams.prices.text_table import text_table
from streams.publications import IN_FORCE, Publications, catalog_of
from streams.replay.endpoint_use import endpoint_use
from streams.replay.place import asker_of, place_of
from streams.replay.span import Span

HEADS = ("endpoint", "pool", "calls", "tokens", "GPU-s", "what does not fit")
NUMBERS = "calls tokens GPU-s"


def show(  # noqa: PLR0913 - one parameter an option
    catalog: Annotated[
        str, typer.Argument(help="File, begin of a version, in-force, or built-in.")
    ] = IN_FORCE,
    *,
    since: Annotated[
        str | None, typer.Option(help="First instant, e.g. 2026-11-01. Default: a day before.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="First instant left out. Default: now.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    kafka: Kafka = None,
    data: Data = None,
    clickhouse: ClickHouse = None,
    check: Check = False,
) -> None:
    """Print the calls and GPU time of every endpoint and pool, and what is idle by mistake."""
    settings = nearest(kafka=kafka, clickhouse=clickhouse, data=data)
    stop_if_checking(settings, check=check)
    until_us = instant_us(until)
    since_us = until_us - DAY_US if since is None else instant_us(since)
    names = catalog_of(Publications(settings, CATALOG).find(catalog))
    with place_of(settings) as place:
        span = Span(since_us, until_us, settings.meter.window_s * SECOND_US)
        found = endpoint_use(asker_of(place), span, names)
    plain = [
        {
            **where._asdict(),
            "calls": use.calls,
            "tokens": use.tokens,
            "gpu_s": use.held_us // SECOND_US,
            "wrong": use.wrong or None,
        }
        for where, use in found.items()
    ]
    if as_json:
        typer.echo(json.dumps({"catalog": names.version, "endpoints": plain}))
        return
    rows = [tuple(cell(each) for each in row.values()) for row in plain]
    for line in text_table(HEADS, rows, NUMBERS) if rows else ["no endpoint has GPUs"]:
        typer.echo(line)


def cell(value: object) -> str:
    """Return a value as the table has it; names stay in their cell."""
    if isinstance(value, int):
        return f"{value:,}"
    return "".join(each if each.isprintable() else f"[{ord(each):#x}]" for each in str(value or ""))

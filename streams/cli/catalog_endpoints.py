"""`apportion catalog endpoints`: how endpoints were used, and what does not fit the catalog."""

import json
from typing import Annotated

import typer

from streams.cli.listing import AsJson, cell, stretch
from streams.cli.reach import Check, ClickHouse, Data, Kafka, nearest, stop_if_checking
from streams.config_topic import CATALOG
from streams.core.windows import DAY_US, SECOND_US
from streams.prices.text_table import text_table
from streams.publications import IN_FORCE, Publications, catalog_of
from streams.replay.endpoint_use import EndpointUse, InPool, endpoint_use
from streams.replay.place import asker_of, place_of

HEADS = ("endpoint", "pool", "calls", "tokens", "GPU-s", "what does not fit")
NUMBERS = "calls tokens GPU-s"


def show(  # noqa: PLR0913 - one parameter an option
    catalog: Annotated[
        str, typer.Argument(help="File, begin of a version, in-force, or built-in.")
    ] = IN_FORCE,
    *,
    since: Annotated[
        str | None, typer.Option(help="Hours from this instant on, e.g. 2026-11-01; the last day.")
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="Hours that begin before this instant; now.")
    ] = None,
    as_json: AsJson = False,
    kafka: Kafka = None,
    data: Data = None,
    clickhouse: ClickHouse = None,
    check: Check = False,
) -> None:
    """Print the calls and GPU time of every endpoint and pool, and what is idle by mistake."""
    settings = nearest(kafka=kafka, clickhouse=clickhouse, data=data)
    stop_if_checking(settings, check=check)
    within = stretch(since, until, DAY_US)
    names = catalog_of(Publications(settings, CATALOG).find(catalog))
    with place_of(settings) as place:
        found = endpoint_use(asker_of(place), within, names)
    if as_json:
        shown = [plain(*each) for each in found.items()]
        typer.echo(json.dumps({"catalog": names.version, "endpoints": shown}))
        return
    rows = [row(*each) for each in found.items()]
    for line in text_table(HEADS, rows, NUMBERS) if rows else ["no endpoint has GPUs"]:
        typer.echo(line)


def plain(where: InPool, use: EndpointUse) -> dict[str, object]:
    """Return one entry of the JSON object."""
    return {
        **where._asdict(),
        "calls": use.calls,
        "tokens": use.tokens,
        "gpu_s": use.held_us // SECOND_US,
        "wrong": use.wrong or None,
    }


def row(where: InPool, use: EndpointUse) -> tuple[str, ...]:
    """Return one line of the table."""
    counts = (use.calls, use.tokens, use.held_us // SECOND_US)
    return (*map(cell, where), *(f"{each:,}" for each in counts), use.wrong)

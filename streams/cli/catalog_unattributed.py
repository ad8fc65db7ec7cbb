"""`apportion catalog unattributed`: the largest spend that nobody is charged for, and why."""

import json
from typing import Annotated

import typer

from schemas.decimals import to_decimal
from streams.cli.listing import AsJson, cell, stretch
from streams.cli.publish import say
from streams.cli.reach import Check, ClickHouse, Data, Kafka, nearest, stop_if_checking
from streams.config_topic import CATALOG
from streams.core.windows import DAY_US, SECOND_US
from streams.prices.text_table import text_table
from streams.prices.wording import figure
from streams.publications import IN_FORCE, Publications, catalog_of
from streams.replay.place import asker_of, place_of
from streams.replay.span import Span
from streams.replay.unattributed import Reported, Spend, unattributed

WEEK_US = 7 * DAY_US
HEADS = (
    "source",
    "tenant",
    "kind",
    "model",
    "endpoint",
    "why",
    "events",
    "tokens",
    "list cost",
    "currency",
)
NUMBERS = "events tokens"


def show(  # noqa: PLR0913 - one parameter an option
    catalog: Annotated[
        str, typer.Argument(help="File, begin of a version, in-force, or built-in.")
    ] = IN_FORCE,
    *,
    since: Annotated[
        str | None, typer.Option(help="First instant, e.g. 2026-11-01. Default: a week before.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="First instant left out. Default: now.")] = None,
    limit: Annotated[int, typer.Option(min=0, help="Lines listed; 0: all.")] = 20,
    as_json: AsJson = False,
    kafka: Kafka = None,
    data: Data = None,
    clickhouse: ClickHouse = None,
    check: Check = False,
) -> None:
    """Print the largest spend that a catalog leaves to nobody, by source, name and model."""
    settings = nearest(kafka=kafka, clickhouse=clickhouse, data=data)
    stop_if_checking(settings, check=check)
    span = Span(*stretch(since, until, WEEK_US), settings.meter.window_s * SECOND_US)
    names = catalog_of(Publications(settings, CATALOG).find(catalog))
    with place_of(settings) as place:
        found = unattributed(asker_of(place), span, names)
    shown = found[:limit] if limit else found
    if as_json:
        typer.echo(json.dumps({"catalog": names.version, "unattributed": [*map(plain, shown)]}))
        return
    for line in text_table(HEADS, [*map(row, shown)], NUMBERS) if shown else ["all has a tenant"]:
        typer.echo(line)
    if len(shown) < len(found):
        say(f"not shown: {len(found) - len(shown):,} smaller ones; --limit 0")


def row(each: tuple[Reported, Spend]) -> tuple[str, ...]:
    """Return one line of the table."""
    of, spend = each
    cost = "" if spend.list_pico is None else figure(to_decimal(spend.list_pico))
    names = map(cell, (of.source, of.tenant, of.kind, of.what, of.endpoint, of.why))
    counts = (f"{spend.events:,}", f"{spend.tokens:,}" if spend.tokens else "")
    return (*names, *counts, cost, of.currency if cost else "")


def plain(each: tuple[Reported, Spend]) -> dict[str, object]:
    """Return one entry of the JSON object; money as a decimal string."""
    of, spend = each
    cost = None if spend.list_pico is None else str(to_decimal(spend.list_pico))
    return {
        **of._asdict(),
        "events": spend.events,
        "tokens": spend.tokens,
        "list_cost": cost,
    }

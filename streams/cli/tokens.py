"""`apportion tokens`: what a thousand tokens cost each tenant and model, beside the list price."""

import json
from typing import Annotated

import typer

from schemas.decimals import to_decimal
from streams.cli.instants import instant_us
from streams.cli.reach import Check, ClickHouse, Data, nearest, stop_if_checking
from streams.core.windows import DAY_US, SECOND_US
from streams.prices.text_table import text_table
from streams.replay.place import asker_of, place_of
from streams.replay.span import Span
from streams.replay.token_costs import TokenCost, token_costs

HEADS = ("tenant", "provider", "model", "endpoint", "tokens", "cost", "per-1k", "list-per-1k", "")
NUMBERS = "tokens cost per-1k list-per-1k"


def tokens(  # noqa: PLR0913 - one parameter an option
    *,
    since: Annotated[
        str | None, typer.Option("--from", help="Windows from this instant on; the last day.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", help="Windows that begin before this instant; now.")
    ] = None,
    tenant: Annotated[str | None, typer.Option(help="This tenant only.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    data: Data = None,
    clickhouse: ClickHouse = None,
    check: Check = False,
) -> None:
    """Print what a thousand tokens truly cost, by tenant and model, and what they list at."""
    settings = nearest(clickhouse=clickhouse, data=data)
    stop_if_checking(settings, check=check)
    until_us = instant_us(until)
    since_us = instant_us(since) if since else until_us - DAY_US
    with place_of(settings) as place:
        span = Span(since_us, until_us, settings.meter.window_s * SECOND_US)
        found = token_costs(asker_of(place), span)
    shown = [each for each in found if tenant in (None, each.tenant)]
    if as_json:
        typer.echo(json.dumps({"tokens": [*map(plain, shown)]}))
        return
    for line in text_table(HEADS, [*map(row, shown)], NUMBERS) if shown else ["no calls"]:
        typer.echo(line)


def plain(each: TokenCost) -> dict[str, object]:
    """Return one entry of the JSON object; money as exact decimal strings."""
    return {
        "tenant": each.tenant,
        "provider": each.provider,
        "model": each.model,
        "endpoint": each.endpoint or None,
        "tokens": each.tokens,
        "cost": money(each.cost),
        "list_cost": money(each.listed),
        "per_1k": money(each.per_1k),
        "list_per_1k": money(each.list_per_1k),
        "currency": each.currency,
        "unpriced_lines": each.unpriced_lines,
    }


def money(pico: int | None) -> str | None:
    """Return an amount in full."""
    return None if pico is None else f"{to_decimal(pico):f}"


def row(each: TokenCost) -> tuple[str, ...]:
    """Return one line of the table."""
    amounts = (money(amount) or "" for amount in (each.cost, each.per_1k, each.list_per_1k))
    names = (each.tenant, each.provider, each.model, each.endpoint)
    said = "partly unpriced" if each.unpriced_lines else ""
    return (*map(cell, names), f"{each.tokens:,}", *amounts, said)


def cell(name: str) -> str:
    """Return a name that a producer chose so that it stays in its cell."""
    return "".join(each if each.isprintable() else f"[{ord(each):#x}]" for each in name)

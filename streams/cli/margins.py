"""`apportion margins`: what every tenant is charged above what it costs."""

import json
from typing import Annotated

import typer

from schemas.decimals import to_decimal
from streams.cli.instants import instant_us
from streams.cli.reach import Check, ClickHouse, Data, nearest, stop_if_checking
from streams.core.windows import DAY_US
from streams.prices.text_table import text_table
from streams.replay.margins import Margin, margins
from streams.replay.place import asker_of, place_of

MONTH_US = 31 * DAY_US
HEADS = ("tenant", "cost", "by the list", "charged", "margin", "currency", "")
NUMBERS = "cost by the list charged margin"


def show(  # noqa: PLR0913 - one parameter an option
    *,
    since: Annotated[
        str | None, typer.Option("--from", help="Windows from this instant on; the last 31 days.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", help="Windows that begin before this instant; now.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    data: Data = None,
    clickhouse: ClickHouse = None,
    check: Check = False,
) -> None:
    """Print cost and charge of every tenant, and what is between them, the dearest first."""
    settings = nearest(clickhouse=clickhouse, data=data)
    stop_if_checking(settings, check=check)
    until_us = instant_us(until)
    since_us = instant_us(since) if since else until_us - MONTH_US
    with place_of(settings) as place:
        found = margins(asker_of(place), since_us, until_us)
    if as_json:
        typer.echo(json.dumps({"margins": [*map(plain, found)]}))
        return
    for line in text_table(HEADS, [*map(row, found)], NUMBERS) if found else ["no cost"]:
        typer.echo(line)


def plain(each: Margin) -> dict[str, object]:
    """Return one entry of the JSON object; money as exact decimal strings."""
    return {
        "tenant": each.tenant,
        "currency": each.currency,
        "cost": exact(each.cost),
        "list_cost": exact(each.listed),
        "billed_cost": exact(each.billed),
        "margin": exact(each.margin),
        "provisional_lines": each.provisional_lines,
    }


def row(each: Margin) -> tuple[str, ...]:
    """Return one line of the table."""
    money = map(exact, (each.cost, each.listed, each.billed, each.margin))
    note = "provisional" if each.provisional_lines else ""
    return (each.tenant, *money, each.currency, note)


def exact(pico: int) -> str:
    """Return money as an exact decimal."""
    return f"{to_decimal(pico):f}"

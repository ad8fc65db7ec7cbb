"""`apportion jobs`: what every batch or training job cost."""

import json
from typing import Annotated

import typer

from schemas.decimals import to_decimal
from streams.cli.instants import instant_us
from streams.cli.reach import Check, ClickHouse, Data, nearest, stop_if_checking
from streams.core.windows import DAY_US, HOUR_US, SECOND_US
from streams.prices.text_table import text_table
from streams.readable import instant
from streams.replay.job_costs import JobCost, job_costs
from streams.replay.place import asker_of, place_of
from streams.replay.span import Span

MONTH_US = 31 * DAY_US
HEADS = ("tenant", "project", "job", "began", "GPU-hours", "cost", "currency", "")
NUMBERS = "GPU-hours cost"


def jobs(  # noqa: PLR0913 - one parameter an option
    *,
    since: Annotated[
        str | None, typer.Option("--from", help="Windows from this instant on; the last 31 days.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", help="Windows that begin before this instant; now.")
    ] = None,
    job: Annotated[str, typer.Option(help="This job only.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    data: Data = None,
    clickhouse: ClickHouse = None,
    check: Check = False,
) -> None:
    """Print the cost of every job that held GPUs, the dearest first."""
    settings = nearest(clickhouse=clickhouse, data=data)
    stop_if_checking(settings, check=check)
    until_us = instant_us(until)
    since_us = instant_us(since) if since else until_us - MONTH_US
    with place_of(settings) as place:
        span = Span(since_us, until_us, settings.meter.window_s * SECOND_US)
        found = job_costs(asker_of(place), span, job)
    if as_json:
        typer.echo(json.dumps({"jobs": [*map(plain, found)]}))
        return
    for line in text_table(HEADS, [*map(row, found)], NUMBERS) if found else ["no jobs"]:
        typer.echo(line)


def plain(each: JobCost) -> dict[str, object]:
    """Return one entry of the JSON object; money as exact decimal strings."""
    return {
        "tenant": each.tenant,
        "project": each.project or None,
        "job": each.job,
        "from": instant(each.first_us),
        "to": instant(each.last_us),
        "gpu_us": each.gpu_us,
        "cost": f"{to_decimal(each.cost):f}",
        "billed_cost": f"{to_decimal(each.billed):f}",
        "currency": each.currency,
        "unpriced_lines": each.unpriced_lines,
        "provisional_lines": each.provisional_lines,
    }


def row(each: JobCost) -> tuple[str, ...]:
    """Return one line of the table."""
    names = map(cell, (each.tenant, each.project, each.job))
    hours = f"{each.gpu_us / HOUR_US:,.3f}"
    notes = [
        *(["partly unpriced"] if each.unpriced_lines else []),
        *(["provisional"] if each.provisional_lines else []),
    ]
    cost = f"{to_decimal(each.cost):f}"
    return (*names, instant(each.first_us), hours, cost, each.currency, ", ".join(notes))


def cell(name: str) -> str:
    """Return a name that a producer chose so that it stays in its cell."""
    return "".join(each if each.isprintable() else f"[{ord(each):#x}]" for each in name)

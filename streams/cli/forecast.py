"""`apportion forecast`: what tenants or pools will have cost at the end of a month."""

import json
from collections.abc import Iterator
from typing import Annotated

import typer

from streams.cli.charges import parsed
from streams.cli.instants import At, instant_us
from streams.cli.listing import AsJson, about, asking, cell, exact
from streams.cli.reach import Check, ClickHouse, Data
from streams.core.forecast.period import Between, PeriodEnd
from streams.prices.text_table import text_table
from streams.readable import instant
from streams.replay.forecasts import Asked, By, Forecast, forecasts
from streams.replay.month import Month
from streams.replay.versions import Versions

NUMBERS = ("spent", "rest", "expected", "low-80", "high-80", "low-95", "high-95")
HEADS = (*NUMBERS, "currency", "")


def forecast(  # noqa: PLR0913 - one parameter an option
    *,
    tenant: Annotated[str, typer.Option(help="This tenant only.")] = "",
    pool: Annotated[str, typer.Option(help="This pool only.")] = "",
    pools: Annotated[bool, typer.Option("--pools", help="All pools, not tenants.")] = False,
    month: Annotated[
        str | None, typer.Option(help="Calendar month in UTC, e.g. 2026-10; the one that runs.")
    ] = None,
    at: At = None,
    as_json: AsJson = False,
    data: Data = None,
    clickhouse: ClickHouse = None,
    check: Check = False,
) -> None:
    """Print what was spent of a month, and what all of it will cost, the dearest first."""
    if tenant and (pool or pools):
        raise typer.BadParameter("expected a tenant or a pool, got both", param_hint="--tenant")
    until_us = instant_us(at)
    wanted = parsed(month) if month else Month.parse(instant(until_us)[:7])
    by: By = "pool" if pool or pools else "tenant"
    with asking(data, clickhouse, check=check) as asker:
        versions = Versions(asker)
        catalog = versions.catalog(versions.full("catalog", ""))
        found = forecasts(asker, Asked(by, pool or tenant, wanted, until_us), catalog)
    for line in [to_json(wanted, by, found)] if as_json else to_text(wanted, by, found):
        typer.echo(line)


def to_json(month: Month, by: str, found: list[Forecast]) -> str:
    """Return one JSON object; money as decimal strings, estimates too."""
    return json.dumps(
        {
            "month": str(month),
            "known_until": instant(found[0].known_us) if found else None,
            "forecasts": [{by: each.subject.name, **plain(each)} for each in found],
        }
    )


def plain(each: Forecast) -> dict[str, object]:
    """Return one entry of the JSON object."""
    end = each.end
    return {
        "currency": each.subject.currency,
        "spent": exact(end.spent),
        "rest": exact(end.rest),
        "drivers": [{"name": by.name, "amount": exact(amount)} for by, amount in end.drivers],
        "expected": exact(end.expected),
        "by_80": between(end.by80),
        "by_95": between(end.by95),
        "missing_hours": end.missing,
        "unpriced_lines": each.unpriced_lines,
        "provisional_lines": each.provisional_lines,
    }


def between(found: Between | None) -> list[str | None] | None:
    """Return an interval of the JSON object."""
    return None if found is None else [exact(found.low), exact(found.high)]


def to_text(month: Month, by: str, found: list[Forecast]) -> Iterator[str]:
    """Yield the lines of a table, each driver below what it changes."""
    if not found:
        yield "no cost"
        return
    yield f"{month}, as known until {instant(found[0].known_us)}"
    rows = [row for each in found for row in rows_of(each)]
    yield from text_table((by, *HEADS), rows, " ".join(NUMBERS))


def rows_of(each: Forecast) -> Iterator[tuple[str, ...]]:
    """Yield the row of a subject, and one for each driver."""
    end = each.end
    edges = [about(edge) for found in (end.by80, end.by95) for edge in found or (None, None)]
    notes = [
        *too_little(end),
        *(["partly unpriced"] if each.unpriced_lines else []),
    ]
    yield (
        cell(each.subject.name),
        *(about(end.spent), about(end.rest), about(end.expected), *edges),
        *(each.subject.currency, ", ".join(notes)),
    )
    for driver, amount in end.drivers:
        said = f"  planned: {cell(driver.name)}"
        yield (said, "", about(amount), *[""] * 5, each.subject.currency, "")


def too_little(end: PeriodEnd) -> Iterator[str]:
    """Yield what it means that too little was seen, where that is so."""
    if end.missing:
        what = "too little seen" if end.rest is None else "as planned alone"
        yield f"{what}: in {end.missing} hours the past says more"

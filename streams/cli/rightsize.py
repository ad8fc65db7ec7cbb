"""`apportion rightsize`: where GPUs were worked too little, or too much, for too long."""

from typing import Annotated

import typer

from streams.cli.listing import AsJson, Listing, asking, cell, exact, stretch
from streams.cli.reach import Check, ClickHouse, Data
from streams.core.rightsize import MILLE, TERMS, terms_of
from streams.core.windows import DAY_US, HOUR_US, window_start
from streams.readable import instant
from streams.replay.rightsizes import By, RightSize, rightsizes

WEEK_US = 7 * DAY_US
PERCENT = MILLE // 100


def rightsize(  # noqa: PLR0913 - one parameter an option
    *,
    by: Annotated[By, typer.Option(help="What is judged.")] = "pool",
    since: Annotated[
        str | None, typer.Option("--from", help="Hours from this instant on; the last 7 days.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", help="Hours that end until this instant; now.")
    ] = None,
    hours: Annotated[
        int, typer.Option(min=1, help="How many hours in a row, each of them, it was so.")
    ] = TERMS.sustained,
    low: Annotated[
        int, typer.Option(min=0, max=80, help="Too little: active less than this, percent.")
    ] = TERMS.low // PERCENT,
    high: Annotated[
        int, typer.Option(min=20, max=100, help="Too much: active more than this, percent.")
    ] = TERMS.high // PERCENT,
    as_json: AsJson = False,
    data: Data = None,
    clickhouse: ClickHouse = None,
    check: Check = False,
) -> None:
    """Print what was worked too little or too much until the end, the most money at stake first."""
    if low >= high:
        raise typer.BadParameter(f"expected less than --high {high}, got {low}", param_hint="--low")
    since_us, until_us = stretch(since, until, WEEK_US)
    within = window_start(since_us, HOUR_US), window_start(until_us, HOUR_US)
    terms = terms_of(low * PERCENT, high * PERCENT, hours)
    with asking(data, clickhouse, check=check) as asker:
        found = rightsizes(asker, by, within, terms)
    LISTING.show(found, as_json=as_json)


def plain(each: RightSize) -> dict[str, object]:
    """Return one entry of the JSON object; money as exact decimal strings."""
    place, run = each
    return {
        "kind": f"rightsize_{run.side}",
        "pool": place.pool,
        "endpoint": place.endpoint or None,
        "node": place.node or None,
        "device": place.device or None,
        "since": instant(run.since_us),
        "until": instant(run.until_us),
        "hours": run.hours,
        "seen_us": run.seen_us,
        "active_us": run.active_us,
        "busiest_hour_us": run.busiest_us,
        "unpriced_us": run.unpriced_us,
        "cost": exact(run.cost),
        "unworked_cost": exact(run.unworked),
        "currency": place.currency,
    }


def row(each: RightSize) -> tuple[str, ...]:
    """Return one line of the table."""
    place, run = each
    what = " ".join(filter(None, (place.endpoint, place.node, place.device)))
    return (
        "too little" if run.side == "low" else "too much",
        cell(place.pool),
        cell(what),
        instant(run.since_us),
        str(run.hours),
        f"{run.seen_us / run.hours / HOUR_US:,.1f}",
        f"{100 * run.active_us / run.seen_us:.1f} %",
        f"{run.busiest_us / HOUR_US:,.1f}",
        exact(run.unworked) or "",
        place.currency,
        "partly unpriced" if run.unpriced_us else "",
    )


LISTING = Listing(
    "rightsize",
    "nothing is worked too little or too much",
    (
        *("worked", "pool", "", "since", "hours", "GPUs", "active", "busiest", "unworked"),
        *("currency", ""),
    ),
    "hours GPUs active busiest unworked",
    row,
    plain,
)

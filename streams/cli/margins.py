"""`apportion margins`: what every tenant is charged above what it costs."""

from typing import Annotated

import typer

from streams.cli.listing import AsJson, Listing, asking, exact, stretch
from streams.cli.reach import Check, ClickHouse, Data
from streams.core.windows import DAY_US
from streams.replay.margins import Margin, margins

MONTH_US = 31 * DAY_US


def show(  # noqa: PLR0913 - one parameter an option
    *,
    since: Annotated[
        str | None, typer.Option("--from", help="Windows from this instant on; the last 31 days.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", help="Windows that begin before this instant; now.")
    ] = None,
    as_json: AsJson = False,
    data: Data = None,
    clickhouse: ClickHouse = None,
    check: Check = False,
) -> None:
    """Print cost and charge of every tenant, and what is between them, the dearest first."""
    within = stretch(since, until, MONTH_US)
    with asking(data, clickhouse, check=check) as asker:
        found = margins(asker, *within)
    LISTING.show(found, as_json=as_json)


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
    money = (exact(pico) or "" for pico in (each.cost, each.listed, each.billed, each.margin))
    note = "provisional" if each.provisional_lines else ""
    return (each.tenant, *money, each.currency, note)


LISTING = Listing(
    "margins",
    "no cost",
    ("tenant", "cost", "by the list", "charged", "margin", "currency", ""),
    "cost by the list charged margin",
    row,
    plain,
)

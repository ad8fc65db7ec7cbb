"""`apportion tokens`: what a thousand tokens cost each tenant and model, beside the list price."""

from typing import Annotated

import typer

from streams.cli.listing import AsJson, Listing, asking, cell, exact, stretch
from streams.cli.reach import Check, ClickHouse, Data
from streams.core.windows import DAY_US
from streams.replay.token_costs import TokenCost, token_costs


def tokens(  # noqa: PLR0913 - one parameter an option
    *,
    since: Annotated[
        str | None,
        typer.Option("--from", help="Hours that begin from this instant on; the last day."),
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", help="Hours that begin before this instant; now.")
    ] = None,
    tenant: Annotated[str | None, typer.Option(help="This tenant only.")] = None,
    as_json: AsJson = False,
    data: Data = None,
    clickhouse: ClickHouse = None,
    check: Check = False,
) -> None:
    """Print what a thousand tokens truly cost, by tenant and model, and what they list at."""
    within = stretch(since, until, DAY_US)
    with asking(data, clickhouse, check=check) as asker:
        found = token_costs(asker, *within)
    LISTING.show([each for each in found if tenant in (None, each.tenant)], as_json=as_json)


def plain(each: TokenCost) -> dict[str, object]:
    """Return one entry of the JSON object; money as exact decimal strings."""
    return {
        "tenant": each.tenant,
        "provider": each.provider,
        "model": each.model,
        "endpoint": each.endpoint or None,
        "tokens": each.tokens,
        "cost": exact(each.cost),
        "list_cost": exact(each.listed),
        "per_1k": exact(each.per_1k),
        "list_per_1k": exact(each.list_per_1k),
        "currency": each.currency,
        "unpriced_lines": each.unpriced_lines,
    }


def row(each: TokenCost) -> tuple[str, ...]:
    """Return one line of the table."""
    amounts = (exact(amount) or "" for amount in (each.cost, each.per_1k, each.list_per_1k))
    names = (each.tenant, each.provider, each.model, each.endpoint)
    said = "partly unpriced" if each.unpriced_lines else ""
    return (*map(cell, names), f"{each.tokens:,}", *amounts, said)


LISTING = Listing(
    "tokens",
    "no calls",
    ("tenant", "provider", "model", "endpoint", "tokens", "cost", "per-1k", "list-per-1k", ""),
    "tokens cost per-1k list-per-1k",
    row,
    plain,
)

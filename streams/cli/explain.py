"""`apportion explain`: how each line of a tenant in a window came to be."""

import json
from typing import Annotated

import typer

from streams.cli.instants import instant_us
from streams.cli.reach import Check, ClickHouse, Data, nearest, stop_if_checking
from streams.errors import NothingToExplain
from streams.explain.explained import Asked
from streams.explain.explained import explain as explained
from streams.explain.plain import to_plain
from streams.explain.text import to_text
from streams.replay.place import asker_of, place_of
from streams.replay.versions import Versions

LATEST = "latest"


def explain(  # noqa: PLR0913 - one parameter an option
    *,
    tenant: Annotated[str, typer.Option(help="Whose lines, e.g. acme, or __idle__.")],
    window: Annotated[
        str, typer.Option(help="An instant in it, e.g. 2026-11-01T12:00Z; or latest.")
    ] = LATEST,
    pool: Annotated[str, typer.Option(help="Lines of this pool only.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    data: Data = None,
    clickhouse: ClickHouse = None,
    check: Check = False,
) -> None:
    """Print how each line of a tenant in a window came to be, step by step, from the archive."""
    settings = nearest(clickhouse=clickhouse, data=data)
    stop_if_checking(settings, check=check)
    at_us = 0 if window == LATEST else instant_us(window)
    with place_of(settings) as place:
        asker = asker_of(place)
        found = explained(asker, Versions(asker), Asked(tenant, at_us, pool))
    if not found:
        raise NothingToExplain(tenant, window, pool)
    if as_json:
        typer.echo(json.dumps(to_plain(found, tenant)))
        return
    for line in to_text(found, tenant):
        typer.echo(line)

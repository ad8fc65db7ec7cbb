"""`apportion replay`: what history costs under other prices or another catalog."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from streams.cli.instants import instant_us
from streams.cli.reach import Check, ClickHouse, Data, Kafka, nearest, stop_if_checking
from streams.core.metering import LATEST_US
from streams.replay.notes import BY_HAND, BY_ITSELF
from streams.replay.session import Asked, Session, Source
from streams.replay.show import to_json, to_text
from streams.up.options import DEFAULT_DATA

WRONG = typer.BadParameter


def replay(  # noqa: PLR0913 - one parameter an option
    *,
    since: Annotated[
        str | None, typer.Option("--from", help="Windows from this instant on, e.g. 2026-11-01.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", help="Windows that begin before this instant.")
    ] = None,
    tenant: Annotated[str | None, typer.Option(help="Show this tenant's part only.")] = None,
    pool: Annotated[str, typer.Option(help="Windows of this pool only.")] = "",
    prices: Annotated[
        str, typer.Option(help="Version, or its beginning, or a file; the one published last.")
    ] = "",
    catalog: Annotated[
        str | None, typer.Option(help="Version of a catalog; each window's own.")
    ] = None,
    source: Annotated[
        Source, typer.Option(help="Where the events are read: ClickHouse's archive, or Kafka.")
    ] = "archive",
    publish: Annotated[bool, typer.Option(help="Publish the lines, in a new generation.")] = False,
    note: Annotated[str, typer.Option(help="Why, kept with every line published.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    restart: Annotated[bool, typer.Option(help="Forget what a killed replay had done.")] = False,
    kafka: Kafka = None,
    data: Data = None,
    clickhouse: ClickHouse = None,
    check: Check = False,
) -> None:
    """Show what closed windows would cost under other prices or another catalog, and why."""
    if publish and tenant:
        raise WRONG("--tenant cannot be published: only whole windows sum to what they cost")
    if pool and catalog:
        raise WRONG("--pool with --catalog: what leaves one pool enters another; leave one out")
    if note in BY_ITSELF:
        raise WRONG(f"--note {note!r} is what a repair by itself says; say it in other words")
    book = text_of(prices)
    if publish and book is not None:
        raise WRONG("--publish wants a published version: `apportion prices publish` the file")
    asked = Asked(
        since_us=instant_us(since) if since else 0,
        until_us=instant_us(until) if until else LATEST_US,
        prices="" if book else prices,
        catalog=catalog,
        book=book,
        pool=pool,
        source=source,
        publish=publish,
        note=note or BY_HAND,
    )
    settings = nearest(kafka=kafka, clickhouse=clickhouse, data=data)
    stop_if_checking(settings, check=check)
    session = Session(settings, (data or DEFAULT_DATA) / "replays", Console(stderr=True))
    request, outcome = session.replay(asked, restart=restart)
    if not as_json:
        typer.echo("\n".join(to_text(outcome, tenant)))
        return
    head = {
        "from": since,
        "to": until,
        "prices": request.prices,
        "catalog": request.catalog,
        "pool": pool or None,
        "source": source,
        "published": publish,
    }
    typer.echo(to_json(outcome, head, tenant))


def text_of(prices: str) -> str | None:
    """Return the text of a price book's file; None when a version is meant."""
    path = Path(prices)
    return path.read_text(encoding="utf-8") if prices and path.is_file() else None

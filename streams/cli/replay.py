"""`apportion replay`: what history costs under other prices or another catalog."""

import json
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from streams.cli.instants import instant_us
from streams.cli.reach import Check, ClickHouse, Data, Kafka, nearest, reached, stop_if_checking
from streams.config.price_book import load_price_book
from streams.core.metering import LATEST_US
from streams.replay.bar import showing
from streams.replay.chunk import Request
from streams.replay.from_kafka import archive_of
from streams.replay.notebook import Notebook
from streams.replay.place import Place, asker_of, place_of
from streams.replay.plan import plan
from streams.replay.run import run
from streams.replay.show import to_json, to_text
from streams.replay.versions import Versions
from streams.replay.worker import Job
from streams.up.options import DEFAULT_DATA

WRONG = typer.BadParameter
Source = Literal["archive", "kafka"]


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
    stretch = (instant_us(since) if since else 0, instant_us(until) if until else LATEST_US)
    settings = nearest(kafka=kafka, clickhouse=clickhouse, data=data)
    stop_if_checking(settings, check=check)
    console = Console(stderr=True)
    folder = (data or DEFAULT_DATA) / "replays"
    with place_of(settings) as place:
        book = text_of(prices)
        if publish and book is not None:
            raise WRONG("--publish wants a published version: `apportion prices publish` the file")
        request = requested(
            place, book, Request(prices, catalog, pool, note or "re-priced", publish)
        )
        asked = {
            "from": since,
            "to": until,
            "prices": request.prices,
            "catalog": request.catalog,
            "pool": pool or None,
            "source": source,
            "published": publish,
        }
        name = json.dumps({**asked, "note": note, "data": settings.clickhouse.dsn})
        stretches = plan(asker_of(place), *stretch, pool)
        with Notebook(folder, name) as notebook, ExitStack() as opened:
            if restart:
                notebook.finish()
            elif notebook.done():
                console.print(f"going on after {len(notebook.done())} stretches that were done")
            job = Job(place, request, book)
            if source == "kafka":
                reached(settings)
                console.print("reading Kafka ...")
                scratch = notebook.path.with_suffix(".events")
                filled = archive_of(settings, stretches, scratch)
                job = replace(job, archive=opened.enter_context(filled))
            target = reached(settings) if publish else None
            outcome = run(job, stretches, notebook, target, opened.enter_context(showing(console)))
            notebook.finish()
    if as_json:
        typer.echo(to_json(outcome, asked, tenant))
        return
    for line in to_text(outcome, tenant):
        typer.echo(line)


def text_of(prices: str) -> str | None:
    """Return the text of a price book's file; None when a version is meant."""
    path = Path(prices)
    return path.read_text(encoding="utf-8") if prices and path.is_file() else None


def requested(place: Place, book: str | None, asked: Request) -> Request:
    """Return what was asked for, with whole versions."""
    given = [] if book is None else [load_price_book(book)]
    versions = Versions(asker_of(place), *given)
    prices = given[0].version if given else versions.full("price-book", asked.prices)
    catalog = None if asked.catalog is None else versions.full("catalog", asked.catalog)
    return replace(asked, prices=prices, catalog=catalog)

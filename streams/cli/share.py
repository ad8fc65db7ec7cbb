"""`apportion share`: hand shared costs on to who takes them."""

import time
from typing import Annotated

import typer

from streams.cli.charges import stored
from streams.cli.listing import AsJson, stretch
from streams.cli.reach import Check, ClickHouse, Data, Kafka, nearest, reached, stop_if_checking
from streams.core.windows import DAY_US, SECOND_US
from streams.publishing import is_storing
from streams.replay.place import asker_of, place_of
from streams.replay.shared_text import to_json, to_text
from streams.replay.sharing import Sharing, hand_on, settled
from streams.replay.versions import Versions


def share(  # noqa: PLR0913 - one parameter an option
    *,
    since: Annotated[
        str | None, typer.Option("--from", help="Hours from this instant on; the last day.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", help="Hours that begin before this instant; now.")
    ] = None,
    catalog: Annotated[
        str, typer.Option(help="Version of the catalog, or its beginning; the last one.")
    ] = "",
    prices: Annotated[str, typer.Option(help="Version of the price book; the last one.")] = "",
    publish: Annotated[
        bool, typer.Option(help="Publish the lines of hours all of whose lines are final.")
    ] = False,
    note: Annotated[str, typer.Option(help="Why, kept with every line published.")] = "shared",
    as_json: AsJson = False,
    kafka: Kafka = None,
    data: Data = None,
    clickhouse: ClickHouse = None,
    check: Check = False,
) -> None:
    """Show what shared costs are handed on to whom, hour by hour, and publish it."""
    since_us, until_us = stretch(since, until, DAY_US)
    settings = nearest(kafka=kafka, clickhouse=clickhouse, data=data)
    stop_if_checking(settings, check=check)
    closed_us = time.time_ns() // 1000 - int(settings.allocate.lateness_s * SECOND_US)
    with place_of(settings) as place:
        asker = asker_of(place)
        versions = Versions(asker)
        sharing = Sharing(
            asker,
            versions.book(versions.full("price-book", prices)),
            versions.catalog(versions.full("catalog", catalog)),
            note,
        )
        hours = list(sharing.hours(since_us, until_us))
        if publish and hand_on(reached(settings), settled(hours, closed_us)):

            def is_there() -> bool:
                return not any(settled(sharing.hours(since_us, until_us), closed_us))

            if is_storing(settings) and not stored(is_there):
                typer.echo("published; ClickHouse does not have it yet", err=True)
    said = to_json if as_json else to_text
    typer.echo(said(hours, closed_us, published=publish))

"""`apportion charges`: settle a month's graduated prices."""

import time
from collections.abc import Callable
from typing import Annotated

import typer

from schemas import topics
from schemas.codec import Codec
from streams.cli.listing import AsJson
from streams.cli.reach import Check, ClickHouse, Data, Kafka, nearest, reached, stop_if_checking
from streams.kafka.batch import publish_all
from streams.publishing import is_storing
from streams.replay.month import Month
from streams.replay.place import asker_of, place_of
from streams.replay.settled_text import to_json, to_text
from streams.replay.versions import Versions
from streams.replay.volume import Settlement, Settling, refuse_open, settlement
from streams.settings import KafkaSettings

STORED_S = 15.0  # the store writes about once a second
POLL_S = 0.25


def charges(  # noqa: PLR0913 - one parameter an option
    *,
    month: Annotated[str, typer.Option(help="Calendar month in UTC, e.g. 2026-10.")],
    prices: Annotated[
        str, typer.Option(help="Version of the agreements, or its beginning; the last one.")
    ] = "",
    publish: Annotated[
        bool, typer.Option(help="Publish the adjustments, once the month is over.")
    ] = False,
    note: Annotated[str, typer.Option(help="Why, kept with every line published.")] = "",
    as_json: AsJson = False,
    kafka: Kafka = None,
    data: Data = None,
    clickhouse: ClickHouse = None,
    check: Check = False,
) -> None:
    """Show what graduated prices make of a month's usage, and what was charged so far."""
    wanted = parsed(month)
    settings = nearest(kafka=kafka, clickhouse=clickhouse, data=data)
    stop_if_checking(settings, check=check)
    with place_of(settings) as place:
        asker = asker_of(place)
        versions = Versions(asker)
        book = versions.book(versions.full("price-book", prices))
        by = Settling(book, versions.catalog, note or f"volume of {wanted}")

        def settled() -> Settlement:
            return settlement(asker, wanted, by)

        found = settled()
        if publish:
            refuse_open(wanted, found, time.time_ns() // 1000)
            published(reached(settings), found)
            if found.lines and is_storing(settings) and not stored(lambda: not settled().lines):
                typer.echo("published; ClickHouse does not have it yet", err=True)
    said = to_json if as_json else to_text
    typer.echo(said(found, wanted, published=publish))


def parsed(month: str) -> Month:
    """Return the month that was asked for. Raises BadParameter."""
    try:
        return Month.parse(month)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--month") from error


def published(kafka: KafkaSettings, found: Settlement) -> None:
    """Put the adjustments on the topic of cost lines, if they say anything new."""
    codec = Codec()
    lines = [(line["tenant"], codec.encode("CostLine", line)) for line in found.lines]
    publish_all(kafka, topics.COST_LINE.name, lines)


def stored(is_there: Callable[[], bool]) -> bool:
    """Wait until what was published is in force; whether it is in time."""
    deadline_s = time.monotonic() + STORED_S
    while not is_there():
        if time.monotonic() > deadline_s:
            return False
        time.sleep(POLL_S)
    return True

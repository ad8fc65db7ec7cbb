"""`apportion prices diff`: exits like diff(1): 0 the same, 1 different, 2 trouble."""

import json
from typing import Annotated

import typer

from clickhouse.errors import ClickHouseError
from schemas.errors import SchemaError
from streams.cli.publish import say
from streams.cli.reach import Check, ClickHouse, Data, Kafka, nearest, stop_if_checking
from streams.config_topic import PRICES
from streams.errors import StreamsError
from streams.prices.difference import difference
from streams.prices.difference_text import difference_text
from streams.prices.plain_price import plain_difference
from streams.publications import Publications, book_of
from streams.settings import WorkerSettings

DIFFERENT = 1
TROUBLE = 2


def diff(  # noqa: PLR0913 - one parameter an option
    old: Annotated[str, typer.Argument(help="File, begin of a version, in-force, or built-in.")],
    new: Annotated[str, typer.Argument(help="As OLD.")],
    *,
    limit: Annotated[int, typer.Option(min=0, help="Changes listed a section; 0: all.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    kafka: Kafka = None,
    data: Data = None,
    clickhouse: ClickHouse = None,
    check: Check = False,
) -> None:
    """Print what changes from one price book to another. Exits with 0 same, 1 not, 2 trouble."""
    settings = nearest(kafka=kafka, clickhouse=clickhouse, data=data)
    stop_if_checking(settings, check=check)
    try:
        is_same = _print(settings, (old, new), limit, as_json=as_json)
    except (StreamsError, ClickHouseError, SchemaError) as error:  # 1 means different here
        say(f"apportion: {error}")
        raise typer.Exit(TROUBLE) from error
    raise typer.Exit(0 if is_same else DIFFERENT)


def _print(
    settings: WorkerSettings, references: tuple[str, str], limit: int, *, as_json: bool
) -> bool:
    known = Publications(settings, PRICES)
    before, after = (book_of(known.find(reference)) for reference in references)
    found = difference(before, after)
    if as_json:
        versions = {"old": before.version, "new": after.version}
        typer.echo(json.dumps({"versions": versions, **plain_difference(found)}))
    else:
        typer.echo("\n".join(difference_text(found, limit)))
    return found.is_empty

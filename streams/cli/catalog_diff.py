"""`apportion catalog diff`: exits like diff(1): 0 the same, 1 different, 2 trouble."""

from typing import Annotated

import typer

from clickhouse.errors import ClickHouseError
from schemas.errors import SchemaError
from streams.cli.publish import say
from streams.cli.reach import Check, ClickHouse, Data, Kafka, nearest, stop_if_checking
from streams.config_topic import CATALOG
from streams.errors import StreamsError
from streams.prices.catalog_difference import catalog_difference
from streams.publications import Publications, catalog_of

DIFFERENT = 1
TROUBLE = 2


def diff(  # noqa: PLR0913 - one parameter an option
    old: Annotated[str, typer.Argument(help="File, begin of a version, in-force, or built-in.")],
    new: Annotated[str, typer.Argument(help="As OLD.")],
    *,
    kafka: Kafka = None,
    data: Data = None,
    clickhouse: ClickHouse = None,
    check: Check = False,
) -> None:
    """Print what changes from one catalog to another. Exits with 0 same, 1 not, 2 trouble."""
    settings = nearest(kafka=kafka, clickhouse=clickhouse, data=data)
    stop_if_checking(settings, check=check)
    known = Publications(settings, CATALOG)
    try:
        before, after = (catalog_of(known.find(reference)) for reference in (old, new))
    except (StreamsError, ClickHouseError, SchemaError) as error:  # 1 means different here
        say(f"apportion: {error}")
        raise typer.Exit(TROUBLE) from error
    found = catalog_difference(before, after)
    for line in found or ["no difference"]:
        typer.echo(line)
    raise typer.Exit(DIFFERENT if found else 0)

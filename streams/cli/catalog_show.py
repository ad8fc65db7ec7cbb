"""`apportion catalog show`: what a catalog says."""

from typing import Annotated

import typer

from streams.cli.instants import At, instant_us
from streams.cli.reach import Check, ClickHouse, Data, Kafka, nearest, stop_if_checking
from streams.config_topic import CATALOG
from streams.prices.catalog_list import catalog_list
from streams.prices.wording import day
from streams.publications import IN_FORCE, Publications, catalog_of


def show(  # noqa: PLR0913 - one parameter an option
    catalog: Annotated[
        str, typer.Argument(help="File, begin of a version, in-force, or built-in.")
    ] = IN_FORCE,
    *,
    at: At = None,
    version: Annotated[bool, typer.Option("--version", help="Print only its version.")] = False,
    kafka: Kafka = None,
    data: Data = None,
    clickhouse: ClickHouse = None,
    check: Check = False,
) -> None:
    """Print what is in force at an instant: of the published catalog, or of another."""
    settings = nearest(kafka=kafka, clickhouse=clickhouse, data=data)
    stop_if_checking(settings, check=check)
    document = Publications(settings, CATALOG).find(catalog)
    names = catalog_of(document)
    if version:
        typer.echo(names.version)
        return
    published = document.publication
    when = f"published {day(published.at_us)}" if published and published.at_us else ""
    note = f"note: {published.note}" if published and published.note else ""
    typer.echo("; ".join(filter(None, [document.source, f"version {names.version}", when, note])))
    for line in catalog_list(names, instant_us(at)):
        typer.echo(line)

"""`apportion migrate`: bring ClickHouse's tables up to date."""

import typer

from clickhouse.client import connect
from clickhouse.migrate import migrate as apply
from streams.cli.reach import Check, ClickHouse, Data, nearest, stop_if_checking


def migrate(*, clickhouse: ClickHouse = None, data: Data = None, check: Check = False) -> None:
    """Apply the migrations that are missing, in order, and print them."""
    settings = nearest(clickhouse=clickhouse, data=data)
    stop_if_checking(settings, check=check)
    with connect(settings.clickhouse.dsn, settings.clickhouse.database) as connection:
        for migration in apply(connection):
            typer.echo(migration.name)

"""`apportion sql`: one statement to wherever the cost lines are."""

from typing import Annotated

import typer

from streams import sql as one
from streams.cli.reach import Check, ClickHouse, Data, nearest, stop_if_checking


def sql(
    statement: Annotated[str, typer.Argument(help="A SELECT. - reads it from stdin.")],
    *,
    form: Annotated[
        str, typer.Option("--format", help="Any of ClickHouse's, e.g. JSONEachRow, CSVWithNames.")
    ] = "PrettyCompactMonoBlock",
    data: Data = None,
    clickhouse: ClickHouse = None,
    check: Check = False,
) -> None:
    """Ask ClickHouse: a server, a running `apportion up`, or its data at rest. Read-only."""
    settings = nearest(clickhouse=clickhouse, data=data)
    stop_if_checking(settings, check=check)
    text = typer.get_text_stream("stdin").read() if statement == "-" else statement
    typer.echo(one.query(settings, text, form), nl=False)

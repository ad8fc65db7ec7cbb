"""`apportion audit`: exit 0 when every cent is accounted for, 1 when anything is off."""

import json
from typing import Annotated

import typer

from streams.cli.reach import Check, ClickHouse, Data, nearest, stop_if_checking
from streams.replay.report import audit_json, to_text


def audit(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    data: Data = None,
    clickhouse: ClickHouse = None,
    check: Check = False,
) -> None:
    """Prove that every cent is accounted for, once: every closed window against the archive."""
    settings = nearest(clickhouse=clickhouse, data=data)
    stop_if_checking(settings, check=check)
    text = audit_json(settings)
    found = json.loads(text)
    typer.echo(text if as_json else to_text(found))
    raise typer.Exit(0 if found["clean"] else 1)

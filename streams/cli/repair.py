"""`apportion repair`: have late batches counted, and windows closed whose log is gone."""

import time
from typing import Annotated

import typer

from streams.cli.reach import Check, ClickHouse, Data, Kafka, nearest, stop_if_checking
from streams.replay.publish import repair as repaired
from streams.replay.report import held_text, off_text


def repair(  # noqa: PLR0913 - one parameter an option
    *,
    dry_run: Annotated[bool, typer.Option(help="Say what would be corrected, no more.")] = False,
    open_windows: Annotated[
        bool,
        typer.Option(
            "--open",
            help="Also windows that ended and have no final lines: their log must be gone.",
        ),
    ] = False,
    everywhere: Annotated[
        bool, typer.Option("--all", help="Not only where something came late.")
    ] = False,
    kafka: Kafka = None,
    data: Data = None,
    clickhouse: ClickHouse = None,
    check: Check = False,
) -> None:
    """Correct closed windows that are not what the archive makes; price what had no price."""
    settings = nearest(kafka=kafka, clickhouse=clickhouse, data=data)
    stop_if_checking(settings, check=check)
    log_began_us = time.time_ns() // 1_000 if open_windows else 0
    done = repaired(settings, log_began_us=log_began_us, everywhere=everywhere, dry_run=dry_run)
    for off in done.windows:
        typer.echo(off_text(off), err=True)
    for where in done.held:
        typer.echo(held_text(where), err=True)
    typer.echo(f"{len(done.windows)} windows, {done.lines} lines")

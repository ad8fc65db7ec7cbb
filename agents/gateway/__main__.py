"""`apportion collector`, also as `python -m agents.gateway`: exit 0 done, 1 failed, 2 misused."""

import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from agents import logs, settings
from agents.ending import status_of
from agents.errors import (
    CatalogUnreadable,
    OutboxForeign,
    OutboxMisconfigured,
    SettingsInvalid,
    SourcesInvalid,
)
from agents.gateway import sources
from agents.gateway.settings import CollectorSettings

MISUSES = (SettingsInvalid, SourcesInvalid, CatalogUnreadable, OutboxForeign, OutboxMisconfigured)

APP = typer.Typer(
    add_completion=False, pretty_exceptions_enable=False, pretty_exceptions_show_locals=False
)


@APP.callback(invoke_without_command=True)
def collector(  # noqa: PLR0913 - one parameter an option
    context: typer.Context,
    *,
    source_file: Annotated[Path | None, typer.Option("--sources", help="Who may send.")] = None,
    catalog: Annotated[Path | None, typer.Option(help="A catalog file, not Kafka's.")] = None,
    kafka: Annotated[str | None, typer.Option(help="Kafka's host:port, comma separated.")] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
    assignments: Annotated[
        list[str] | None, typer.Option("--set", help="GROUP.NAME=VALUE, any setting. Repeatable.")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Check settings and sources, print them, and stop.")
    ] = False,
) -> None:
    """Take usage that gateways push over HTTP: OTLP, Kong, Envoy, CloudEvents, our own JSON."""
    if context.invoked_subcommand is not None:
        return
    flags = {
        "sources": source_file,
        "catalog": catalog,
        "kafka.bootstrap": kafka,
        "listen.host": host,
        "listen.port": port,
    }
    given = [f"{name}={value}" for name, value in flags.items() if value is not None]
    chosen = settings.load(CollectorSettings, [*(assignments or ()), *given])
    if check:
        known = len(sources.read(chosen.sources))
        typer.echo(settings.masked(chosen))
        typer.echo(f"{known} sources may send", err=True)
        return
    logs.configure(chosen.log.format, chosen.log.level, "collector")
    import uvloop  # noqa: PLC0415 - not for --help and --check

    from agents.gateway.service import Collector  # noqa: PLC0415 - as above

    raise typer.Exit(uvloop.run(Collector(chosen).run()))


@APP.command()
def token() -> None:
    """Make a token for a source: the token for the source, its hash for the file of sources."""
    made, hashed = sources.new_token()
    typer.echo(f"token: {made}\nhash: {hashed}")


def main() -> None:
    """Run the command line and exit with its status."""
    sys.exit(status_of(partial(APP, prog_name="apportion collector"), MISUSES))


if __name__ == "__main__":
    main()

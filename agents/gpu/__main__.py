"""`apportion gpu-agent`, also as `python -m agents.gpu`: exit 0 done, 1 failed, 2 misused.

What it takes to read settings and a command line is left behind when the agent begins to work.
"""

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from agents import logs, settings
from agents.ending import FAILED, status_of
from agents.errors import OutboxForeign, OutboxMisconfigured, SettingsInvalid
from agents.gpu.handing_over import hand_over
from agents.gpu.settings import GpuAgentSettings

MISUSES = (SettingsInvalid, OutboxForeign, OutboxMisconfigured)

APP = typer.Typer(
    add_completion=False, pretty_exceptions_enable=False, pretty_exceptions_show_locals=False
)

Kafka: TypeAlias = Annotated[str | None, typer.Option(help="Kafka's host:port, comma separated.")]
Node: TypeAlias = Annotated[str | None, typer.Option(help="Name of this node, else the host's.")]
Catalog: TypeAlias = Annotated[Path | None, typer.Option(help="A catalog file, not Kafka's.")]
Assignments: TypeAlias = Annotated[
    list[str] | None, typer.Option("--set", help="GROUP.NAME=VALUE, any setting. Repeatable.")
]
Json: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@APP.callback(invoke_without_command=True)
def gpu_agent(  # noqa: PLR0913 - one parameter an option
    context: typer.Context,
    *,
    kafka: Kafka = None,
    node: Node = None,
    catalog: Catalog = None,
    web_host: Annotated[str | None, typer.Option(help="Address of /metrics, /health.")] = None,
    web_port: Annotated[int | None, typer.Option(help="Port of /metrics and /health.")] = None,
    assignments: Assignments = None,
    check: Annotated[
        bool, typer.Option("--check", help="Check the settings, print them masked, and stop.")
    ] = False,
    once: Annotated[
        bool, typer.Option("--once", help="Print what it would send, send nothing, and stop.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Watch the GPUs of this node: who held each, for how long, and how much they worked."""
    if context.invoked_subcommand is not None:
        return
    web = {"web.host": web_host, "web.port": web_port}
    chosen = loaded(assignments, kafka, node, catalog, web)
    if check:
        typer.echo(settings.masked(chosen))
    elif once:
        looked(chosen, as_json=as_json)
    else:
        hand_over(chosen.plan())


@APP.command()
def doctor(
    *,
    kafka: Kafka = None,
    node: Node = None,
    catalog: Catalog = None,
    assignments: Assignments = None,
    as_json: Json = False,
) -> None:
    """Say what can and cannot be seen on this node, and why; 1 when the agent cannot work here."""
    plan = loaded(assignments, kafka, node, catalog, {}).plan()
    logs.configure(plan.log_format, plan.log_level, "gpu-agent")
    from agents.gpu import doctor as examining  # noqa: PLC0415 - not for --help and --check

    findings = examining.examine(plan)
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in findings], indent=2))
    else:
        typer.echo(examining.told(findings))
    raise typer.Exit(0 if examining.is_fit(findings) else FAILED)


def loaded(
    assignments: list[str] | None,
    kafka: str | None,
    node: str | None,
    catalog: Path | None,
    others: Mapping[str, object],
) -> GpuAgentSettings:
    """Return the settings; flags win over assignments. Raises SettingsInvalid."""
    flags = {"kafka.bootstrap": kafka, "node": node, "catalog": catalog, **others}
    given = [f"{name}={value}" for name, value in flags.items() if value is not None]
    return settings.load(GpuAgentSettings, [*(assignments or ()), *given])


def looked(chosen: GpuAgentSettings, *, as_json: bool) -> None:
    """Print what two looks tell."""
    plan = chosen.plan()
    logs.configure(plan.log_format, plan.log_level, "gpu-agent")
    from agents.gpu import once  # noqa: PLC0415 - not for --help and --check

    for interval in once.intervals(plan):
        typer.echo(json.dumps(interval) if as_json else once.told(interval))


def main() -> None:
    """Run the command line and exit with its status."""
    sys.exit(status_of(partial(APP, prog_name="apportion gpu-agent"), MISUSES))


if __name__ == "__main__":
    main()

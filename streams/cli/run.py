"""`apportion run`: one processor in this process."""

from typing import Annotated, Literal

import typer

from streams import logs
from streams.cli.reach import (
    Assignments,
    Check,
    ClickHouse,
    Kafka,
    Registry,
    settings_of,
    stop_if_checking,
)
from streams.settings import Clock

Processor = Literal[
    "meter", "allocate", "store", "watch", "budgets", "anomalies", "notify", "accrue"
]


def run(  # noqa: PLR0913 - one parameter an option
    processor: Annotated[Processor, typer.Argument(help="Which one.")],
    *,
    kafka: Kafka = None,
    clickhouse: ClickHouse = None,
    schema_registry: Registry = None,
    web_host: Annotated[str | None, typer.Option(help="Address of /metrics and /health.")] = None,
    web_port: Annotated[int | None, typer.Option(help="Port of /metrics and /health.")] = None,
    clock: Annotated[Clock | None, typer.Option(help="log: time moves by the batches.")] = None,
    assignments: Assignments = None,
    check: Check = False,
) -> None:
    """Run one processor against any Kafka. Start more of the same to scale out."""
    flags: dict[str, object] = {
        "kafka.bootstrap": kafka,
        "clickhouse.url": clickhouse,
        "schema_registry": schema_registry,
        "web.host": web_host,
        "web.port": web_port,
        "meter.clock": clock,
    }
    settings = settings_of(assignments, flags)
    stop_if_checking(settings, check=check)
    logs.configure(settings.log, processor)
    if processor == "accrue":
        from streams.processors import accruer  # noqa: PLC0415 - Kafka: not for --help and --check

        raise typer.Exit(accruer.run(settings))
    from streams.processors import worker  # noqa: PLC0415 - Faust: not for --help and --check

    raise typer.Exit(worker.run(processor, settings))

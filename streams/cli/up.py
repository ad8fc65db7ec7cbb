"""`apportion up`: everything on this machine."""

import asyncio
import time
from pathlib import Path
from typing import Annotated

import typer

from streams import logs
from streams.cli.reach import (
    Assignments,
    Check,
    Registry,
    settings_of,
    stop_if_checking,
)
from streams.settings import Clock
from streams.up.options import GIB, Options
from streams.up.session import run_until_told

DEFAULT_PORT = 9092  # Kafka's own


def up(  # noqa: PLR0913 - one parameter an option
    *,
    data: Annotated[Path | None, typer.Option(help="Keep data here. Default: start empty.")] = None,
    kafka: Annotated[str | None, typer.Option(help="A Kafka to use; default: embedded.")] = None,
    clickhouse: Annotated[str | None, typer.Option(help="A server; default: embedded.")] = None,
    schema_registry: Registry = None,
    prices: Annotated[Path | None, typer.Option(help="Price book to put in force.")] = None,
    catalog: Annotated[Path | None, typer.Option(help="Catalog to put in force.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Of meter and of allocate, each.")] = 1,
    clock: Annotated[Clock | None, typer.Option(help="log: time moves by the batches.")] = None,
    broker_port: Annotated[int, typer.Option(help="Taken: any free one.")] = DEFAULT_PORT,
    broker_memory: Annotated[float, typer.Option(min=0.01, help="Bound in GiB.")] = 2.0,
    web_port: Annotated[int, typer.Option(help="Of /health and /metrics.")] = 0,
    assignments: Assignments = None,
    check: Check = False,
) -> None:
    """Run broker, processors and store on this machine until Ctrl-C.

    Embedded by default: no Docker, no JVM. What is given an address is not embedded.
    """
    began_s = time.monotonic()
    flags: dict[str, object] = {
        "kafka.bootstrap": kafka,
        "clickhouse.url": clickhouse,
        "schema_registry": schema_registry,
    }
    settings = settings_of(assignments, flags)
    stop_if_checking(settings, check=check)
    logs.configure(settings.log, "up")
    overrides = dict(assignment.split("=", 1) for assignment in assignments or ())
    options = Options(
        data=data,
        kafka=settings.kafka if "bootstrap" in settings.kafka.model_fields_set else None,
        clickhouse=None if settings.clickhouse.embedded else settings.clickhouse.url,
        prices=prices,
        catalog=catalog,
        workers=workers,
        broker_port=broker_port,
        broker_memory_bytes=round(broker_memory * GIB),
        web_port=web_port,
        settings=settings,
        overrides=overrides | ({"meter.clock": clock} if clock else {}),
    )
    raise typer.Exit(asyncio.run(run_until_told(options, began_s)))

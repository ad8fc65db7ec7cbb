"""Which Kafka and which ClickHouse a command means, and the flags that say so.

In this order: flags, the stack in `--data`, the environment, a stack running in the default
directory, the defaults.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from streams.errors import SettingsInvalid
from streams.kafka import wait_ready
from streams.settings import KafkaSettings, WorkerSettings, load, masked
from streams.up.directory import running
from streams.up.options import DEFAULT_DATA

Kafka: TypeAlias = Annotated[
    str | None, typer.Option("--kafka", help="Kafka's host:port, comma separated.")
]
ClickHouse: TypeAlias = Annotated[
    str | None, typer.Option("--clickhouse", help="http(s)://host:port, or chdb://DIR.")
]
Registry: TypeAlias = Annotated[
    str | None, typer.Option("--schema-registry", help="URL of a schema registry.")
]
Data: TypeAlias = Annotated[
    Path | None, typer.Option("--data", help="Data directory of `apportion up`.")
]
Assignments: TypeAlias = Annotated[
    list[str] | None, typer.Option("--set", help="GROUP.NAME=VALUE, any setting. Repeatable.")
]
Check: TypeAlias = Annotated[
    bool, typer.Option("--check", help="Check the settings, print them masked, and stop.")
]
REACH_S = 5.0  # a person waits; a broker that is there answers in milliseconds

Groups: TypeAlias = dict[str, dict[str, object]]


def settings_of(
    assignments: Sequence[str] | None = None,
    flags: dict[str, object] | None = None,
) -> WorkerSettings:
    """Return the settings under assignments and flags ("kafka.bootstrap" -> value, None unset).

    Raises SettingsInvalid.
    """
    return load(_overrides(_groups(assignments or ()), flags or {}))


def nearest(
    kafka: str | None = None, clickhouse: str | None = None, data: Path | None = None
) -> WorkerSettings:
    """Return the settings that reach the stack a command means. Raises SettingsInvalid."""
    given = load().model_fields_set if data is None else set()
    place = data or DEFAULT_DATA
    stack = running(place)
    flags: dict[str, object] = {"kafka.bootstrap": kafka, "clickhouse.url": clickhouse}
    if stack and not kafka and "kafka" not in given:
        flags["kafka.bootstrap"] = stack["bootstrap"]
    if not clickhouse and "clickhouse" not in given:
        at_rest = f"chdb://{place.resolve() / 'clickhouse'}"
        flags["clickhouse.url"] = stack["clickhouse"] if stack else at_rest
        flags["store.sql_socket"] = str(place.resolve() / "sql.sock")
    return settings_of((), flags)


def reached(settings: WorkerSettings) -> KafkaSettings:
    """Return the Kafka of the settings once it answers. Raises BrokerUnavailable soon."""
    wait_ready(settings.kafka, REACH_S)
    return settings.kafka


def stop_if_checking(settings: WorkerSettings, *, check: bool) -> None:
    """Print the settings and exit with 0, when that is all that was asked for."""
    if check:
        typer.echo(masked(settings))
        raise typer.Exit


def _overrides(groups: Groups, flags: dict[str, object]) -> dict[str, object]:
    overrides: dict[str, object] = dict(groups)
    for path, value in flags.items():
        if value is None:
            continue
        group, _, name = path.rpartition(".")
        if group:
            groups.setdefault(group, {})[name] = value
            overrides[group] = groups[group]
        else:
            overrides[name] = value
    return overrides


def _groups(assignments: Sequence[str]) -> Groups:
    groups: Groups = {}
    wrong = []
    for assignment in assignments:
        path, equals, value = assignment.partition("=")
        group, _, name = path.partition(".")
        if not (group and name and equals):
            wrong.append(f"--set {assignment}: expected GROUP.NAME=VALUE")
        groups.setdefault(group, {})[name] = value
    if wrong:
        raise SettingsInvalid(wrong)
    return groups

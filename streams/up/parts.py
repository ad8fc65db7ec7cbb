"""The parts of a stack and their command lines."""

import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from streams.settings import WorkerSettings
from streams.up import broker
from streams.up.directory import Directory
from streams.up.options import Options
from streams.up.ports import HOST, free_port, free_ports

Role = Literal[
    "broker", "meter", "allocate", "watch", "budgets", "anomalies", "notify", "store", "accrue"
]

PROCESSORS: tuple[Role, ...] = (  # as input flows
    *("accrue", "meter", "allocate", "watch", "budgets", "anomalies", "notify", "store"),
)


@dataclass(frozen=True, slots=True)
class Part:
    """A command to keep running. `port` is where it listens: HTTP, or Kafka for the broker."""

    name: str
    role: Role
    command: tuple[str, ...]
    port: int

    @property
    def url(self) -> str:
        """Base URL of the part's /health and /metrics."""
        return f"http://{HOST}:{self.port}"


def broker_part(options: Options) -> Part:
    """Return the embedded broker on a port that is free. Raises BrokerMissing."""
    port = free_port(options.broker_port)
    return Part("broker", "broker", broker.command(port), port)


def addresses(options: Options, directory: Directory, embedded: Part | None) -> WorkerSettings:
    """Return the settings under which a client reaches this stack."""
    settings = options.settings
    kafka = options.kafka or settings.kafka
    if embedded is not None:
        kafka = settings.kafka.model_copy(update={"bootstrap": f"{HOST}:{embedded.port}"})
    clickhouse = settings.clickhouse.model_copy(
        update={"url": options.clickhouse or f"chdb://{directory.clickhouse}"}
    )
    store = settings.store.model_copy(update={"sql_socket": directory.sql_socket})
    return settings.model_copy(update={"kafka": kafka, "clickhouse": clickhouse, "store": store})


def processors(
    options: Options, settings: WorkerSettings, needed: Collection[Role] = ()
) -> list[Part]:
    """Return the processors of a stack; names are numbered where there are several.

    `needed`: of those that not every stack has something to do for.
    """
    counts: dict[Role, int] = {
        "accrue": int("accrue" in needed),
        "meter": options.workers,
        "allocate": options.workers,
        "watch": int("watch" in needed),
        "budgets": int("budgets" in needed),
        "anomalies": int("anomalies" in needed),
        "notify": int("notify" in needed),
        "store": 1,  # the embedded engine admits one process
    }
    wanted = [(role, number) for role in PROCESSORS for number in range(counts[role])]
    ports = free_ports(len(wanted))
    return [
        worker(role, number, port, settings, options.overrides)
        for (role, number), port in zip(wanted, ports, strict=True)
    ]


def worker(
    role: Role, number: int, port: int, settings: WorkerSettings, overrides: Mapping[str, str]
) -> Part:
    """Return one worker of a processor. Its command line shows addresses, never a secret."""
    flags = [
        *("--kafka", settings.kafka.bootstrap),
        *("--clickhouse", settings.clickhouse.url),
        *("--web-port", str(port)),
    ]
    if settings.schema_registry:
        flags += ["--schema-registry", settings.schema_registry]
    if role in {"store", "watch", "budgets", "anomalies"} and settings.sql_socket:
        flags += ["--set", f"store.sql_socket={settings.sql_socket}"]
    for name, value in overrides.items():
        flags += ["--set", f"{name}={value}"]
    command = (sys.executable, "-m", "streams", "run", role, *flags)
    return Part(name_of(role, number), role, command, port)


def name_of(role: Role, number: int) -> str:
    """Return a worker's name: the processor's, numbered from the second on."""
    return f"{role}-{number + 1}" if number else role

"""What `apportion up` was asked for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from streams.settings import KafkaSettings, WorkerSettings

GIB = 1024**3
DEFAULT_DATA = Path(".apportion/up")


@dataclass(frozen=True, slots=True)
class Options:
    """A stack to run. Embedded is whatever is given no address."""

    data: Path | None = None  # kept across runs; None: DEFAULT_DATA, cleared at each start
    kafka: KafkaSettings | None = None  # None: the embedded broker
    clickhouse: str | None = None  # server URL; None: embedded, under `data`
    prices: Path | None = None  # price book to publish; None: the built-in, if none is in force
    catalog: Path | None = None  # likewise
    workers: int = 1  # of meter and of allocate, each
    broker_port: int = 0  # of the embedded broker; taken or 0: any free one
    broker_memory_bytes: int = 2 * GIB
    web_port: int = 0  # of the stack's own /health and /metrics
    ready_within_s: float = 60.0
    settings: WorkerSettings = field(default_factory=WorkerSettings)
    overrides: Mapping[str, str] = field(default_factory=dict)  # "meter.clock" -> "log", for parts

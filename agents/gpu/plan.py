"""What the agent works by: its settings, checked, as plain data for another process."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from agents.gpu.pace import Bounds
from agents.gpu.sampler import Terms
from agents.outbox import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where this node says who holds its GPUs. Null: not on this node, or not given."""

    proc: Path
    kubelet_socket: Path | None
    api_server: str | None
    api_token: Path | None
    api_ca: Path | None
    slurm_jobs: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything that is settled. The properties of Kafka may hold a password: never log them."""

    terms: Terms
    bounds: Bounds
    places: Places
    catalog: Path | None  # null: the one on Kafka
    kafka: Mapping[str, str | int | float | bool]
    outbox: Path
    limits: Limits
    drain_s: float
    web_host: str
    web_port: int
    log_format: str
    log_level: str

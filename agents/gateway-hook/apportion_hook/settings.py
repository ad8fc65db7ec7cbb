"""How a hook is set up, in code or by environment variables. There is no other way in."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from agents.errors import SettingsInvalid
from agents.outbox.kafka_channel import Property
from agents.outbox.limits import Limits

PREFIX: Final = "APPORTION_HOOK_"
KAFKA: Final = PREFIX + "KAFKA"
NEEDED: Final = ("SOURCE", "DIRECTORY", "KAFKA")
CLOSE_S: Final = 5.0  # less than most supervisors give a process to end
# Small batches soon: what a crash can lose is short, and their encoding never holds up a request.
LIMITS: Final = Limits(max_age_s=0.1, max_events=200, max_disk_bytes=256 * 2**20)


@dataclass(frozen=True, slots=True, kw_only=True)
class HookConfig:
    """One hook. Processes that share `source` and `directory` get a number each, from 0.

    `tenant` pays for everything, whatever requests say; None: each call tells.
    """

    source: str  # stable name of this gateway, e.g. gw-eu
    directory: Path  # of the outbox files; local, kept over restarts
    kafka: Mapping[str, Property] = field(repr=False)  # librdkafka's: bootstrap.servers, ...
    tenant: str | None = None
    # LiteLLM: which authenticated field says who pays; globs of model groups -> our deployments.
    tenant_from: str | None = None
    endpoints: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = LIMITS
    close_s: float = CLOSE_S  # how long a process that ends waits for Kafka


def from_environment(environ: Mapping[str, str] = os.environ) -> HookConfig:
    """Return what `APPORTION_HOOK_…` says. Raises SettingsInvalid naming all that is missing.

    `…_KAFKA` is host:port, `…_KAFKA_SECURITY_PROTOCOL` and the like are librdkafka's properties.

    >>> from_environment({"APPORTION_HOOK_SOURCE": "gw", "APPORTION_HOOK_DIRECTORY": "/var/lib/gw",
    ...                   "APPORTION_HOOK_KAFKA": "kafka:9092"}).source
    'gw'
    """
    missing = [PREFIX + name for name in NEEDED if not environ.get(PREFIX + name)]
    if missing:
        raise SettingsInvalid(f"{name}: expected a value, got none" for name in missing)
    return HookConfig(
        source=environ[PREFIX + "SOURCE"],
        directory=Path(environ[PREFIX + "DIRECTORY"]),
        kafka={"bootstrap.servers": environ[KAFKA], **_properties(environ)},
        tenant=environ.get(PREFIX + "TENANT") or None,
        tenant_from=environ.get(PREFIX + "TENANT_FROM") or None,
        endpoints=_pairs(environ.get(PREFIX + "ENDPOINTS", "")),
    )


def _pairs(text: str) -> dict[str, str]:
    """Read `glob=endpoint,glob=endpoint`."""
    pairs = (each.partition("=") for each in text.split(",") if each.strip())
    return {glob.strip(): endpoint.strip() for glob, _, endpoint in pairs}


def _properties(environ: Mapping[str, str]) -> dict[str, Property]:
    return {
        name.removeprefix(KAFKA + "_").lower().replace("_", "."): value
        for name, value in environ.items()
        if name.startswith(KAFKA + "_")
    }

"""Which outbox file a process has: the first whose lock nobody holds.

Workers of one gateway need no names of their own, and a worker that comes back takes up what the
one before it left. A slot's source is `<source>-<number>`, for ever.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from agents.errors import OutboxBusy, OutboxMisconfigured
from agents.outbox.outbox import Outbox, OutboxConfig
from apportion_hook.log import StandardLog
from apportion_hook.settings import HookConfig
from schemas.topics import USAGE_INFERENCE

MOST: Final = 1_024  # processes of one gateway on one machine
FILE: Final = re.compile(r"(?P<slot>.+-\d+)\.outbox")


def open_first_free(config: HookConfig) -> Outbox:
    """Open the first outbox that nobody has open. Blocks for the disk. Raises OutboxError."""
    config.directory.mkdir(parents=True, exist_ok=True)
    for number in range(MOST):
        try:
            return open_slot(config, f"{config.source}-{number}")
        except OutboxBusy:
            continue
    raise OutboxMisconfigured(
        config.directory,
        f"expected fewer than {MOST} processes; give them directories of their own",
    )


def open_slot(config: HookConfig, source: str) -> Outbox:
    """Open one outbox. Raises OutboxBusy when a process has it, or another OutboxError."""
    [record] = USAGE_INFERENCE.records
    return Outbox(
        OutboxConfig(
            path=config.directory / f"{source}.outbox",
            source=source,
            topic=USAGE_INFERENCE.name,
            record=record,
            kafka=config.kafka,
            limits=config.limits,
        ),
        log=StandardLog(source),
    )


def left_behind(directory: Path) -> Iterator[str]:
    """Yield the sources that have a file in a directory, in use or not."""
    for path in sorted(directory.glob("*.outbox")):
        match = FILE.fullmatch(path.name)
        if match:
            yield match["slot"]

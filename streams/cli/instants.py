"""Instants on the command line: ISO 8601, UTC where no offset is given."""

import time
from datetime import UTC, datetime
from typing import Annotated, TypeAlias

import typer

from streams.config.fields import EPOCH
from streams.core.metering import LATEST_US
from streams.core.windows import SECOND_US

At: TypeAlias = Annotated[
    str | None,
    typer.Option("--at", help="Instant, e.g. 2026-11-01 or 2026-11-01T12:00Z. Default: now."),
]


def instant_us(text: str | None) -> int:
    """Return an instant in microseconds, now for None. Raises BadParameter."""
    if text is None:
        return time.time_ns() // 1000
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"expected e.g. 2026-11-01T12:00Z, got {text!r}") from error
    since = (at if at.tzinfo else at.replace(tzinfo=UTC)) - EPOCH
    at_us = (since.days * 86_400 + since.seconds) * SECOND_US + since.microseconds
    if not 0 < at_us < LATEST_US:
        raise typer.BadParameter(f"expected an instant after 1970 and before 2200, got {text!r}")
    return at_us

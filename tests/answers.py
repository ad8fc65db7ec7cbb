"""Waiting until the database of a running stack answers something."""

import asyncio
import json
import time

from streams.up.stack import Stack

WITHIN_S = 120.0  # on a machine that does much else
POLL_S = 0.2


async def until(stack: Stack, sql: str, *expected: object) -> None:
    """Wait until a statement has exactly these rows, each a dict by column."""
    deadline_s = time.monotonic() + WITHIN_S
    found: list[object] = []
    while found != list(expected):
        assert time.monotonic() < deadline_s, f"{sql} gave {found}, expected {expected}"
        await asyncio.sleep(POLL_S)
        found = [json.loads(row) for row in (await stack.sql(sql)).splitlines()]

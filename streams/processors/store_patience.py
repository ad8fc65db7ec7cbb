"""Calls ClickHouse until it answers, and says meanwhile why it does not.

A server that is down comes back; until then nothing is committed, so waiting costs nothing but
time. What a person has to put right is not waited for.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import chain, repeat
from typing import TypeVar

import structlog

from clickhouse.errors import Unavailable

LOG = structlog.get_logger()
T = TypeVar("T")
RETRY_S = (0.2, 0.5, 1.0, 2.0, 5.0)  # waits between tries while ClickHouse is down


class Patience:
    """Of one store. Not for several threads."""

    def __init__(self, trouble: str | None = None) -> None:
        self.trouble = trouble  # why ClickHouse is not used now; None when it is
        self._ends_s: float | None = None  # monotonic
        self._hurried = asyncio.Event()

    def end_in(self, for_s: float) -> None:
        """Try once more at once, and no longer than this."""
        self._ends_s = time.monotonic() + for_s
        self._hurried.set()

    async def tried(self, call: Callable[[], T]) -> T:
        """Call in a thread until ClickHouse answers.

        Raises what the call does, Unavailable only after the end that `end_in` has set.
        """
        for wait_s in chain(RETRY_S, repeat(RETRY_S[-1])):
            try:
                result = await asyncio.to_thread(call)
            except Unavailable as error:
                self.trouble = error.detail
                if self._ends_s is not None and time.monotonic() >= self._ends_s:
                    raise
                LOG.warning("clickhouse_unavailable", detail=error.detail, again_in_s=wait_s)
                await self._pause(wait_s)
            else:
                self.trouble = None
                return result
        raise AssertionError("unreachable: the waits have no end")

    async def _pause(self, for_s: float) -> None:
        if self._ends_s is not None:
            await asyncio.sleep(max(0.0, min(for_s, self._ends_s - time.monotonic())))
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(for_s):
                await self._hurried.wait()

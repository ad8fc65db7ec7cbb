"""When a sink may be asked again: waits that end early when there is to be an end, and backoff."""

import asyncio
import time
from contextlib import suppress
from typing import Final

from streams.settings_notify import NotifySettings

DOUBLINGS: Final = 16  # beyond any longest wait


async def pause(stop: asyncio.Event, for_s: float) -> None:
    """Wait, and no longer once `stop` is set."""
    if for_s > 0:
        with suppress(TimeoutError):
            async with asyncio.timeout(for_s):
                await stop.wait()


def backoff_s(failures: int, settings: NotifySettings, chance: float) -> float:
    """Return the wait after so many failures in a row, spread by a chance of 0 to 1.

    >>> [backoff_s(n, NotifySettings(), 1.0) for n in (1, 2, 3, 30)]
    [1.0, 2.0, 4.0, 60.0]
    >>> backoff_s(3, NotifySettings(), 0.0)
    2.0
    """
    doubled_s: float = settings.first_retry_s * 2 ** min(failures - 1, DOUBLINGS)
    return min(settings.last_retry_s, doubled_s) * (1 + chance) / 2


class Gate:
    """Of one sink, for all its destinations: shut while it has asked to be left alone."""

    def __init__(self) -> None:
        self._opens_s = 0.0  # monotonic

    def shut(self, for_s: float) -> None:
        """Let nobody through for so long."""
        self._opens_s = max(self._opens_s, time.monotonic() + for_s)

    async def passed(self, stop: asyncio.Event, due_s: float) -> float:
        """Wait until it is open and something is due; return when that was to be. Monotonic."""
        while not stop.is_set():
            until_s = max(self._opens_s, due_s)
            left_s = until_s - time.monotonic()
            if left_s <= 0:
                return until_s
            await pause(stop, left_s)
        return due_s

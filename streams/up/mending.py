"""Repairs by itself, while a stack runs: what came late, and what an embedded broker took with it.

An embedded broker's log dies with its process, so windows that were open then are closed from the
archive, each when it has ended. A repair that fails is tried again at its next turn.
"""

import asyncio
import time
from collections.abc import Callable

import structlog

from clickhouse.errors import ClickHouseError
from streams.errors import StreamsError
from streams.replay.errors import ReplayError
from streams.replay.publish import repair
from streams.settings import WorkerSettings

EVERY_S = 60.0  # late batches are corrected within about this

log = structlog.get_logger()


async def keep_mending(settings: WorkerSettings, log_began_us: Callable[[], int]) -> None:
    """Repair now, and then every minute, until cancelled.

    `log_began_us` says since when the log of partials is there that may have replaced a lost one;
    0 for a log that never was lost.
    """
    while True:
        began_us = recently(log_began_us(), settings)
        try:
            done = await asyncio.to_thread(repair, settings, log_began_us=began_us)
        except (StreamsError, ClickHouseError, ReplayError) as error:
            log.warning("repair_failed", error=str(error), again_in_s=EVERY_S)
        else:
            if done.lines:
                log.info("windows_repaired", windows=len(done.windows), lines=done.lines)
        await asyncio.sleep(EVERY_S)


def recently(began_us: int, settings: WorkerSettings) -> int:
    """Return when the log began, or 0 once all windows have ended that were open then."""
    ended_s = settings.meter.window_s + settings.allocate.lateness_s + 2 * EVERY_S
    return began_us if time.time() - began_us / 1_000_000 < ended_s else 0

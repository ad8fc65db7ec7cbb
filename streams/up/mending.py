"""Repairs and shares by itself, while a stack runs: what was late, unpriced, lost or in common.

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
from streams.replay.report import held_text
from streams.replay.share_recent import share_recent
from streams.settings import WorkerSettings

log = structlog.get_logger()


async def keep_mending(settings: WorkerSettings, log_began_us: Callable[[], int]) -> None:
    """Repair now, and then again and again, until cancelled.

    `log_began_us` says since when the log of partials is there that may have replaced a lost one;
    0 for a log that never was lost.
    """
    every_s = settings.repair.every_s
    while True:
        began_us = recently(log_began_us(), settings)
        try:
            done = await asyncio.to_thread(repair, settings, log_began_us=began_us, by_itself=True)
        except (StreamsError, ClickHouseError, ReplayError) as error:
            log.warning("repair_failed", error=str(error), again_in_s=every_s)
        else:
            if done.lines:
                log.info("windows_repaired", windows=len(done.windows), lines=done.lines)
            if done.held:
                log.warning("unpriced_held", windows=len(done.held), first=held_text(done.held[0]))
        await asyncio.sleep(every_s)


def recently(began_us: int, settings: WorkerSettings) -> int:
    """Return when the log began, or 0 once all windows have ended that were open then."""
    ended_s = settings.meter.window_s + settings.allocate.lateness_s + 2 * settings.repair.every_s
    return began_us if time.time() - began_us / 1_000_000 < ended_s else 0


async def keep_sharing(settings: WorkerSettings) -> None:
    """Hand shared costs on, hour after hour, until cancelled; what fails is tried again."""
    every_s = settings.repair.every_s
    while True:
        await asyncio.sleep(every_s)
        try:
            lines = await asyncio.to_thread(share_recent, settings)
        except (StreamsError, ClickHouseError, ReplayError) as error:
            log.warning("sharing_failed", error=str(error), again_in_s=every_s)
        else:
            if lines:
                log.info("shared_costs_handed_on", lines=lines)

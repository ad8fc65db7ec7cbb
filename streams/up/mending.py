"""Repairs by itself, while a stack runs: what came late, and what an embedded broker took with it.

An embedded broker's log dies with its process, so windows that were open then are closed from the
archive at the next start. A repair that fails is tried again at its next turn.
"""

import asyncio

import structlog

from clickhouse.errors import ClickHouseError
from streams.errors import StreamsError
from streams.replay.errors import ReplayError
from streams.replay.publish import Which, repair
from streams.settings import WorkerSettings

EVERY_S = 60.0  # late batches are corrected within about this

log = structlog.get_logger()


async def keep_mending(settings: WorkerSettings, *, log_is_new: bool) -> None:
    """Repair now, and then every minute, until cancelled."""
    which: Which = "corrections-of-open" if log_is_new else "corrections"
    while True:
        try:
            done = await asyncio.to_thread(repair, settings, which)
        except (StreamsError, ClickHouseError, ReplayError) as error:
            log.warning("repair_failed", error=str(error), again_in_s=EVERY_S)
        else:
            which = "corrections"
            if done.lines:
                log.info("windows_repaired", windows=len(done.windows), lines=done.lines)
        await asyncio.sleep(EVERY_S)

"""Asks ClickHouse and the broker until there is an answer."""

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

import structlog

from streams.errors import SqlRefused, Transient
from streams.logs import Occasionally
from streams.metrics import Metric, Metrics

LOG = structlog.get_logger()
T = TypeVar("T")


class Inquiry:
    """Asks in a thread, one question at a time. `trouble`: why there is no answer now."""

    def __init__(self, metrics: Metrics, retry_s: float) -> None:
        self.trouble: str | None = None
        self._metrics = metrics
        self._retry_s = retry_s
        self._occasionally = Occasionally()

    async def ask(self, call: Callable[[], T]) -> T:
        """Return what a call that blocks returns. Raises what no waiting mends."""
        while True:
            began_s = time.monotonic()
            try:
                answer = await asyncio.to_thread(call)
            except (Transient, SqlRefused) as error:
                self.trouble = str(error)
                if self._occasionally.due("history_unread"):
                    LOG.warning("history_unread", error=str(error), again_in_s=self._retry_s)
                await asyncio.sleep(self._retry_s)
            else:
                self.trouble = None
                self._metrics.observe(Metric.HISTORY_S, time.monotonic() - began_s)
                return answer

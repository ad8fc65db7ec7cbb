"""Asks once an hour what budgets will come to, beside the reading of lines."""

import asyncio
import gc
import threading
import time
from collections.abc import Iterable, Mapping

from streams.core.budgets.outlook import Outlook
from streams.core.budgets.scopes import Scopes
from streams.core.budgets.standing import Outcome
from streams.core.catalog import Catalog
from streams.core.windows import DAY_US, HOUR_US, window_start
from streams.processors.budget_history import Asked, Asking, stretches
from streams.processors.inquiry import Inquiry
from streams.processors.leader import ended

PACE_S = 5.0  # between two looks at whether the store has another hour


class Forecasting:
    """Keeps what forecasts say of the budgets of a catalog. Have it `look`, and `stop` it."""

    def __init__(self, history: Asked, inquiry: Inquiry, catalog: Catalog) -> None:
        self.outcomes: Mapping[int, Outcome] = {}
        self._history = history
        self._inquiry = inquiry
        self._outlook = Outlook(Scopes(catalog))  # its own, as it learns in another thread
        self._day_us = 0  # that the outcomes are of
        self._look_s = 0.0  # when it is due
        self._is_stopped = threading.Event()
        self._asking: asyncio.Task[Mapping[int, Outcome]] | None = None

    def look(self, settled_us: int, at_us: int, catalog: Catalog) -> None:
        """Ask when another hour is settled, or another day begins; or take in the answer.

        Raises what no waiting mends.
        """
        if self._asking is not None:
            if self._asking.done():
                self.outcomes, self._asking = self._asking.result(), None
            return
        now_s, until_us = time.monotonic(), window_start(settled_us, HOUR_US)
        is_new = until_us > self._outlook.known_us or window_start(at_us, DAY_US) != self._day_us
        if until_us and is_new and self._outlook.is_wanted and now_s >= self._look_s:
            self._look_s = now_s + PACE_S
            asking = self._ask(until_us, at_us, catalog)
            self._asking = asyncio.get_running_loop().create_task(asking)

    async def stop(self) -> None:
        """Ask no more, and end what is being learned."""
        self._is_stopped.set()
        if self._asking is not None:
            await ended([self._asking])

    async def _ask(self, until_us: int, at_us: int, catalog: Catalog) -> Mapping[int, Outcome]:
        """Return what is said now; as before where the store has no other hour yet."""
        outlook, day_us = self._outlook, window_start(at_us, DAY_US)
        stored_us = await self._inquiry.ask(self._history.newest_us)
        until_us = window_start(min(until_us, stored_us), HOUR_US)
        if until_us <= outlook.known_us and day_us == self._day_us:
            return self.outcomes
        since_us = outlook.since_us(until_us)
        asking = Asking(catalog, outlook.scopes, until_us, until_us)
        for start_us, end_us in stretches(since_us, until_us):
            settled = await self._inquiry.ask(
                lambda: self._history.settled(asking, start_us, end_us)  # noqa: B023 - awaited here
            )
            await asyncio.to_thread(outlook.tell, settled)
        self._day_us = day_us

        def learned() -> Mapping[int, Outcome]:
            is_first = not outlook.known_us
            rested(outlook.learn(since_us, until_us), self._is_stopped)
            if is_first:
                gc.freeze()  # it stays: a collection that looks at all of it stops everything
            return outlook.outcomes(at_us, catalog)

        return await asyncio.to_thread(learned)


def rested(steps: Iterable[object], is_stopped: threading.Event) -> None:
    """Take steps, and rest after each as long as it took; end when it is said to.

    Threads of one interpreter take turns: so lines are read on as fast as otherwise.
    """
    worked_s = time.thread_time()
    for _ in steps:
        if is_stopped.wait(time.thread_time() - worked_s):
            return
        worked_s = time.thread_time()

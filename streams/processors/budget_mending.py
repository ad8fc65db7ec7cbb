"""Reads hours again of which what is known may be no more, while lines are read on.

That are hours that a correction was completed in, and those of lines that came for windows long
over. What ClickHouse answers may be ahead of what was read here; so nothing is judged until
everything was read that there was when it answered.
"""

import asyncio
import time
from dataclasses import dataclass

from streams.core.budgets.ledger import Past
from streams.core.budgets.watch import BudgetWatch
from streams.processors.budget_history import Asked, Asking
from streams.processors.inquiry import Inquiry
from streams.processors.leader import Lines, ended
from streams.replay.ask import Row

PACE_S = 0.5  # between two questions for hours that the store may not have yet


@dataclass(frozen=True, slots=True)
class Mended:
    """What was read of some hours, and of which corrections that is."""

    hours: frozenset[int]
    past: Past | None  # none: no hour was to be read
    mark: Row


class Mending:
    """Keeps a ledger right. `mark`: of the corrections that are in it."""

    def __init__(  # noqa: PLR0913, PLR0917 - what it stands on, each once
        self,
        watch: BudgetWatch,
        history: Asked,
        inquiry: Inquiry,
        lines: Lines,
        mark: Row,
        look_every_s: float,
    ) -> None:
        self.is_first_done = False  # everything was read that there was when it began
        self._catalog = watch.catalog
        self._ledger = watch.ledger
        self._history = history
        self._inquiry = inquiry
        self._lines = lines
        self._mark = mark
        self._look_every_s = look_every_s
        self._reading: asyncio.Task[Mended] | None = None
        self._look_s = time.monotonic() + look_every_s
        self._next_s = 0.0

    @property
    def is_whole(self) -> bool:
        """Whether everything was read that any answer may have been of."""
        is_whole = self._lines.is_at_end
        self.is_first_done |= is_whole
        return is_whole

    def look(self) -> None:
        """Begin to read what must be read again, or take in what was. Raises what reading did."""
        now_s = time.monotonic()
        if self._reading is None:
            is_look = now_s >= self._look_s
            if is_look or (self._ledger.stale and now_s >= self._next_s):
                self._reading = asyncio.get_running_loop().create_task(self._read(is_look=is_look))
        elif self._reading.done():
            found, self._reading = self._reading.result(), None
            self._mark = found.mark
            self._next_s = now_s + PACE_S
            if found.past is not None:
                self._ledger.mend(found.past, found.hours)
                self._lines.look_again()

    async def stop(self) -> None:
        """Read nothing any more."""
        if self._reading is not None:
            await ended([self._reading])

    async def _read(self, *, is_look: bool) -> Mended:
        mark, hours = self._mark, set(self._ledger.stale)
        if is_look:
            self._look_s = time.monotonic() + self._look_every_s
            mark = await self._inquiry.ask(self._history.mark)
            if mark != self._mark:
                hours |= set(
                    await self._inquiry.ask(lambda: self._history.corrected_hours(self._mark))
                )
        if not hours:
            return Mended(frozenset(), None, mark)
        ledger = self._ledger
        asking = Asking(self._catalog, ledger.scopes, ledger.since_us, ledger.hourly_us)
        past = await self._inquiry.ask(lambda: self._history.of(asking, hours))
        return Mended(frozenset(hours), past, mark)

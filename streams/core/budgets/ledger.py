"""What was spent of every budget: the fold of cost lines, what `cost_current` sums to.

Two things are joined, as for jobs (`core.job_cost`). What is settled is a sum: windows long over,
and corrected ones, whose lines count only when a generation is complete, which ClickHouse says.
Streamed lines of windows since are kept one by one, once for all budgets, and of each the highest
revision counts. A line of a window already settled makes its hour stale: its budgets wait until
ClickHouse has the line, and the hour was read again. Joining is idempotent, and in any order.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from schemas.records import CostLine
from streams.core.budgets.burn import pairs
from streams.core.budgets.periods import LONGEST_US, period_at, rolling
from streams.core.budgets.scopes import Scopes, What, what_of
from streams.core.budgets.sums import Sums
from streams.core.job_cost import Newest, Place, Told, newest_of, told_of
from streams.core.windows import HOUR_US, window_start

DERIVED: Final = "charge:"  # begins the names of pools whose lines follow from others: no cost


class Settled(NamedTuple):
    """A sum by ClickHouse. `at_us`: the first window in it. `pool`: of one that was corrected."""

    what: What
    at_us: int
    begin_us: int
    pool: str | None
    pico: int
    unpriced: int
    newest: Newest


class Streamed(NamedTuple):
    """A line as streamed, by ClickHouse."""

    what: What
    place: Place
    line_id: str
    told: Told


@dataclass(frozen=True, slots=True)
class Past:
    """What ClickHouse had, of some hours or of all.

    `before`: it had every line before these offsets. `since_us`: windows that begin before are
    settled; of the others those with a pool in `settled` are corrected, and the rest is in lines.
    """

    before: Mapping[int, int]
    since_us: int
    settled: tuple[Settled, ...] = ()
    streamed: tuple[Streamed, ...] = ()


class Kept(NamedTuple):
    """A line that is kept, and the budgets it counts in."""

    told: Told
    numbers: tuple[int, ...]


class Ledger:
    """All budgets of a catalog, by the number of their entry. `live_us`: how long lines are kept.

    It begins with the past; what it knows is all up to where it was read.
    """

    def __init__(self, scopes: Scopes, past: Past, live_us: int) -> None:
        self.scopes = scopes
        self.since_us = past.since_us
        self.newest_end_us = 0  # of all windows there are lines of
        self.dirty: set[int] = set()  # budgets of which something has changed
        self.stale: dict[int, dict[int, int]] = {}  # hour -> what must be stored before it is read
        self.waiting: set[int] = set()  # budgets that stale hours are of
        self.sums = [Sums() for _ in scopes.budgets]
        self._live_us = live_us
        self.before = past.before
        self._mended: dict[int, Past] = {}  # hour -> what was read of it last
        self._lines: dict[int, dict[str, dict[str, Kept]]] = {}  # begin, pool, id
        self._fixed: dict[int, dict[str, list[Settled]]] = {}  # begin, pool: what was corrected
        self._coarse_us = 0
        self.count(past.settled)
        for line in past.streamed:
            self.newest_end_us = max(self.newest_end_us, line.told.end_us)
            self._join(line.what, line.place, line.line_id, line.told)

    @property
    def lines(self) -> int:
        """How many lines are kept."""
        return sum(len(ids) for pools in self._lines.values() for ids in pools.values())

    @property
    def hourly_us(self) -> int:
        """Windows that begin before this instant need be told apart by the hour only."""
        periods = {each.period for each in self.scopes.budgets}
        return min(map(self._hourly_us, periods), default=0)

    def count(self, settled: Iterable[Settled]) -> None:
        """Count sums of what is settled, those of one window and pool at once, and only once."""
        fixed: dict[Place, list[Settled]] = {}
        for each in settled:
            self.newest_end_us = max(self.newest_end_us, each.newest.end_us)
            if each.pool is None:
                self._count(each)
            else:
                fixed.setdefault((each.begin_us, each.pool), []).append(each)
        for (start_us, pool), parts in fixed.items():
            if start_us < self.since_us:  # settled meanwhile from lines that count no more
                self.stale.setdefault(window_start(start_us, HOUR_US), {})
                continue
            self._lines.get(start_us, {}).pop(pool, None)
            self._fixed.setdefault(start_us, {})[pool] = parts
            self._recount(start_us)

    def take(self, line: CostLine, partition: int, offset: int) -> None:
        """Join one line as it was streamed."""
        if line["generation"] or line["pool"].startswith(DERIVED):
            return
        what, start_us = what_of(line), line["window_start_us"]
        if start_us < self.since_us:
            self._missed(what, start_us, partition, offset)
        else:
            place = (start_us, line["pool"])
            self._join(what, place, line["line_id"], told_of(line, offset))
            if line["window_end_us"] > self.newest_end_us:
                self.newest_end_us = line["window_end_us"]
                self._settle()

    def mend(self, past: Past, hours: Iterable[int]) -> None:
        """Take in what ClickHouse has of some hours, in place of what was known of them."""
        hours = set(hours)
        for number, sums in enumerate(self.sums):
            sums.drop_where(
                lambda begin: window_start(begin, HOUR_US) in hours and begin < past.since_us
            )
            self.dirty.add(number)
        for hour in hours:
            self._mended[hour] = Past(past.before, past.since_us)
            wanted = self.stale.get(hour, {})
            if all(past.before.get(n, 0) >= offset for n, offset in wanted.items()):
                self.stale.pop(hour, None)
        self.count(past.settled)
        if not self.stale:
            self.waiting.clear()

    def coarsen(self, at_us: int) -> None:
        """Forget what no period needs any longer; once an hour of the lines."""
        if self.hourly_us <= self._coarse_us:
            return
        self._coarse_us = self.hourly_us
        for budget, sums in zip(self.scopes.budgets, self.sums, strict=True):
            start_us = period_at(budget.period, min(at_us, self.newest_end_us)).start_us
            sums.coarsen(start_us, self._hourly_us(budget.period))
        since_us = self._coarse_us - LONGEST_US
        self._mended = {hour: read for hour, read in self._mended.items() if hour >= since_us}

    def _hourly_us(self, period: str) -> int:
        """Return before which instant windows of a budget need be told apart by the hour only."""
        return window_start(min(self.newest_end_us - fine_us(period), self.since_us), HOUR_US)

    def _missed(self, what: What, start_us: int, partition: int, offset: int) -> None:
        hour = window_start(start_us, HOUR_US)
        mended = self._mended.get(hour)
        read = self.before if mended is None or start_us >= mended.since_us else mended.before
        if offset < read.get(partition, 0):
            return  # is in what is settled
        numbers = self.scopes.of(what, start_us)
        if numbers:
            wanted = self.stale.setdefault(hour, {})
            wanted[partition] = max(wanted.get(partition, 0), offset + 1)
            self.waiting.update(numbers)

    def _count(self, each: Settled) -> None:
        for number in self.scopes.of(each.what, each.at_us):
            self.sums[number].add(each.begin_us, each.pico, each.unpriced, each.newest)
            self.dirty.add(number)

    def _recount(self, start_us: int) -> None:
        """Sum up again what windows of one begin cost."""
        for sums in self.sums:
            sums.drop(start_us)
        for parts in self._fixed.get(start_us, {}).values():
            for each in parts:
                self._count(each)
        for ids in self._lines.get(start_us, {}).values():
            for kept in ids.values():
                pico = kept.told.pico
                self._change(start_us, kept, pico or 0, int(pico is None))

    def _join(self, what: What, place: Place, line_id: str, told: Told) -> None:
        start_us, pool = place
        if pool in self._fixed.get(start_us, {}):
            return  # was corrected
        numbers = self.scopes.of(what, start_us)
        if not numbers:
            return
        here = self._lines.setdefault(start_us, {}).setdefault(pool, {})
        before = here.get(line_id)
        if before is not None and before.told >= told:
            return
        kept = here[line_id] = Kept(told, numbers)
        was = before.told.pico if before is not None else 0
        pico, was_pico = told.pico or 0, was or 0
        self._change(start_us, kept, pico - was_pico, int(told.pico is None) - int(was is None))

    def _change(self, start_us: int, kept: Kept, pico: int, unpriced: int) -> None:
        newest = newest_of(start_us, kept.told)
        for number in kept.numbers:
            self.sums[number].add(start_us, pico, unpriced, newest)
            self.dirty.add(number)

    def _settle(self) -> None:
        """Keep lines of windows no longer that are over for so long; their sums stay."""
        since_us = self.newest_end_us - self._live_us
        if since_us > self.since_us:
            self.since_us = since_us
            for start_us in [each for each in self._lines if each < since_us]:
                del self._lines[start_us]
            for start_us in [each for each in self._fixed if each < since_us]:
                del self._fixed[start_us]


def fine_us(period: str) -> int:
    """Return how long what is spent must be told apart by the window."""
    known = rolling(period)
    slides = known.for_us if known is not None and known.step_us < HOUR_US else 0
    return max([slides, *(pair.long_us for pair in pairs(period))]) + HOUR_US

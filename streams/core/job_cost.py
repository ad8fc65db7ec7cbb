"""What one job costs, as a fold of its cost lines: what `cost_current` sums to, line by line.

Two things are joined. What is settled is read from ClickHouse as one sum: windows long over, and
corrected ones, whose lines count only when a generation is complete, which no reader of one
partition can tell. Lines as streamed (generation 0) of windows since then are kept one by one, and
of each the highest revision counts, final over provisional. Joining is idempotent and in any order,
so a line may be in both, or come twice: it counts once.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple, TypeAlias

from schemas.decimals import from_bytes
from schemas.records import CostLine, LineStatus

RANK: Mapping[LineStatus, int] = {"provisional": 0, "final": 1, "corrected": 2}
TIME = "gpu."  # of meters: a job is GPU time under its id; of resources the id names something else
EVERYWHERE = -1  # offset of a line that was read from ClickHouse

Place: TypeAlias = tuple[int, str]  # begin of a window in microseconds, pool


class JobKey(NamedTuple):
    """Whose job it is, and in which currency it costs something."""

    tenant: str
    job: str
    currency: str


class Newest(NamedTuple):
    """The newest window of a job, and under which prices it was rated: the greatest is."""

    start_us: int
    end_us: int
    generation: int
    revision: int
    rank: int
    price_book: str


class Told(NamedTuple):
    """One line as streamed: the greatest of equal ids counts. Null pico: it has no price yet."""

    revision: int
    rank: int
    not_offset: int  # negative, so that of equal lines the one read first counts
    pico: int | None
    end_us: int
    price_book: str


@dataclass(frozen=True, slots=True)
class Past:
    """What ClickHouse had of a job.

    `before`: it has every line of the job's partition before this offset. `settled`: pico of all
    windows that begin before `since_us`, and of those of `corrected` windows since then. `lines`:
    the other ones. `unpriced`: lines among the settled that have no price. No newest: there is no
    line at all but those in `lines`.
    """

    before: int = 0
    since_us: int = 0
    settled: int = 0
    unpriced: int = 0
    first_us: int | None = None
    newest: Newest | None = None
    corrected: frozenset[Place] = frozenset()
    lines: tuple[tuple[Place, str, Told], ...] = ()


@dataclass(frozen=True, slots=True)
class Spending:
    """What a job costs in all, in pico, without `unpriced` lines, and which windows it was in.

    `totals`: begin of a window in microseconds, and the cost up to its end; of windows that are
    settled one for all of them. They depend on which lines there are, not on when they were read.
    """

    pico: int
    unpriced: int
    first_us: int
    newest: Newest
    totals: tuple[tuple[int, int], ...]

    def reached_us(self, limit: int) -> int:
        """Return the begin of the window in which the cost first reached a limit it is at now."""
        return next(start_us for start_us, total in self.totals if total >= limit)


class JobCost:
    """The fold of one job's lines. Keeps a line of each of the last windows, whatever its age."""

    __slots__ = ("_lines", "_past", "is_whole")

    def __init__(self) -> None:
        self._past: Past | None = None
        self._lines: dict[Place, dict[str, Told]] = {}
        self.is_whole = False  # the past is known, and no line is of a window settled before

    @property
    def lines(self) -> int:
        """How many lines are kept."""
        return sum(map(len, self._lines.values()))

    def is_stored(self, before: int) -> bool:
        """Whether every line that is kept was read before an offset."""
        return all(
            -told.not_offset < before for here in self._lines.values() for told in here.values()
        )

    def take(self, line: CostLine, offset: int) -> bool:
        """Join one line read at an offset; return whether it may change what the job costs."""
        place = (line["window_start_us"], line["pool"])
        past = self._past
        if line["generation"]:
            return False  # counts when its generation is complete, which ClickHouse says
        if past is not None and place[0] < past.since_us:
            if offset < past.before:
                return False  # is in what is settled
            self.is_whole = False
        return self._join(place, line["line_id"], told_of(line, offset))

    def learn(self, past: Past) -> None:
        """Join what ClickHouse has; lines that are settled in it are kept no more."""
        self._past = past
        for place in [place for place in self._lines if place[0] < past.since_us]:
            here = self._lines[place]
            late = {each: told for each, told in here.items() if -told.not_offset >= past.before}
            if late:
                self._lines[place] = late
            else:
                del self._lines[place]
        for place, line_id, told in past.lines:
            self._join(place, line_id, told)
        self.is_whole = all(start_us >= past.since_us for start_us, _ in self._lines)

    def spending(self) -> Spending | None:
        """Return what it costs; None when not all is known, or there is nothing."""
        past = self._past
        if past is None or not self.is_whole:
            return None
        counted = [
            (start_us, told)
            for (start_us, pool), here in self._lines.items()
            if (start_us, pool) not in past.corrected
            for told in here.values()
        ]
        firsts = [start_us for start_us, _ in counted]
        newest = [newest_of(start_us, told) for start_us, told in counted]
        costs: Counter[int] = Counter()
        for start_us, told in counted:
            costs[start_us] += told.pico or 0
        steps = sorted(costs.items())
        if past.first_us is not None and past.newest is not None:
            firsts.append(past.first_us)
            newest.append(past.newest)
            steps.insert(0, (past.newest.start_us, 0))
        if not newest:
            return None
        (_, *totals) = accumulate((pico for _, pico in steps), initial=past.settled)
        return Spending(
            totals[-1],
            past.unpriced + sum(told.pico is None for _, told in counted),
            min(firsts),
            max(newest),
            tuple((start_us, total) for (start_us, _), total in zip(steps, totals, strict=True)),
        )

    def _join(self, place: Place, line_id: str, told: Told) -> bool:
        here = self._lines.setdefault(place, {})
        before = here.get(line_id)
        if before is not None and before >= told:
            return False
        here[line_id] = told
        return before is None or before.pico != told.pico or before.price_book != told.price_book


def key_of(line: CostLine) -> JobKey | None:
    """Return whose job a line is of; None where it is of none."""
    job = line["job"]
    if job is None or not line["meter"].startswith(TIME):
        return None
    return JobKey(line["tenant"], job, line["currency"])


def told_of(line: CostLine, offset: int) -> Told:
    """Return what counts of a line as streamed."""
    cost = line["cost"]
    return Told(
        line["revision"],
        RANK[line["status"]],
        -offset,
        None if cost is None else from_bytes(cost),
        line["window_end_us"],
        line["price_book"],
    )


def newest_of(start_us: int, told: Told) -> Newest:
    """Return the window of a line as streamed, and its prices."""
    return Newest(start_us, told.end_us, 0, told.revision, told.rank, told.price_book)

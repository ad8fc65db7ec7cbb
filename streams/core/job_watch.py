"""The jobs that somebody watches: what they cost, what was said of them, and what is to be said.

It is told of lines, of what ClickHouse has, of what was said before and which catalog is in force,
in any order; what it says follows from what it was told. It keeps only jobs that have a cap.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, TypeAlias

from schemas.records import CostLine
from streams.core.cap_reached import (
    NO_CAP,
    NOTHING,
    SILENT,
    Said,
    Saying,
    ended,
    episode_of,
    judged,
)
from streams.core.catalog import Catalog
from streams.core.job_cost import JobCost, JobKey, Past, Spending, key_of

Job: TypeAlias = tuple[str, str]  # tenant, job
Positions: TypeAlias = Callable[[JobKey], dict[str, int] | None]


class Due(NamedTuple):
    """What is to be said of a job."""

    job: Job
    saying: Saying

    @property
    def is_of_state(self) -> bool:
        """Whether there is another state, or none any longer."""
        return self.saying.state is not None or self.saying.is_gone


class JobWatch:
    """All jobs of some partitions of the cost lines."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.jobs: dict[JobKey, JobCost] = {}
        self._said: dict[Job, Said] | None = None
        self._dirty: set[JobKey] = set()
        self._waiting: set[JobKey] = set()  # only amounts have changed
        self._unread: set[JobKey] = set()
        self._other: set[JobKey] = set()
        self._is_read = False  # all there was lately is here
        self._are_ended = False  # jobs whose budget is gone were looked for

    @property
    def lines(self) -> int:
        """How many lines are kept."""
        return sum(job.lines for job in self.jobs.values())

    def is_watched(self, key: JobKey) -> bool:
        """Whether a job has a cap at any time."""
        return self.catalog.ever_caps(key.tenant, key.job)

    def follow(self, catalog: Catalog) -> None:
        """Go by another catalog: everything is looked at again."""
        self.catalog = catalog
        self._is_read = False
        self.jobs = {key: job for key, job in self.jobs.items() if self.is_watched(key)}
        self._dirty = set(self.jobs)
        self._unread &= self._dirty
        for some in (self._waiting, self._other):
            some.clear()
        self._are_ended = False

    def take(self, line: CostLine, offset: int) -> None:
        """Take in one line."""
        key = key_of(line)
        if key is None or not self.is_watched(key):
            return
        job = self.jobs.get(key)
        if job is None:
            job = self.jobs[key] = JobCost()
        if job.take(line, offset):
            self._dirty.add(key)
        if not job.is_whole:
            self._unread.add(key)

    def learn(self, pasts: Mapping[JobKey, Past]) -> None:
        """Take in what ClickHouse has of some jobs."""
        for key, past in pasts.items():
            if self.is_watched(key):
                job = self.jobs.setdefault(key, JobCost())
                job.learn(past)
                self._dirty.add(key)
                if job.is_whole:
                    self._unread.discard(key)

    def learn_all(
        self, pasts: Mapping[JobKey, Past], catalog: Catalog, before: Callable[[JobKey], int]
    ) -> None:
        """Take in all jobs under a catalog's caps that there was something of lately, and no other.

        `before`: ClickHouse has every line of a job before this offset, so would know it.
        """
        self.learn(pasts)
        if catalog is not self.catalog:
            return  # others may have a cap now
        for key, job in list(self.jobs.items()):
            if key not in pasts and job.is_stored(before(key)):
                del self.jobs[key]
                for some in (self._dirty, self._waiting, self._unread, self._other):
                    some.discard(key)
        self._is_read, self._are_ended = True, False

    def absent(self) -> list[JobKey]:
        """Return jobs of which something was said and nothing is known, or not yet."""
        there = {key[:2] for key in self.jobs}
        said = self._said or {}
        return [JobKey(*job, of.currency) for job, of in said.items() if job not in there]

    def unread(self) -> list[JobKey]:
        """Return jobs of which not everything is known."""
        return sorted(self._unread)

    def remember(self, said: Mapping[Job, Said]) -> None:
        """Take in what was said before. Nothing is due until then."""
        self._said = dict(said)
        self._are_ended = False

    def due(self, positions: Positions, *, is_calm: bool) -> list[Due]:
        """Return what is to be said now: of amounts that changed only when there is calm to do so.

        `positions` says up to where everything of a job was read; None: of its past more is known.
        """
        if self._said is None:
            return []
        found = self._ended(self._said, positions)
        if is_calm:
            self._dirty |= self._waiting
            self._waiting.clear()
        for key in list(self._dirty):
            job = self.jobs[key]
            if not job.is_whole:
                self._dirty.discard(key)  # until it is
                continue
            read = positions(key)
            if read is None:
                continue
            self._dirty.discard(key)
            saying = self._judged(key, job.spending(), self._said.get(key[:2], Said()), read)
            if saying.is_urgent or (is_calm and saying.state is not None):
                found.append(Due(key[:2], saying))
            elif saying.state is not None:
                self._waiting.add(key)
        return found

    def told(self, due: Iterable[Due]) -> None:
        """Remember that something was said, for good."""
        said = self._said
        if said is None:
            return
        for job, saying in due:
            before = said.get(job, Said())
            episode = None if saying.alert is None else episode_of(saying.alert)
            state = None if saying.is_gone else saying.state or before.state
            said[job] = Said(episode or before.episode, state)

    def uncompared(self) -> list[Job]:
        """Return jobs whose cap is in another currency than their cost."""
        return sorted({key[:2] for key in self._other})

    def _judged(
        self, key: JobKey, spent: Spending | None, said: Said, read: dict[str, int]
    ) -> Saying:
        if spent is None:
            return ended(*key[:2], said, NOTHING)
        cap = self.catalog.job_cap(key.tenant, key.job, spent.newest.start_us)
        if cap is not None and cap.currency != key.currency:
            self._other.add(key)
            return Saying()
        return judged(key, cap, spent, said, read)

    def _ended(self, said: Mapping[Job, Said], positions: Positions) -> list[Due]:
        """Return that budgets are gone, once after there may be such.

        Silent is a job of which ClickHouse knows nothing, nor the log, up to where it was then.
        """
        if self._are_ended:
            return []
        self._are_ended = True
        why = {job: NO_CAP for job in said if not self.catalog.ever_caps(*job)}
        for key in self.absent() if self._is_read else ():
            if key[:2] in why:
                continue
            if positions(key) is None:
                self._are_ended = False  # not all was read yet
            else:
                why[key[:2]] = SILENT
        found = [Due(job, ended(*job, said[job], reason)) for job, reason in why.items()]
        return [due for due in found if due.saying.is_urgent]

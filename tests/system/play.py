"""One play of one load, with everything that is done to it, and what is wrong in the end."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from random import Random

from schemas import topics
from schemas.codec import Codec
from schemas.topics import partition_of
from tests.system import autopsy, facts
from tests.system.abuse import Abuse
from tests.system.database import counts, is_rolled_up, wrong_database
from tests.system.evidence import Control, committed, controls, gather
from tests.system.load import Load, Loader
from tests.system.observer import Observer
from tests.system.player import Player
from tests.system.stack import Stack
from tests.system.verdict import faults, late_pairs, passed_on_needlessly, wrong_offsets
from tests.system.workers import End

PARTITIONS = topics.METERED_PARTIAL.partitions
LOOK_S = 0.05
SETTINGS = {
    "meter.clock": "log",
    "meter.window_s": str(facts.WINDOW_US // facts.SECOND_US),
    "allocate.lateness_s": str(facts.LATENESS_US // facts.SECOND_US),
    "allocate.remember_s": str(facts.REMEMBER_US // facts.SECOND_US),
}


@dataclass(frozen=True, slots=True)
class Size:
    """Of a load: slots of 5 s of event time, and the most events a batch has."""

    slots: int
    events: int
    within_s: float


Plan = Callable[[Abuse], None]


class Run:
    """A seed, a size, a system to start and a plan of abuse."""

    def __init__(
        self, seed: int, size: Size, system: AbstractContextManager[Stack], plan: Plan
    ) -> None:
        self.seed = seed
        self.size = size
        self.began_s = time.monotonic()
        self.marks: list[str] = []
        self.loader = Loader(seed, size.slots, PARTITIONS, (size.events // 5, size.events))
        self._system = system
        self._plan = plan

    def play(self) -> Iterator[str]:
        """Run it all and yield what is wrong."""
        with self._system as self.stack:
            self.mark("stack started")
            self.load: Load = self.loader.build()
            self.mark(f"load of {self.load.events} events, {len(self.load.worths)} batches built")
            self.observer = Observer(self.stack.kafka, PARTITIONS)
            self.player = Player(self.stack.kafka, self.loader, self.load, self.observer)
            self.abuse = Abuse(
                self.stack, self.player, self.observer, Random(self.seed), self.size.slots
            )
            self._plan(self.abuse)
            try:
                yield from self.carry_on()
            finally:
                self.observer.close()

    def carry_on(self) -> Iterator[str]:
        """Play, wait until all is quiet, judge."""
        self.until("played", lambda: self.player.is_played and self.abuse.is_over)
        self.player.move_time(facts.LATENESS_US + 2 * facts.WINDOW_US)
        self.until("every window final", lambda: self.observer.final >= self.load.places)
        self.until("everything sent", lambda: self.player.is_empty)
        end_us = self.player.move_time(facts.LATENESS_US + facts.REMEMBER_US)
        self.until("all of it read", lambda: self.observer.closed_us >= end_us)
        self.until("passed on", lambda: self.observer.late >= self.load.late)
        expected = {
            "events": self.load.events,
            "late": len(self.observer.late),
            "provisional": 0,
            "windows": len(self.load.places),
        }
        self.until("stored", lambda: counts(self.stack) == expected)
        self.until("rolled up", lambda: is_rolled_up(self.stack))
        evidence = gather(self.stack.kafka)
        wrong = [*faults(self.load, evidence), *wrong_database(self.stack, evidence.lines)]
        needless = passed_on_needlessly(self.load, late_pairs(evidence))
        self.mark(f"judged; {len(needless)} passed on needlessly")
        if wrong:
            autopsy.dump(self.stack)
        yield from wrong
        yield from self.wrong_ends(evidence.controls)

    def step(self) -> None:
        """Do a little of everything."""
        self.player.step()
        self.abuse.step()

    def until(self, what: str, is_so: Callable[[], bool]) -> None:
        """Go on until something holds; fail when it does not in time."""
        while not is_so():
            self.step()
            self.observer.look(LOOK_S)
            if time.monotonic() - self.began_s > self.size.within_s:
                autopsy.write(self.stack)
                raise AssertionError(f"seed {self.seed}: not {what} in {self.size.within_s} s: "
                                     f"{self.missing()}; see {self.stack.folder}")  # fmt: skip
        self.mark(what)

    def missing(self) -> str:
        """Say what is still waited for."""
        final = sorted(self.load.places - self.observer.final)
        late = sorted(self.load.late - self.observer.late)
        return f"final {final[:5]}, late {late[:5]}, database {counts(self.stack)}"

    def wrong_ends(self, before: list[Control]) -> Iterator[str]:
        """Stop the workers and yield what is wrong with how they end and what they commit."""
        for worker in self.stack.workers:
            code = worker.stop()
            if code:
                yield f"{worker.name} exited with {code}, see {worker.log}"
        offsets = committed(self.stack.kafka, "allocate", topics.METERED_PARTIAL, PARTITIONS)
        for pool in {place.pool for place in self.load.places}:
            if offsets[partition_of(pool, PARTITIONS)] is None:
                yield f"allocate never committed the partition of {pool}"
        yield from wrong_offsets(offsets.items(), controls(self.stack.kafka, Codec()) or before)
        self.mark(f"stopped, allocate committed {offsets}")

    @property
    def ends(self) -> list[End]:
        """Workers that ended without being told to."""
        return [end for worker in self.stack.workers for end in worker.ends]

    def mark(self, what: str) -> None:
        self.marks.append(f"{time.monotonic() - self.began_s:6.1f} s  {what}")

    def story(self) -> str:
        """Tell what was done when."""
        ends = [str(end) for end in self.ends]
        done = self.abuse.done if hasattr(self, "abuse") else []
        return "\n".join([f"seed {self.seed}", *self.marks, *done, *ends])


def judge(run: Run) -> None:
    """Play a run and fail with what is wrong; its story is shown either way."""
    try:
        wrong = list(run.play())
    finally:
        print(run.story())  # noqa: T201 - shown when the test fails
    where = f"seed {run.seed}, everything is in {run.stack.folder}"
    assert not wrong, f"{where}:\n" + "\n".join(wrong[:40])
    assert run.load.copies >= 0.05 * len(run.load.worths)

"""What is done to the workers, and when: seeded, and driven by how far the load is.

No waiting by the clock, save where the clock is the point: a paused worker has to stay paused for
longer than its session.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from streams.settings import KafkaSettings
from tests.system.facts import SECOND_US
from tests.system.observer import Observer
from tests.system.player import Player
from tests.system.stack import PROCESSORS, Stack
from tests.system.workers import Worker

PAUSED_S = KafkaSettings().session_timeout_s + 2.0
AFTER_TAKEOVER_US = 15 * SECOND_US  # of event time that others close while one is paused
PAUSED_AT_MOST_S = 25.0


@dataclass(frozen=True, slots=True)
class Deed:
    """Something to do once so many slots are sent."""

    at_slot: int
    what: str
    do: Callable[[], None]


@dataclass(slots=True)
class Pause:
    """A worker that was stopped, and how far the others were then."""

    worker: Worker
    since_s: float
    closed_us: int


class Abuse:
    """Carries out its plan as the player goes on; workers that end are started again."""

    def __init__(self, stack: Stack, player: Player, observer: Observer, random: Random) -> None:
        self.done: list[str] = []
        self.kills = dict.fromkeys(PROCESSORS, 0)
        self._stack = stack
        self._player = player
        self._observer = observer
        self._random = random
        self._paused: list[Pause] = []
        self._plan: list[Deed] = []
        self._began_s = time.monotonic()

    def plan(self, slots: int) -> None:
        """Make up what happens when, in a load of so many slots."""

        def at(percent: int) -> int:
            return slots * (percent + self._random.randrange(6)) // 100

        self._add(at(4), "second workers", self._double)
        for percent in (14, 46):
            for processor in self._random.sample(PROCESSORS, 3):
                self._add(at(percent), f"kill {processor}", self._killer(processor))
        for percent, processor in zip(
            (28, 42, 60), self._random.sample(PROCESSORS, 3), strict=True
        ):
            self._add(at(percent), f"pause {processor}", self._pauser(processor))
        self._add(at(74), "one worker each", self._halve)
        for processor in PROCESSORS:
            self._add(at(88), f"kill {processor}", self._killer(processor))

    def step(self) -> None:
        """Do what is due."""
        for worker in self._stack.workers:
            worker.revive()
        for pause in list(self._paused):
            if self._is_over(pause):
                self._resume(pause)
        while self._plan and self._plan[0].at_slot <= self._player.slot:
            if self._paused and self._plan[0].do == self._halve:
                return
            deed = self._plan.pop(0)
            self._note(deed.what)
            deed.do()

    @property
    def is_over(self) -> bool:
        """Whether all was done."""
        return not self._plan and not self._paused

    def _add(self, at_slot: int, what: str, do: Callable[[], None]) -> None:
        self._plan.append(Deed(at_slot, what, do))
        self._plan.sort(key=lambda deed: deed.at_slot)

    def _note(self, what: str) -> None:
        for_s = time.monotonic() - self._began_s
        self.done.append(f"{for_s:6.1f} s  slot {self._player.slot:3}  {what}")

    def _double(self) -> None:
        for processor in PROCESSORS:
            self._stack.add(processor)

    def _halve(self) -> None:
        for processor in PROCESSORS:
            worker = self._random.choice(self._stack.of(processor))
            code = worker.stop()
            self._note(f"stopped {worker.name}: {code}")
            self._stack.workers.remove(worker)
            if code:
                raise AssertionError(f"{worker.name} exited with {code}, see {worker.log}")

    def _killer(self, processor: str) -> Callable[[], None]:
        def kill() -> None:
            awake = [w for w in self._stack.of(processor) if not w.is_paused]
            storing = self._stack.storing()
            victim = storing if storing in awake else self._random.choice(awake)
            if victim is not None:
                self._note(f"killing {victim.name}")
                victim.kill()
                self.kills[processor] += 1

        return kill

    def _pauser(self, processor: str) -> Callable[[], None]:
        def pause() -> None:
            storing = self._stack.storing()
            choice = self._random.choice(self._stack.of(processor))
            worker = storing if processor == "store" and storing else choice
            self._note(f"pausing {worker.name}")
            worker.pause()
            self._paused.append(Pause(worker, time.monotonic(), self._observer.closed_us))

        return pause

    def _is_over(self, pause: Pause) -> bool:
        for_s = time.monotonic() - pause.since_s
        if for_s < PAUSED_S:
            return False
        others_went_on = self._observer.closed_us >= pause.closed_us + AFTER_TAKEOVER_US
        return pause.worker.processor == "store" or others_went_on or for_s > PAUSED_AT_MOST_S

    def _resume(self, pause: Pause) -> None:
        for_s = time.monotonic() - pause.since_s
        self._note(f"resuming {pause.worker.name} after {for_s:.1f} s")
        pause.worker.resume()
        self._paused.remove(pause)

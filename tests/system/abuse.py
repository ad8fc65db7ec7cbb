"""Carries out what is done to a system while a load is played: seeded, driven by how far it is.

No waiting by the clock, save where the clock is the point: what is paused has to stay paused for
longer than a session.
"""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from tests.system.observer import Observer
from tests.system.player import Player
from tests.system.stack import Stack


@dataclass(frozen=True, slots=True)
class Deed:
    """Something to do once so many slots are sent; `alone` is not done beside what is under way."""

    at_slot: int
    what: str
    do: Callable[[], None]
    alone: bool


@dataclass(frozen=True, slots=True)
class Sequel:
    """Something to do once something is so."""

    is_due: Callable[[], bool]
    what: str
    do: Callable[[], None]


class Abuse:
    """A plan, and where it is. Workers that end by themselves are started again."""

    def __init__(
        self, stack: Stack, player: Player, observer: Observer, random: Random, slots: int
    ) -> None:
        self.stack = stack
        self.player = player
        self.observer = observer
        self.random = random
        self.done: list[str] = []
        self.kills: Counter[str] = Counter()
        self._slots = slots
        self._plan: list[Deed] = []
        self._sequels: list[Sequel] = []
        self._began_s = time.monotonic()

    def at(self, percent: int, what: str, do: Callable[[], None], *, alone: bool = False) -> None:
        """Plan something for when about so much of the load is sent."""
        at_slot = self._slots * (percent + self.random.randrange(6)) // 100
        self._plan.append(Deed(at_slot, what, do, alone))
        self._plan.sort(key=lambda deed: deed.at_slot)

    def later(self, is_due: Callable[[], bool], what: str, do: Callable[[], None]) -> None:
        """Do something once something is so."""
        self._sequels.append(Sequel(is_due, what, do))

    def after_s(self, for_s: float, what: str, do: Callable[[], None]) -> None:
        """Do something in so many seconds."""
        at_s = time.monotonic() + for_s
        self.later(lambda: time.monotonic() >= at_s, what, do)

    def step(self) -> None:
        """Do what is due."""
        for worker in self.stack.workers:
            worker.revive()
        for sequel in [each for each in self._sequels if each.is_due()]:
            self._sequels.remove(sequel)
            self.note(sequel.what)
            sequel.do()
        while self._plan and self._plan[0].at_slot <= self.player.slot:
            if self._plan[0].alone and self._sequels:
                return
            deed = self._plan.pop(0)
            self.note(deed.what)
            deed.do()

    @property
    def is_over(self) -> bool:
        """Whether all was done."""
        return not self._plan and not self._sequels

    def note(self, what: str) -> None:
        """Write into the story what is done now."""
        for_s = time.monotonic() - self._began_s
        self.done.append(f"{for_s:6.1f} s  slot {self.player.slot:3}  {what}")

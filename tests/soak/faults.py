"""What is done to a site: something of it is killed or paused every few seconds, seeded."""

import time
from collections import Counter
from collections.abc import Callable
from random import Random

from tests.soak.place import Site
from tests.system.workers import Worker

PAUSES_S = (20.0, 30.0)  # between two faults
PAUSED_S = (4.0, 14.0)  # shorter and longer than a session (6 s)
DOWN_S = 9.0  # a broker, longer than its session
DATABASE_DOWN_S = 6.0


class Faults:
    """Call `step` often. What it ends it starts again."""

    def __init__(self, site: Site, random: Random) -> None:
        self.done: Counter[str] = Counter()
        self.story: list[str] = []
        self._site = site
        self._random = random
        self._began_s = time.monotonic()
        self._next_s = self._began_s + PAUSES_S[1]
        self._due: list[tuple[float, Callable[[], None]]] = []
        self._kinds: list[tuple[str, Callable[[], None]]] = [
            ("worker killed", self._kill_worker),
            ("worker killed", self._kill_worker),
            ("worker paused", self._pause_worker),
            ("two workers killed", self._kill_two),
            ("producer killed", self._kill_producer),
            ("producer paused", self._pause_producer),
            ("broker killed", self._kill_broker),
            ("broker paused", self._pause_broker),
            ("ClickHouse killed", self._kill_database),
        ]

    def step(self) -> None:
        """Do what is due; nothing new while something is down for longer."""
        for worker in (*self._site.workers, *self._site.producers):
            worker.revive()
        now_s = time.monotonic()
        for at_s, undo in [each for each in self._due if each[0] <= now_s]:
            self._due.remove((at_s, undo))
            undo()
        if now_s >= self._next_s and not self._due and self._site.cluster.is_whole():
            what, do = self._random.choice(self._kinds)
            self.done[what] += 1
            self.story.append(f"{now_s - self._began_s:7.1f} s  {what}")
            do()
            self._next_s = now_s + self._random.uniform(*PAUSES_S)

    def end(self) -> None:
        """Undo what is still to be undone."""
        for _, undo in self._due:
            undo()
        self._due.clear()

    def _later(self, after_s: float, undo: Callable[[], None]) -> None:
        self._due.append((time.monotonic() + after_s, undo))

    def _kill_worker(self) -> None:
        self._random.choice(self._site.workers).kill()

    def _kill_two(self) -> None:
        for worker in self._random.sample(self._site.workers, 2):
            worker.kill()

    def _pause_worker(self) -> None:
        self._pause(self._random.choice(self._site.workers))

    def _kill_producer(self) -> None:
        self._random.choice(self._site.producers).kill()

    def _pause_producer(self) -> None:
        self._pause(self._random.choice(self._site.producers))

    def _pause(self, worker: Worker) -> None:
        worker.pause()
        self._later(self._random.uniform(*PAUSED_S), worker.resume)

    def _kill_broker(self) -> None:
        node = self._random.choice(self._site.cluster.nodes)
        node.kill()
        self._later(DOWN_S, node.start)

    def _pause_broker(self) -> None:
        node = self._random.choice(self._site.cluster.nodes)
        node.pause()
        self._later(self._random.uniform(*PAUSED_S), node.resume)

    def _kill_database(self) -> None:
        self._site.server.kill()
        self._later(DATABASE_DOWN_S, self._site.server.start)

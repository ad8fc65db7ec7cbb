"""A log that is produced and folded bit by bit, by one worker that may be replaced at any step."""

from collections.abc import Sequence

from streams.core.policies import Policies
from tests.builders.terms import NOTHING_AGREED
from tests.simulation.broker import Broker, Message
from tests.simulation.worker import Worker


class Run:
    """Feeds records to a worker as fast as it reads them; it emits and commits all the time."""

    def __init__(
        self,
        records: Sequence[Message],
        lateness_us: int,
        remember_us: int,
        policies: Policies = NOTHING_AGREED,
    ) -> None:
        self.broker = Broker()
        self.policies = policies
        self.lateness_us = lateness_us
        self.remember_us = remember_us
        self.coming = list(reversed(records))
        self.steps = 0
        self.replace_worker()

    def replace_worker(self) -> None:
        """Kill the worker, losing what it has not delivered, and start another."""
        self.worker = Worker(self.broker, self.lateness_us, self.remember_us, self.policies)

    def step(self) -> bool:
        """Produce one record, or let the worker do one thing; False at the end."""
        if not self.worker.step():
            if not self.coming:
                return False
            self.broker.append(self.coming.pop())
            self.worker.emit_provisional()
            self.worker.commit()
        self.steps += 1
        return True

    def go(self, steps: int) -> "Run":
        """Take so many steps, or fewer at the end."""
        for _ in range(steps):
            self.step()
        return self

    def finish(self) -> "Run":
        """Go on to the end."""
        while self.step():
            pass
        return self

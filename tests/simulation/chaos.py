"""Meters, several workers and a broker, moved one small step at a time by whoever drives them.

Acknowledgements are delayed, or lost with their worker. A dead worker's last records arrive late,
twice or never. A replaced worker goes on writing until it dies. `outlive` ends it all with one
worker, and `check` says what must stand then.
"""

from collections.abc import Mapping
from typing import Any, cast

from schemas.records import Partial
from streams.core.windows import MINUTE_US, SECOND_US
from tests.builders.drawing import meter
from tests.builders.terms import GPT_4O, book, gpu_price, rules, token_price
from tests.builders.usage import T0, call, holder, interval
from tests.simulation.broker import Broker, Message
from tests.simulation.judge import Batch, Verdict, judge, where_of
from tests.simulation.worker import Worker

LATENESS_US = 90 * SECOND_US
REMEMBER_US = 120 * SECOND_US
STEP_US = 10 * SECOND_US
ORIGINS = 2
RULES = (
    rules(book(*GPT_4O, gpu_price("2.40"), version="b1")),
    rules(book(token_price("tokens.input", "3"), gpu_price("0.000000000007"), version="b2")),
)

Place = tuple[int, str]  # window start and pool, as a late partial names them


class Chaos:
    """The whole of it. Indices may be any number; without a thing to act on nothing happens."""

    def __init__(self) -> None:
        self.broker = Broker()
        self.workers: list[Worker] = []
        self.orphans: list[Message] = []  # unsent records of the dead
        self.watermarks = [T0] * ORIGINS
        self.seq = 0
        self.start()

    # What the meters do

    def meter_batch(self, ago: int, tenant: str, gpu: bool, version: int) -> None:
        """Meter a batch of one or two windows, `ago` steps before the greatest watermark."""
        at = max(self.watermarks) - ago * STEP_US
        if gpu:
            event: Any = interval(holder(7, 3, tenant=tenant), start_us=at, end_us=at + STEP_US)
        else:
            event = call(at_us=at, tenant=tenant, input_tokens=self.seq)
        for each in meter(RULES[version], event, seq=self.seq, now_us=at + STEP_US).partials:
            self.append("Partial", each)
        self.seq += 1

    def meter_again(self, which: int) -> None:
        """Send any partial a second time."""
        partials = self.partials()
        if partials:
            self.append("Partial", partials[which % len(partials)])

    def advance(self, origin: int, steps: int) -> None:
        """Send a watermark of one origin."""
        self.watermarks[origin] += steps * STEP_US
        self.send_watermark(origin, self.watermarks[origin])

    def send_watermark(self, origin: int, at_us: int) -> None:
        self.append("Watermark", {"origin": f"o{origin}", "at_us": at_us, "origins": ORIGINS})

    def append(self, name: str, record: Mapping[str, Any]) -> None:
        self.broker.append(Message(name, record))

    # What the workers do

    def start(self) -> None:
        """Assign the partition to one more worker."""
        self.workers.append(Worker(self.broker, LATENESS_US, REMEMBER_US))

    def read(self, which: int, records: int) -> None:
        for worker in self.chosen(which):
            for _ in range(records):
                if worker.behind:
                    worker.read()

    def deliver(self, which: int, message: int) -> None:
        for worker in self.chosen(which):
            if worker.unsent:
                worker.deliver(message % len(worker.unsent))

    def acknowledge(self, which: int, message: int) -> None:
        for worker in self.chosen(which):
            if worker.unacknowledged:
                worker.acknowledge(message % len(worker.unacknowledged))

    def go_on(self, which: int, steps: int) -> None:
        """Let a worker do what a healthy one does."""
        for worker in self.chosen(which):
            for _ in range(steps):
                worker.step()

    def emit_provisional(self, which: int) -> None:
        for worker in self.chosen(which):
            worker.emit_provisional()

    def claim_again(self, which: int) -> None:
        for worker in self.chosen(which):
            if worker.log.contested:
                worker.claim()

    def commit(self, which: int) -> None:
        for worker in self.chosen(which):
            worker.commit()
            assert self.broker.committed in {0, *self.verdict().closes}

    def die(self, which: int) -> None:
        for worker in self.chosen(which):
            self.workers.remove(worker)
            self.orphans += [message for message, _ in worker.unsent]

    def chosen(self, which: int) -> list[Worker]:
        return [self.workers[which % len(self.workers)]] if self.workers else []

    # What becomes of the last records of the dead

    def deliver_orphan(self, which: int, again: bool) -> None:
        """Let one arrive after all; `again` leaves a copy on its way."""
        if self.orphans:
            message = self.orphans[which % len(self.orphans)]
            self.broker.append(message)
            if not again:
                self.orphans.remove(message)

    def lose_orphan(self, which: int) -> None:
        if self.orphans:
            self.orphans.pop(which % len(self.orphans))

    # How it ends

    def outlive(self) -> Worker:
        """Let all workers die and their records arrive; return the last one after it is done."""
        while self.workers:
            self.die(0)
        last = Worker(self.broker, LATENESS_US, REMEMBER_US)
        last.settle()
        for message in self.orphans:  # claims among them leave the last one contested
            self.broker.append(message)
        last.settle()
        end = max([where_of(each).end_us for each in self.partials()], default=T0)
        for after_us in (0, REMEMBER_US, REMEMBER_US + MINUTE_US):
            if last.log.contested:
                last.claim()
                last.settle()
            for origin in range(ORIGINS):
                at_us = max(end, *self.watermarks) + LATENESS_US + MINUTE_US + after_us
                self.send_watermark(origin, at_us)
            last.settle()
            last.commit()
        return last

    def check_always(self) -> None:
        """Check what holds at any time."""
        verdict = self.verdict()
        assert self.broker.committed in {0, *verdict.closes}
        for line, contents in self.broker.by_revision().items():
            assert len(contents) == 1, line
        self.check_passed_on(verdict)

    def check_passed_on(self, verdict: Verdict) -> None:
        """Check that what was counted is passed on only after its window was forgotten."""
        forgotten_us = verdict.closed_through_us - LATENESS_US - REMEMBER_US
        counted = {
            ((where.start_us, where.pool), batch): where.end_us
            for where, batches in verdict.counted.items()
            for batch in batches
        }
        for late in self.passed_on() & counted.keys():
            assert counted[late] <= forgotten_us, late

    def check(self, last: Worker) -> None:
        """Check what holds in the end."""
        verdict = self.verdict()
        expected = verdict.final_lines()
        assert self.broker.finals() == {line: {content} for line, content in expected.items()}
        assert self.broker.as_read() == expected
        late = {((where.start_us, where.pool), batch) for where, batch in verdict.late}
        assert late <= self.passed_on()
        self.check_always()
        assert last.log.active
        assert not last.log.windows
        assert not last.log.batch_ids
        assert not last.log._frozen
        assert not last.log._late
        assert last.log.committable() == self.broker.committed == verdict.closes[-1]

    def partials(self) -> list[Partial]:
        return [cast("Partial", record) for name, record in self.broker.log if name == "Partial"]

    def verdict(self) -> Verdict:
        return judge(self.broker.log, LATENESS_US)

    def passed_on(self) -> set[tuple[Place, Batch]]:
        return {
            (
                (late["window_start_us"], late["pool"]),
                (late["source"], late["epoch"], late["seq"]),
            )
            for late in self.broker.late
        }

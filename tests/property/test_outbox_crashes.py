"""The law of the outbox under any order of puts, turns, outages, crashes and a full disk bound.

What was synced to disk arrives, in one batch id with the same bytes each time, ids without gaps;
what was not is told as a loss, to the event.
"""

import shutil
import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from agents.outbox.limits import Limits
from tests.outbox_parts import FakeChannel, Hands, Rig, decode, event, numbers

KIB = 1024
# As small a bound as is allowed: full after about 70 batches of 10 kB.
LIMITS = Limits(max_events=100, max_batch_bytes=16 * KIB, max_buffered_events=400)
TIGHT = Limits(
    max_events=100,
    max_batch_bytes=16 * KIB,
    max_buffered_events=400,
    max_disk_bytes=LIMITS.least_disk_bytes,
)
PADDING = "x" * 90  # makes an event about 100 bytes


class OutboxMachine(RuleBasedStateMachine):
    """Drives one outbox file through its life and compares with a plain count."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.channel = FakeChannel()
        self.hands = Hands()
        self.rig = self.open()
        self.put = 0
        self.accepted: set[int] = set()
        self.gone_events = 0  # accepted or refused, and in memory only when it crashed

    def open(self) -> Rig:
        return Rig(self.folder / "outbox.db", self.channel, self.hands, TIGHT)

    @rule(count=st.integers(1, 500))
    def put_events(self, count: int) -> None:
        for _ in range(count):
            if self.rig.intake.put(event(self.put, project=PADDING)):
                self.accepted.add(self.put)
            self.put += 1

    @rule(after_s=st.sampled_from([0.0, 0.3, 1.0, 7.0]))
    def take_a_turn(self, after_s: float) -> None:
        self.rig.turn(after_s)

    @precondition(lambda self: not self.channel.is_up)
    @rule(count=st.integers(5, 60))
    def fill_during_an_outage(self, count: int) -> None:
        for _ in range(count):
            self.put_events(100)
            self.rig.turn()

    @rule(is_up=st.booleans())
    def switch_broker(self, is_up: bool) -> None:
        self.channel.is_up = is_up

    @rule()
    def time_out(self) -> None:
        self.channel.time_out()

    @rule()
    def crash(self) -> None:
        worker = self.rig.worker
        unsaved = worker._losses.events() - sum(loss["events"] for loss in worker._saved)
        refused = sum(loss["events"] for loss in self.rig.intake.take_refused())
        self.gone_events += len(self.rig.intake) + unsaved + refused
        self.rig.crash()
        self.channel.waiting.clear()
        self.channel.settled.clear()
        self.rig = self.open()

    @invariant()
    def stays_within_its_bound(self) -> None:
        assert self.rig.store.disk_bytes() <= TIGHT.max_disk_bytes

    def teardown(self) -> None:
        self.channel.is_up = True
        self.rig.drain()
        self.check()
        self.rig.crash()
        shutil.rmtree(self.folder)

    def check(self) -> None:
        contents: dict[int, bytes] = {}
        for stored in self.channel.log:
            assert contents.setdefault(stored.seq, stored.payload) == stored.payload
        assert sorted(contents) == list(range(self.rig.store.next_seq))
        batches = [decode(contents[seq]) for seq in sorted(contents)]
        assert [batch["seq"] for batch in batches] == sorted(contents)
        assert {batch["epoch"] for batch in batches} <= {self.rig.store.epoch}
        times = Counter(number for batch in batches for number in numbers(batch))
        assert not times or max(times.values()) == 1
        assert set(times) <= self.accepted
        lost = sum(loss["events"] for batch in batches for loss in batch["losses"])
        assert self.put == len(times) + lost + self.gone_events


OutboxMachine.TestCase.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
TestOutboxLife = OutboxMachine.TestCase

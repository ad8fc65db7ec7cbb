"""The law of an outbox with a memory, whose callers send again what was not confirmed.

Under any order of puts, repeats, turns, outages, crashes and a full disk: what was confirmed
arrives once, nothing arrives twice, and nothing is told as a loss.
"""

import shutil
import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from agents.outbox.limits import KIB, Limits
from agents.outbox.remembered import Memory, identity
from tests.outbox_parts import FakeChannel, Hands, Rig, decode, event, numbers

MEMORY = Memory(max_events=4_096, max_age_s=86_400.0)  # more than a run puts, of both
SIZES = Limits(max_events=100, max_batch_bytes=16 * KIB, max_buffered_events=200)
TIGHT = Limits(
    max_events=100,
    max_batch_bytes=16 * KIB,
    max_buffered_events=200,
    max_disk_bytes=SIZES.least_disk_bytes,
)
PADDING = "x" * 90


class OnceMachine(RuleBasedStateMachine):
    """A client that keeps what was not confirmed, and an outbox that may die."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.channel = FakeChannel()
        self.hands = Hands()
        self.rig = self.open()
        self.made = 0
        self.kept: list[int] = []  # by the client: sent, perhaps, and not confirmed
        self.confirmed: set[int] = set()

    def open(self) -> Rig:
        return Rig(self.folder / "outbox.db", self.channel, self.hands, TIGHT, MEMORY)

    @rule(count=st.integers(1, 150))
    def make(self, count: int) -> None:
        self.kept += range(self.made, self.made + count)
        self.made += count

    @rule(is_answer_lost=st.booleans(), from_the_start=st.booleans())
    def send(self, *, is_answer_lost: bool, from_the_start: bool) -> None:
        sent = (list(self.confirmed)[:50] if from_the_start else []) + self.kept[:250]
        since = self.rig.intake.mark()
        taken = [self.put(number) for number in sent]
        self.rig.hands.at_s += 0.01
        self.rig.worker.turn(is_last=True)  # what a flush asks for
        is_kept = all(taken) and self.rig.intake.mark() == since
        if is_kept and not is_answer_lost:
            self.confirmed.update(sent)
            self.kept = [number for number in self.kept if number not in self.confirmed]

    def put(self, number: int) -> bool:
        made = event(number, project=PADDING)
        return self.rig.intake.put(made, identity("gw", str(number)))

    @rule()
    def turn(self) -> None:
        self.rig.turn(1.0)

    @rule(is_up=st.booleans())
    def switch_broker(self, *, is_up: bool) -> None:
        self.channel.is_up = is_up

    @rule()
    def crash(self) -> None:
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
        contents = {stored.seq: stored.payload for stored in self.channel.log}
        batches = [decode(payload) for payload in contents.values()]
        times = Counter(number for batch in batches for number in numbers(batch))
        assert not times or max(times.values()) == 1
        assert self.confirmed <= set(times)
        assert not any(batch["losses"] for batch in batches)
        self.rig.crash()
        shutil.rmtree(self.folder)


OnceMachine.TestCase.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
TestOnce = OnceMachine.TestCase

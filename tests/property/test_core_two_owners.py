"""Several workers at once on one partition, dying and waking at any point: see `Chaos`.

Whatever happens, every window is finally final, once, and every batch is counted or passed on.
"""

from collections.abc import Callable
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.simulation.chaos import ORIGINS, Chaos

STEPS = 250  # of a long history: some hundred records, a dozen workers
CHECK_EVERY = 50

any_index = st.integers(0, 1000)
tenants = st.sampled_from(["acme", "globex"])


def moves(chaos: Chaos, random: Random) -> dict[Callable[[], None], int]:
    """Return what may happen next, and how often it does among the others."""

    def index() -> int:
        return random.randrange(1000)

    def meter_batch() -> None:
        tenant = random.choice(["acme", "globex"])
        chaos.meter_batch(random.randint(-20, 60), tenant, random.random() < 0.5, index() % 2)

    def advance() -> None:
        chaos.advance(random.randrange(ORIGINS), random.randint(0, 25))

    def start() -> None:
        if len(chaos.workers) < 3:
            chaos.start()

    return {
        meter_batch: 10,
        lambda: chaos.meter_again(index()): 4,
        advance: 10,
        start: 4,
        lambda: chaos.read(index(), random.randint(1, 10)): 4,
        lambda: chaos.deliver(index(), index()): 8,
        lambda: chaos.acknowledge(index(), index()): 8,
        lambda: chaos.go_on(index(), random.randint(1, 60)): 14,
        lambda: chaos.emit_provisional(index()): 2,
        lambda: chaos.claim_again(index()): 4,
        lambda: chaos.commit(index()): 4,
        lambda: chaos.die(index()): 2,
        lambda: chaos.deliver_orphan(index(), random.random() < 0.2): 4,
        lambda: chaos.lose_orphan(index()): 2,
    }


@given(seed=st.integers(0, 2**64))
def test_long_histories_end_with_one_final_of_every_window(seed: int) -> None:
    """Histories too long to shrink; the machine below finds short ones."""
    chaos, random = Chaos(), Random(seed)
    chances = moves(chaos, random)
    for at, move in enumerate(random.choices(list(chances), list(chances.values()), k=STEPS)):
        move()
        if at % CHECK_EVERY == 0:
            chaos.check_always()
    chaos.check(chaos.outlive())


class TwoOwners(RuleBasedStateMachine):
    """The same in histories that hypothesis makes and shrinks."""

    def __init__(self) -> None:
        super().__init__()
        self.chaos = Chaos()

    @rule(ago=st.integers(-20, 60), tenant=tenants, gpu=st.booleans(), version=st.integers(0, 1))
    def meter_batch(self, ago: int, tenant: str, gpu: bool, version: int) -> None:
        self.chaos.meter_batch(ago, tenant, gpu, version)

    @rule(which=any_index)
    def meter_again(self, which: int) -> None:
        self.chaos.meter_again(which)

    @rule(origin=st.integers(0, ORIGINS - 1), steps=st.integers(0, 25))
    def advance(self, origin: int, steps: int) -> None:
        self.chaos.advance(origin, steps)

    @precondition(lambda self: len(self.chaos.workers) < 3)
    @rule()
    def start(self) -> None:
        self.chaos.start()

    @rule(which=any_index, records=st.integers(1, 10))
    def read(self, which: int, records: int) -> None:
        self.chaos.read(which, records)

    @rule(which=any_index, message=any_index)
    def deliver(self, which: int, message: int) -> None:
        self.chaos.deliver(which, message)

    @rule(which=any_index, message=any_index)
    def acknowledge(self, which: int, message: int) -> None:
        self.chaos.acknowledge(which, message)

    @rule(which=any_index, steps=st.integers(1, 60))
    def go_on(self, which: int, steps: int) -> None:
        self.chaos.go_on(which, steps)

    @rule(which=any_index)
    def emit_provisional(self, which: int) -> None:
        self.chaos.emit_provisional(which)

    @rule(which=any_index)
    def claim_again(self, which: int) -> None:
        self.chaos.claim_again(which)

    @rule(which=any_index)
    def commit(self, which: int) -> None:
        self.chaos.commit(which)

    @rule(which=any_index)
    def die(self, which: int) -> None:
        self.chaos.die(which)

    @precondition(lambda self: self.chaos.orphans)
    @rule(which=any_index, again=st.booleans())
    def deliver_orphan(self, which: int, again: bool) -> None:
        self.chaos.deliver_orphan(which, again)

    @precondition(lambda self: self.chaos.orphans)
    @rule(which=any_index)
    def lose_orphan(self, which: int) -> None:
        self.chaos.lose_orphan(which)

    @invariant()
    def check_always(self) -> None:
        self.chaos.check_always()

    def teardown(self) -> None:
        self.chaos.check(self.chaos.outlive())


TwoOwners.TestCase.settings = settings(stateful_step_count=40)
TestTwoOwners = TwoOwners.TestCase

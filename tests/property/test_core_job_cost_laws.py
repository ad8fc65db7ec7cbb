"""Laws of what a job costs: the fold is the recomputation, in any order, whatever is read when.

A log of lines, a store that is somewhere in it, and a watch that is elsewhere in it, asks what the
store has, hears the answer later, and may start anew at any point. Corrections become complete in
between.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.records import CostLine
from streams.core.job_cost import (
    EVERYWHERE,
    RANK,
    JobCost,
    Newest,
    Past,
    Place,
    Told,
    newest_of,
    told_of,
)
from streams.core.windows import MINUTE_US
from tests.builders.jobs import job_line
from tests.builders.usage import T0

MINUTES, POOLS = 6, ("h100", "h200")


def streamed(minute: int, pool: str, thing: int, revision: int, *, is_final: bool) -> CostLine:
    """Return a line; what it says follows from its identity and revision."""
    cost = None if (minute + thing + revision) % 7 == 0 else str(1 + minute * thing + revision)
    status = "final" if is_final else "provisional"
    return job_line(minute, cost, thing=thing, pool=pool, revision=revision, status=status)


lines = st.builds(
    streamed,
    st.integers(0, MINUTES - 1),
    st.sampled_from(POOLS),
    st.integers(0, 1),
    st.integers(1, 3),
    is_final=st.booleans(),
)
corrections = st.tuples(
    st.tuples(st.integers(0, MINUTES - 1).map(lambda minute: T0 + minute * MINUTE_US),
              st.sampled_from(POOLS)),
    st.lists(st.integers(0, 9), max_size=2),
)  # fmt: skip
steps = st.one_of(
    st.tuples(st.just("read"), st.integers(1, 4)),
    st.tuples(st.just("insert"), st.integers(1, 4)),
    st.just(("commit", 0)),
    st.tuples(st.just("ask"), st.integers(0, MINUTES)),
    st.just(("hear", 0)),
    st.tuples(st.just("ask and hear"), st.integers(0, MINUTES)),
    st.just(("restart", 0)),
    st.tuples(st.just("correct"), st.integers(0, 3)),
)


def in_force(log: Iterable[CostLine]) -> dict[Place, dict[str, CostLine]]:
    """Return of each line of generation 0 the highest revision, final over provisional."""
    found: dict[Place, dict[str, CostLine]] = {}
    for line in log:
        here = found.setdefault((line["window_start_us"], line["pool"]), {})
        other = here.get(line["line_id"], line)
        here[line["line_id"]] = max(
            line, other, key=lambda each: (each["revision"], RANK[each["status"]])
        )
    return found


def cost(log: Iterable[CostLine], corrected: dict[Place, list[int]]) -> int:
    """Compute from scratch what a job costs."""
    streamed = in_force(log)
    whole = sum(sum(costs) for costs in corrected.values())
    for place, here in streamed.items():
        if place not in corrected:
            whole += sum(told_of(line, 0).pico or 0 for line in here.values())
    return whole


def past(
    log: list[CostLine], corrected: dict[Place, list[int]], since_us: int, before: int
) -> Past:
    """Return what a store that has inserted a log would say, as `job_pasts` does."""
    found = in_force(log)
    settled = [
        (place, told_of(line, 0))
        for place, here in found.items()
        for line in here.values()
        if place[0] < since_us and place not in corrected
    ]
    fixed = [
        (place, Told(0, RANK["corrected"], 0, each, place[0] + MINUTE_US, "book-1"))
        for place, costs in corrected.items()
        for each in costs
    ]
    settled += fixed
    return Past(
        before,
        since_us,
        sum(told.pico or 0 for _, told in settled),
        sum(told.pico is None for _, told in settled),
        min((place[0] for place, _ in settled), default=None),
        max((newest_of(place[0], told) for place, told in settled), default=None),
        frozenset(place for place in corrected if place[0] >= since_us),
        tuple(
            (place, line["line_id"], told_of(line, EVERYWHERE))
            for place, here in found.items()
            for line in here.values()
            if place[0] >= since_us and place not in corrected
        ),
    )


@dataclass
class World:
    """A log, how far the store is, and a watch."""

    log: list[CostLine]
    planned: list[tuple[Place, list[int]]]
    inserted: int = 0
    committed: int = 0
    begin: int = 0  # where watch begins when it starts anew
    read: int = 0
    gate: int = 0
    corrected: dict[Place, list[int]] = field(default_factory=dict)
    heard: dict[Place, list[int]] = field(default_factory=dict)
    answer: tuple[Past, int, dict[Place, list[int]]] | None = None
    job: JobCost = field(default_factory=JobCost)

    def step(self, what: str, number: int) -> None:
        match what:
            case "read":
                for line in self.log[self.read : self.read + number]:
                    self.job.take(line, self.read)
                    self.read += 1
            case "insert":
                self.inserted = min(len(self.log), self.inserted + number)
            case "commit":
                self.committed = self.inserted
            case "ask":
                since_us = T0 + number * MINUTE_US
                corrected = dict(self.corrected)
                said = past(self.log[: self.inserted], corrected, since_us, self.committed)
                self.answer = said, self.inserted, corrected
            case "hear" if self.answer is not None:
                said, self.gate, self.heard = self.answer
                self.job.learn(said)
                self.begin = max(self.begin, said.before)
                self.answer = None
            case "ask and hear":
                self.step("ask", number)
                self.step("hear", 0)
            case "restart":
                self.job, self.answer, self.read = JobCost(), None, self.begin
            case "correct" if number < len(self.planned):
                place, costs = self.planned[number]
                self.corrected[place] = costs
            case _:
                pass

    def check(self) -> None:
        """What is known is exactly the fold up to the position, and corrections heard of."""
        spent = self.job.spending()
        if spent is not None and self.read >= self.gate:
            assert spent.pico == cost(self.log[: self.read], self.heard)


@settings(max_examples=500)
@given(
    st.lists(lines, min_size=2, max_size=20),
    st.lists(corrections, max_size=4),
    st.lists(steps, min_size=5, max_size=40),
)
def test_what_a_job_costs_is_the_fold_of_what_was_read_whatever_happened(
    log: list[CostLine], planned: list[tuple[Place, list[int]]], story: list[tuple[str, int]]
) -> None:
    world = World(log, planned)
    for what, number in story:
        world.step(what, number)
        world.check()
    # In the end everything is read, inserted and asked for: it is what readers of ClickHouse see.
    for what, number in (("read", 99), ("insert", 99), ("commit", 0), ("ask", 3), ("hear", 0)):
        world.step(what, number)
        world.check()
    spent = world.job.spending()
    assert (0 if spent is None else spent.pico) == cost(log, world.corrected)
    nothing = set(in_force(log)) <= set(world.corrected) and not any(world.corrected.values())
    assert (spent is None) == nothing


@given(
    st.lists(lines, max_size=20).flatmap(
        lambda log: st.tuples(st.just(log), st.permutations(log * 2))
    )
)
def test_order_and_repetition_change_nothing(logs: tuple[list[CostLine], list[CostLine]]) -> None:
    log, mixed = logs
    one, other = JobCost(), JobCost()
    for job, some in ((one, log), (other, mixed)):
        job.learn(Past())
        for offset, line in enumerate(some):
            job.take(line, offset)
    assert one.spending() == other.spending()


@given(st.lists(lines, min_size=1, max_size=20))
def test_what_is_settled_is_kept_no_more(log: list[CostLine]) -> None:
    job = JobCost()
    for offset, line in enumerate(log):
        job.take(line, offset)
    job.learn(past(log, {}, T0 + MINUTES * MINUTE_US, len(log)))
    assert job.lines == 0
    spent = job.spending()
    assert spent is not None
    assert spent.pico == cost(log, {})
    assert spent.newest.start_us == max(line["window_start_us"] for line in log)
    assert isinstance(spent.newest, Newest)

"""The reader hands each record on once, in order, from what is committed, across rebalances."""

from dataclasses import dataclass, field
from typing import cast

import pytest
from faust.types import TP
from faust.types.tuples import Message

from schemas import topics
from streams.processors import reader as module
from streams.processors.app import Partitions
from streams.processors.reader import Reader
from streams.processors.stall import PATIENCE_S, PAUSE_S
from tests.processor_fakes import FakePartitions, app, message, run

LOG = topics.METERED_PARTIAL
HERE = TP(LOG.name, 0)
THERE = TP(LOG.name, 1)


@dataclass(slots=True)
class Handler:
    """Remembers what it is handed."""

    assignments: list[set[TP]] = field(default_factory=list)
    offsets: list[int] = field(default_factory=list)

    async def assigned(self, partitions: set[TP]) -> None:
        self.assignments.append(partitions)

    async def handle(self, message: Message) -> None:
        self.offsets.append(message.offset)


@dataclass(slots=True)
class Bench:
    """A reader of one partition on fakes."""

    reader: Reader
    handler: Handler
    partitions: FakePartitions

    async def hand_over(self, *offsets: int, partition: int = 0) -> None:
        for offset in offsets:
            await self.reader._one(message(LOG, offset, b"", partition=partition))

    async def assign(self, *partitions: TP) -> None:
        await self.reader._assigned(None, set(partitions))


def bench(committed: int | None = None) -> Bench:
    handler = Handler()
    reader = Reader(app("allocate"), [LOG.name], handler)
    begins = {} if committed is None else {HERE: committed}
    partitions = FakePartitions(begins=begins)
    reader.partitions = cast("Partitions", partitions)
    return Bench(reader, handler, partitions)


class FakeTime:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def monotonic(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeTime:
    made = FakeTime()
    monkeypatch.setattr(module, "time", made)
    return made


async def recover(it: Bench, clock: FakeTime, for_s: float) -> None:
    """Tick several times a second for a while."""
    until_s = clock.now_s + for_s
    while clock.now_s <= until_s:
        await it.reader.recover()
        clock.now_s += PAUSE_S / 2


def test_it_is_behind_while_the_log_has_more_than_was_handled() -> None:
    async def test() -> list[bool]:
        it = bench()
        await it.assign(HERE, THERE)
        found = [it.reader.is_behind]  # nothing is known of the log
        it.partitions.ends = {HERE: (2, 0), THERE: (0, 0)}
        found.append(it.reader.is_behind)
        for offset in range(2):
            await it.hand_over(offset)
            found.append(it.reader.is_behind)
        return found

    assert run(test()) == [False, True, True, False]


def test_reading_begins_at_what_is_committed() -> None:
    async def test() -> None:
        it = bench(committed=5)
        await it.assign(HERE)
        await it.hand_over(3, 4, 5, 6)
        assert it.handler.offsets == [5, 6]

    run(test())


def test_reading_begins_at_the_log_s_begin_when_nothing_is_committed() -> None:
    async def test() -> None:
        it = bench()
        await it.assign(HERE)
        await it.hand_over(2)
        assert it.handler.offsets == []
        assert it.partitions.sought == [(HERE, 0)]
        await it.hand_over(0, 1, 2)
        assert it.handler.offsets == [0, 1, 2]

    run(test())


def test_after_a_rebalance_records_fetched_before_it_are_not_folded() -> None:
    async def test() -> None:
        it = bench(committed=5)
        await it.assign(HERE)
        await it.hand_over(5, 6)
        await it.assign(HERE)
        await it.hand_over(7)  # buffered before the rebalance
        await it.hand_over(5, 6, 7, 8)
        assert it.handler.offsets == [5, 6, 5, 6, 7, 8]

    run(test())


def test_a_record_of_a_partition_taken_away_is_dropped() -> None:
    async def test() -> None:
        it = bench(committed=0)
        await it.assign(HERE, THERE)
        await it.hand_over(0, partition=1)
        await it.assign(HERE)
        await it.hand_over(1, partition=1)
        await it.hand_over(0)
        assert it.handler.offsets == [0, 0]

    run(test())


def test_a_record_overtaken_by_a_rebalance_is_dropped() -> None:
    async def test() -> None:
        it = bench()

        async def rebalanced() -> None:
            it.partitions.begins[HERE] = 3
            await it.assign(HERE)

        await it.assign(HERE)
        it.partitions.asked = rebalanced
        await it.hand_over(0)
        assert it.handler.offsets == []
        await it.hand_over(3)
        assert it.handler.offsets == [3]

    run(test())


def test_what_was_fetched_and_never_handed_over_is_read_again(clock: FakeTime) -> None:
    async def test() -> None:
        it = bench(committed=5)
        await it.assign(HERE)
        await it.hand_over(5, 6)
        it.partitions.ends[HERE] = (9, 0)
        await recover(it, clock, PATIENCE_S / 2)
        assert it.partitions.sought == []
        await recover(it, clock, PATIENCE_S)
        assert it.partitions.sought == [(HERE, 7)]

    run(test())


def test_a_partition_nothing_has_come_of_is_read_again_from_its_begin(clock: FakeTime) -> None:
    async def test() -> None:
        it = bench()
        await it.assign(HERE)
        it.partitions.ends[HERE] = (3, 0)
        await recover(it, clock, PATIENCE_S + PAUSE_S)
        assert it.partitions.sought == [(HERE, 0)]

    run(test())


def test_nothing_is_sought_at_the_end_of_the_log(clock: FakeTime) -> None:
    async def test() -> None:
        it = bench(committed=5)
        await it.assign(HERE)
        it.partitions.ends[HERE] = (5, 0)
        await recover(it, clock, 5 * PATIENCE_S)
        assert it.partitions.sought == []

    run(test())


def test_nothing_is_sought_while_the_group_is_rebalancing(clock: FakeTime) -> None:
    async def test() -> None:
        it = bench(committed=5)
        await it.assign(HERE)
        it.partitions.ends[HERE] = (9, 0)
        it.partitions.rebalancing = True
        await recover(it, clock, 5 * PATIENCE_S)
        assert it.partitions.sought == []

    run(test())


def test_nothing_is_sought_while_records_wait_to_be_handled(clock: FakeTime) -> None:
    async def test() -> None:
        it = bench(committed=5)
        await it.assign(HERE)
        it.partitions.ends[HERE] = (9, 0)
        it.reader._waiting = lambda: 1
        await recover(it, clock, 5 * PATIENCE_S)
        assert it.partitions.sought == []

    run(test())

"""The shell of allocate: who may emit, what waits for whose acknowledgement, what is committed."""

import asyncio
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from faust.types import TP

from schemas import topics
from streams.config_topic import Kind
from streams.core.windows import MINUTE_US, SECOND_US
from streams.processors import allocate as module
from streams.processors import library
from streams.processors.allocate import Allocate
from streams.processors.app import Partitions
from streams.processors.errors import SendFailed, VersionUnknown
from streams.processors.library import Find, Library
from streams.settings import AllocateSettings
from tests.builders.drawing import meter
from tests.builders.terms import GPT_4O, book, rules
from tests.builders.usage import T0, call
from tests.processor_fakes import (
    CODEC,
    FakeOutlet,
    FakePartitions,
    Sent,
    app,
    message,
    metrics,
    run,
    settle,
)

TOPIC = topics.METERED_PARTIAL
HERE = TP(TOPIC.name, 0)
LATENESS_S, REMEMBER_S = 60.0, 120.0
CLOSES_US = T0 + MINUTE_US + round(LATENESS_S * SECOND_US)  # the window of T0


class FakeTime:
    """A monotonic clock that tests move; sending makes it move, too."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.worked_s = 5.0

    def thread_time(self) -> float:
        return self.worked_s

    def monotonic(self) -> float:
        return self.now_s

    def perf_counter(self) -> float:
        return self.now_s

    def time_ns(self) -> int:
        return 0


@dataclass(slots=True)
class Bench:
    """An allocate that owns one partition, whose log the test writes."""

    allocate: Allocate
    outlet: FakeOutlet
    partitions: FakePartitions
    time: FakeTime
    end: int = 0
    looped: int = 0
    seq: int = 0
    closes: list[int] = field(default_factory=list)

    async def append(self, name: str, record: Mapping[str, Any]) -> int:
        """Put a record into the log and have it read; return its offset."""
        offset, self.end = self.end, self.end + 1
        if name == "Close":
            self.closes.append(offset)
        await self.allocate.handle(message(TOPIC, offset, CODEC.encode(name, record)))
        await settle()
        return offset

    async def read_back(self) -> None:
        """Let the broker have what was written to the log, and have it read."""
        await settle()
        for each in self.outlet.sent[self.looped :]:
            self.looped += 1
            if each.topic == TOPIC.name:
                each.future.set_result(None)
                await self.append(each.name, each.record)

    async def usage(self, at_us: int = T0, seq: int | None = None) -> int:
        """Put the partial of one batch into the log."""
        self.seq, seq = (self.seq + 1, self.seq) if seq is None else (self.seq, seq)
        [partial] = meter(rules(book(*GPT_4O)), call(at_us=at_us), seq=seq).partials
        return await self.append("Partial", partial)

    async def watermark(self, at_us: int) -> None:
        await self.append("Watermark", {"origin": "usage:0", "at_us": at_us, "origins": 1})

    async def tick(self, after_s: float = 0.0) -> None:
        """Tick; provisional lines are acknowledged at once."""
        self.time.now_s += after_s
        ticking = asyncio.create_task(self.allocate.tick())
        while not ticking.done():
            await settle()
            for each in self.outlet.named("CostLine"):
                if each.record["status"] == "provisional" and not each.future.done():
                    each.future.set_result(None)
        await ticking

    def written(self, name: str) -> list[Sent]:
        return self.outlet.named(name)

    def lines(self, status: str) -> list[Sent]:
        return [each for each in self.written("CostLine") if each.record["status"] == status]

    @property
    def owner(self) -> str:
        """The name it claimed under last."""
        return str(self.written("Claim")[-1].record["owner"])


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> FakeTime:
    made = FakeTime()
    monkeypatch.setattr(module, "time", made)
    return made


def always(kind: Kind, _version: str) -> str:
    """Know every version: it is the built-in one."""
    return kind.default()


async def bench(
    time: FakeTime, *, claimed: bool = True, find: Find = always, **settings: float
) -> Bench:
    outlet = FakeOutlet()
    given = AllocateSettings(lateness_s=LATENESS_S, remember_s=REMEMBER_S, **settings)
    shelf = Library(find)
    allocate = Allocate(app("allocate"), outlet.as_outlet(), shelf, given, metrics())
    partitions = FakePartitions()
    allocate.reader.partitions = cast("Partitions", partitions)
    it = Bench(allocate, outlet, partitions, time)
    await allocate.assigned({HERE})
    if claimed:
        await it.read_back()
    return it


def test_each_assignment_is_claimed_under_a_name_of_its_own(time: FakeTime) -> None:
    async def test() -> None:
        it = await bench(time)
        await it.allocate.assigned({HERE, TP(TOPIC.name, 1)})
        claims = it.written("Claim")
        assert [each.partition for each in claims[:1]] == [0]
        assert sorted(each.partition for each in claims[1:]) == [0, 1]
        assert len({each.record["owner"] for each in claims}) == 3

    run(test())


def test_nothing_is_emitted_before_the_own_claim_is_read(time: FakeTime) -> None:
    async def test() -> None:
        it = await bench(time, claimed=False)
        await it.usage()
        await it.watermark(CLOSES_US)
        await it.tick()
        assert {each.name for each in it.outlet.sent} == {"Claim"}
        await it.read_back()
        await it.tick(after_s=10.0)
        assert it.lines("provisional")

    run(test())


def test_after_a_foreign_claim_nothing_is_emitted(time: FakeTime) -> None:
    async def test() -> None:
        it = await bench(time)
        await it.append("Claim", {"owner": "another"})
        await it.usage()
        await it.watermark(CLOSES_US)
        await it.tick(after_s=1.0)
        assert {each.name for each in it.outlet.sent} == {"Claim"}

    run(test())


def test_a_partition_claimed_by_another_is_claimed_again_after_a_while(time: FakeTime) -> None:
    async def test() -> None:
        it = await bench(time, reclaim_after_s=1.5)
        first = it.owner
        await it.append("Claim", {"owner": "another"})
        await it.tick()
        await it.tick(after_s=1.4)
        assert len(it.written("Claim")) == 1
        await it.tick(after_s=0.2)
        assert len(it.written("Claim")) == 2
        assert it.owner not in {first, "another"}
        await it.read_back()
        await it.usage()
        await it.tick(after_s=10.0)
        assert len(it.written("Claim")) == 2
        assert it.lines("provisional")

    run(test())


def test_closed_is_written_when_the_broker_has_every_final_line_not_before(time: FakeTime) -> None:
    async def test() -> None:
        it = await bench(time)
        await it.usage()
        await it.watermark(CLOSES_US)
        await it.read_back()
        finals = it.lines("final")
        assert len(finals) == 2
        assert not it.written("Closed")
        finals[0].future.set_result(None)
        await settle()
        assert not it.written("Closed")
        finals[1].future.set_result(None)
        await settle()
        [closed] = it.written("Closed")
        assert closed.record == {"owner": it.owner, "at": it.closes[-1]}

    run(test())


def test_windows_are_said_to_be_final_when_their_lines_are_out_and_once(time: FakeTime) -> None:
    async def test() -> None:
        it = await bench(time)
        await it.usage()
        await it.watermark(CLOSES_US)
        await it.read_back()
        await it.tick(after_s=2.0)
        said = [each.record["until_us"] for each in it.written("ClosedWindows")]
        assert all(until_us < T0 + MINUTE_US for until_us in said)
        it.outlet.acknowledge("CostLine")
        await it.read_back()
        for _ in range(3):
            await it.tick(after_s=2.0)
        *_, last = it.written("ClosedWindows")
        assert last.record == {"partition": 0, "partitions": 1, "until_us": T0 + MINUTE_US}
        assert len(it.written("ClosedWindows")) == len(said) + 1

    run(test())


def test_a_final_line_that_is_refused_stops_the_processor_and_closes_nothing(
    time: FakeTime,
) -> None:
    async def test() -> None:
        it = await bench(time)
        await it.usage()
        await it.watermark(CLOSES_US)
        await it.read_back()
        one, two = it.lines("final")
        one.future.set_exception(ConnectionError("no broker"))
        two.future.set_result(None)
        await settle()
        assert not it.written("Closed")
        with pytest.raises(SendFailed):
            await it.allocate.tick()

    run(test())


def test_acknowledgements_that_come_after_a_rebalance_close_nothing(time: FakeTime) -> None:
    async def test() -> None:
        it = await bench(time)
        await it.usage()
        await it.watermark(CLOSES_US)
        await it.read_back()
        await it.allocate.assigned({HERE})
        it.outlet.acknowledge("CostLine")
        await settle()
        assert not it.written("Closed")
        await it.allocate.tick()

    run(test())


def test_only_close_records_are_committed_and_none_before_its_windows_are_forgotten(
    time: FakeTime,
) -> None:
    async def test() -> None:
        it = await bench(time)
        for minute in range(12):
            await it.usage(T0 + minute * MINUTE_US)
            await it.watermark(T0 + minute * MINUTE_US)
            await it.read_back()
            it.outlet.acknowledge("CostLine")
            await it.read_back()
            await it.tick(after_s=2.0)
        commits = [each[HERE] for each in it.partitions.commits]
        assert commits
        assert set(commits) <= set(it.closes)
        assert commits == sorted(set(commits))

    run(test())


def test_a_late_partial_is_passed_on_and_committed_past_only_once_the_broker_has_it(
    time: FakeTime,
) -> None:
    async def test() -> None:
        it = await bench(time)
        await it.usage()
        await it.watermark(CLOSES_US)
        await it.read_back()
        it.outlet.acknowledge("CostLine")
        await it.read_back()
        offset = await it.usage(seq=77)
        [late] = it.written("LatePartial")
        assert (late.record["seq"], late.record["reason"]) == (77, "window_closed")
        for minute in range(2, 12):
            await it.watermark(CLOSES_US + minute * MINUTE_US)
            await it.read_back()
            await it.tick(after_s=2.0)
        assert all(each[HERE] < offset for each in it.partitions.commits)
        late.future.set_result(None)
        await it.watermark(CLOSES_US + 20 * MINUTE_US)
        await it.read_back()
        await it.watermark(CLOSES_US + 30 * MINUTE_US)
        await it.read_back()
        await it.tick(after_s=2.0)
        assert it.partitions.commits[-1][HERE] > offset

    run(test())


def test_a_late_copy_of_a_counted_batch_is_not_passed_on(time: FakeTime) -> None:
    async def test() -> None:
        it = await bench(time)
        await it.usage(seq=5)
        await it.watermark(CLOSES_US)
        await it.read_back()
        await it.usage(seq=5)
        it.outlet.acknowledge("CostLine")
        await it.read_back()
        await it.usage(seq=5)
        assert not it.written("LatePartial")

    run(test())


@pytest.mark.parametrize("is_behind", [True, False])
@pytest.mark.parametrize("took_s", [0.001, 0.2, 3.0])
def test_emitting_takes_a_tenth_of_the_work_of_who_is_behind_and_happens_once_a_second_at_most(
    time: FakeTime, took_s: float, monkeypatch: pytest.MonkeyPatch, *, is_behind: bool
) -> None:
    """A hundred seconds of reading that is all work, if there is more to read."""

    async def test() -> None:
        it = await bench(time, emit_every_s=1.0, emit_share_ratio=0.1)
        send = it.outlet.send
        emitting_s = 0.0

        async def slowly(*args: Any) -> Any:  # noqa: ANN401 - passes them on
            nonlocal emitting_s
            time.now_s += took_s / 2  # two lines
            time.worked_s += took_s / 2
            emitting_s += took_s / 2
            return await send(*args)

        monkeypatch.setattr(it.outlet, "send", slowly)
        it.partitions.ends[HERE] = (10**9 if is_behind else 0, 0)
        began_s, worked_s = time.now_s, time.worked_s
        while time.now_s - began_s < 100.0:
            await it.usage()
            time.worked_s += 0.1
            await it.tick(after_s=0.1)
        emits, for_s = len(it.lines("provisional")) / 2, time.now_s - began_s
        assert 2 <= emits <= for_s + 1
        if is_behind:
            assert emitting_s <= 0.1 * (time.worked_s - worked_s) + took_s
        else:
            assert emits >= for_s / (1.2 + took_s) - 1  # a tick of 0.1 s before, and one behind

    run(test())


def test_a_record_that_cannot_be_read_is_passed_over(time: FakeTime) -> None:
    async def test() -> None:
        it = await bench(time)
        await it.allocate.handle(message(TOPIC, it.end, b"garbage"))
        it.end += 1
        await it.usage()
        await it.tick(after_s=1.0)
        assert it.lines("provisional")

    run(test())


def test_a_partial_waits_for_the_versions_it_names(time: FakeTime) -> None:
    async def test() -> None:
        gate = threading.Event()

        def late(kind: Kind, _version: str) -> str:
            assert gate.wait(10)
            return kind.default()

        it = await bench(time, find=late)
        reading = asyncio.create_task(it.usage())
        await settle()
        assert not it.allocate.detail["price_books"]
        gate.set()
        await asyncio.wait_for(reading, 10)
        assert it.allocate.detail == {"price_books": ["book-1"], "catalogs": ["catalog-1"]}

    run(test())


def test_a_partial_that_waited_while_partitions_were_handed_out_anew_is_not_applied(
    time: FakeTime,
) -> None:
    async def test() -> None:
        gate = threading.Event()

        def late(kind: Kind, _version: str) -> str:
            assert gate.wait(10)
            return kind.default()

        it = await bench(time, find=late)
        reading = asyncio.create_task(it.usage())
        await settle()
        await it.allocate.assigned({HERE})
        gate.set()
        await asyncio.wait_for(reading, 10)
        assert not it.allocate.detail["price_books"]

    run(test())


def test_a_partial_of_a_version_that_nobody_has_stops_the_processor(
    time: FakeTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library, "UNKNOWN_S", 0.0)
    monkeypatch.setattr(library, "RETRY_S", 0.001)

    async def test() -> None:
        it = await bench(time, find=lambda *_: None)
        with pytest.raises(VersionUnknown, match="book-1"):
            await it.usage()
        await it.tick(after_s=2.0)
        assert it.partitions.commits == []

    run(test())

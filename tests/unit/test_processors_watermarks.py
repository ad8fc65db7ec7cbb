"""How far an origin is said to be: never past what is done, and never past now."""

from dataclasses import dataclass, field
from typing import cast

import pytest
from faust.types import TP

from streams.processors import watermarks as module
from streams.processors.frontier import Frontier, Pending
from streams.processors.outlet import Acknowledgement
from streams.processors.reader import Reader
from streams.processors.watermarks import DISTRUST_MS, STALL_S, Clock, watermark_us
from tests.processor_fakes import FakePartitions, run

TP0 = TP("usage.gpu.v1", 0)
pytestmark = pytest.mark.usefixtures("time")

NOW_S = 2_000_000
NOW_US = NOW_S * 1_000_000
FETCHED_MS = NOW_S * 1_000 - 70  # the last fetch, a little ago


class FakeTime:
    """A wall clock and a monotonic one that tests move together."""

    def __init__(self) -> None:
        self.now_s = float(NOW_S)

    def monotonic(self) -> float:
        return self.now_s

    def time_ns(self) -> int:
        return round(self.now_s * 1e9)


@dataclass(slots=True)
class FakeReader:
    """Where reading is: `handled` is the next offset to be handled, None before any."""

    partitions: FakePartitions = field(default_factory=FakePartitions)
    handled: int | None = None

    def next_offset(self, _: TP) -> int | None:
        return self.handled

    async def begin_offset(self, tp: TP) -> int:
        return self.partitions.begins.get(tp, 0)


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> FakeTime:
    made = FakeTime()
    monkeypatch.setattr(module, "time", made)
    return made


def done(next_offset: int | None, newest_us: int = 0, sent_at_us: int = 0) -> Frontier:
    frontier = Frontier()
    frontier.next_offset = next_offset
    frontier.newest_us = newest_us
    frontier.sent_at_us = sent_at_us
    return frontier


def said(
    frontier: Frontier, reader: FakeReader, clock: Clock | None = None, *, by_log: bool = False
) -> int:
    made = clock or Clock()
    return run(watermark_us(cast("Reader", reader), TP0, frontier, made, by_log=by_log))


def at_end(end: int, *, fetched_ms: int = FETCHED_MS, handled: int | None = None) -> FakeReader:
    reader = FakeReader(handled=end if handled is None else handled)
    reader.partitions.ends[TP0] = (end, fetched_ms)
    return reader


def test_by_the_log_it_is_the_greatest_event_or_sending_time_done() -> None:
    assert said(done(5, newest_us=30, sent_at_us=20), FakeReader(), by_log=True) == 30
    assert said(done(5, newest_us=30, sent_at_us=40), FakeReader(), by_log=True) == 40


def test_by_the_log_nothing_is_said_before_anything_is_done() -> None:
    assert said(done(None), at_end(0), by_log=True) == 0


def test_read_to_the_end_it_is_the_time_of_the_fetch_that_showed_the_end() -> None:
    assert said(done(5, newest_us=30), at_end(5)) == FETCHED_MS * 1_000


def test_an_event_ahead_of_the_fetch_counts_but_never_beyond_now() -> None:
    assert said(done(5, newest_us=NOW_US - 1), at_end(5)) == NOW_US - 1
    assert said(done(5, newest_us=NOW_US + 60_000_000), at_end(5)) == NOW_US


def test_before_the_end_it_is_the_newest_event_done() -> None:
    assert said(done(4, newest_us=30), at_end(5, handled=4)) == 30


def test_before_the_end_a_clock_ahead_does_not_carry_it_beyond_now() -> None:
    assert said(done(4, newest_us=NOW_US + 60_000_000), at_end(5, handled=4)) == NOW_US


def test_what_is_handled_and_not_acknowledged_is_not_done() -> None:
    waiting = done(4, newest_us=30)
    waiting.add(Pending(4, 99, 99, [cast("Acknowledgement", None)]))
    assert said(waiting, at_end(5)) == 30
    first = done(None)
    first.add(Pending(0, 99, 99, [cast("Acknowledgement", None)]))
    assert said(first, at_end(1)) == 0


def test_a_record_being_handled_is_not_done() -> None:
    assert said(done(None), at_end(1, handled=1)) == 0


def test_without_a_fetch_nothing_is_known_of_the_end() -> None:
    assert said(done(5, newest_us=30), FakeReader(handled=5)) == 30


def test_a_partition_with_nothing_to_read_is_done_through_its_fetch() -> None:
    empty = FakeReader()
    empty.partitions.ends[TP0] = (0, FETCHED_MS)
    assert said(done(None), empty) == FETCHED_MS * 1_000
    committed = FakeReader()
    committed.partitions.ends[TP0] = (7, FETCHED_MS)
    committed.partitions.begins[TP0] = 7
    assert said(done(None), committed) == FETCHED_MS * 1_000


def test_after_a_rebalance_what_was_not_read_yet_is_not_done() -> None:
    fresh = FakeReader()
    fresh.partitions.ends[TP0] = (9, FETCHED_MS)
    fresh.partitions.begins[TP0] = 7
    assert said(done(None), fresh) == 0


def test_after_a_pause_a_fetch_answered_in_it_is_not_believed(time: FakeTime) -> None:
    clock = Clock()
    time.now_s += STALL_S + 1  # stopped, with an answer of before the stop in the socket
    clock.tick()
    looks_fresh_ms = round(time.now_s * 1_000)
    reader = at_end(5, fetched_ms=looks_fresh_ms)
    assert said(done(5, newest_us=30), reader, clock) == 30


def test_after_a_pause_a_later_fetch_is_believed_again(time: FakeTime) -> None:
    clock = Clock()
    time.now_s += STALL_S + 1
    clock.tick()
    fetched_ms = round(time.now_s * 1_000) + DISTRUST_MS
    time.now_s += DISTRUST_MS / 1_000 + 0.5
    clock.tick()
    assert said(done(5), at_end(5, fetched_ms=fetched_ms), clock) == fetched_ms * 1_000


def test_ticks_in_time_are_no_pause(time: FakeTime) -> None:
    clock = Clock()
    for _ in range(5):
        time.now_s += STALL_S - 0.1
        clock.tick()
    assert clock.trusted_from_ms == 0

"""A partition is done up to the first record that is not acknowledged, and not a record further."""

import asyncio

import pytest

from streams.processors.errors import SendFailed
from streams.processors.frontier import Frontier, Pending
from streams.processors.outlet import Acknowledgement
from tests.processor_fakes import run


def pending(
    offset: int, *futures: Acknowledgement, newest_us: int = 0, sent_us: int = 0
) -> Pending:
    return Pending(offset, newest_us, sent_us, list(futures))


def future() -> Acknowledgement:
    return asyncio.get_running_loop().create_future()


def test_nothing_is_done_before_anything_was_added() -> None:
    frontier = Frontier()
    frontier.advance()
    assert frontier.next_offset is None


def test_a_record_that_sends_nothing_is_done_at_once() -> None:
    frontier = Frontier()
    frontier.add(pending(7))
    frontier.advance()
    assert frontier.next_offset == 8


def test_a_record_is_done_when_all_it_sent_is_acknowledged() -> None:
    async def test() -> None:
        frontier, one, two = Frontier(), future(), future()
        frontier.add(pending(7, one, two))
        one.set_result(None)
        frontier.advance()
        assert frontier.next_offset is None
        two.set_result(None)
        frontier.advance()
        assert frontier.next_offset == 8

    run(test())


def test_a_record_waits_for_the_ones_before_it() -> None:
    async def test() -> None:
        frontier, slow, quick = Frontier(), future(), future()
        frontier.add(pending(7, slow, newest_us=10))
        frontier.add(pending(8, quick, newest_us=20))
        quick.set_result(None)
        frontier.advance()
        assert (frontier.next_offset, frontier.newest_us, len(frontier)) == (None, 0, 2)
        assert frontier.oldest() == [slow]
        slow.set_result(None)
        frontier.advance()
        assert (frontier.next_offset, frontier.newest_us, len(frontier)) == (9, 20, 0)
        assert frontier.oldest() == []

    run(test())


def test_times_never_go_back() -> None:
    frontier = Frontier()
    frontier.add(pending(0, newest_us=30, sent_us=31))
    frontier.add(pending(1, newest_us=10, sent_us=11))
    frontier.add(pending(2))
    frontier.advance()
    assert (frontier.newest_us, frontier.sent_at_us) == (30, 31)


def test_a_failed_send_stops_and_nothing_after_it_is_done() -> None:
    async def test() -> None:
        frontier, lost, fine = Frontier(), future(), future()
        frontier.add(pending(7))
        frontier.add(pending(8, lost, fine))
        frontier.add(pending(9))
        lost.set_exception(ConnectionError("no broker"))
        fine.set_result(None)
        with pytest.raises(SendFailed) as raised:
            frontier.advance()
        assert "no broker" in str(raised.value)
        assert frontier.next_offset == 8

    run(test())

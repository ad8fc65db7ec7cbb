"""What was fetched and never handed over is noticed, once, and nothing else is."""

from itertools import pairwise

from faust.types import TP

from streams.processors.stall import PATIENCE_S, PAUSE_S, Stalls

HERE = TP("log", 0)
THERE = TP("log", 1)
STEP_S = PAUSE_S / 2


def looked(stalls: Stalls, expected: int, end: int, until_s: float, begin_s: float = 0.0) -> bool:
    """Look several times a second at a partition that stands still."""
    now_s, found = begin_s, False
    while now_s <= until_s:
        stalls.look(now_s)
        found = stalls.is_stalled(HERE, expected, end, now_s) or found
        now_s += STEP_S
    return found


def test_a_partition_read_to_its_end_is_not_stalled() -> None:
    assert not looked(Stalls(), 7, 7, until_s=10 * PATIENCE_S)


def test_a_partition_that_stands_still_before_its_end_is_stalled() -> None:
    assert not looked(Stalls(), 7, 8, until_s=PATIENCE_S - 0.01)
    assert looked(Stalls(), 7, 8, until_s=PATIENCE_S + STEP_S)


def test_it_is_said_once_and_then_waited_for_as_long_again() -> None:
    stalls = Stalls()
    times = []
    for tick in range(20):
        now_s = tick * STEP_S
        stalls.look(now_s)
        if stalls.is_stalled(HERE, 7, 8, now_s):
            times.append(now_s)
    assert len(times) >= 2
    assert all(later - one >= PATIENCE_S for one, later in pairwise(times))


def test_a_partition_that_moves_is_not_stalled_however_slowly() -> None:
    stalls = Stalls()
    for tick in range(20):
        now_s = tick * STEP_S
        stalls.look(now_s)
        assert not stalls.is_stalled(HERE, tick // 2, 100, now_s)


def test_a_pause_of_the_process_is_no_stall() -> None:
    stalls = Stalls()
    stalls.look(0.0)
    stalls.is_stalled(HERE, 7, 8, 0.0)
    stalls.look(60.0)
    assert not stalls.is_stalled(HERE, 7, 8, 60.0)


def test_a_forgotten_partition_is_waited_for_anew() -> None:
    stalls = Stalls()
    stalls.look(0.0)
    stalls.is_stalled(HERE, 7, 8, 0.0)
    stalls.forget()
    assert not looked(stalls, 7, 8, begin_s=STEP_S, until_s=PATIENCE_S)


def test_partitions_are_judged_one_by_one() -> None:
    stalls = Stalls()
    stalls.look(0.0)
    stalls.is_stalled(HERE, 7, 8, 0.0)
    assert not stalls.is_stalled(THERE, 7, 8, PATIENCE_S)
    assert stalls.is_stalled(HERE, 7, 8, PATIENCE_S)

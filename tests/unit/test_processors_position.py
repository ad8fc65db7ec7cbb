"""A partition is folded in order, each record once, whatever Faust hands over."""

import pytest
from faust.types import TP

from streams.processors.position import GAP_S, Positions, Verdict

HERE = TP("log", 0)
THERE = TP("log", 1)


@pytest.fixture
def positions() -> Positions:
    made = Positions()
    made.begin(HERE, 10)
    return made


def judged(positions: Positions, *offsets: int, now_s: float = 0.0) -> list[Verdict]:
    return [positions.check(HERE, offset, now_s) for offset in offsets]


def test_records_are_folded_in_order_from_the_begin(positions: Positions) -> None:
    assert judged(positions, 10, 11, 12) == [Verdict.FOLD] * 3
    assert positions.expected(HERE) == 13


def test_a_record_before_the_begin_is_skipped(positions: Positions) -> None:
    assert judged(positions, 9, 0) == [Verdict.SKIP] * 2
    assert positions.expected(HERE) == 10


def test_a_record_handed_over_again_is_skipped(positions: Positions) -> None:
    assert judged(positions, 10, 11, 10, 11, 12) == [
        Verdict.FOLD, Verdict.FOLD, Verdict.SKIP, Verdict.SKIP, Verdict.FOLD,
    ]  # fmt: skip


def test_what_is_missing_is_sought_once_and_what_is_ahead_of_it_skipped(
    positions: Positions,
) -> None:
    assert judged(positions, 12, 13, 14) == [Verdict.SEEK, Verdict.SKIP, Verdict.SKIP]
    assert judged(positions, 10, 11, 12) == [Verdict.FOLD] * 3


def test_each_gap_is_sought(positions: Positions) -> None:
    assert judged(positions, 11, 10, 12, 11) == [
        Verdict.SEEK, Verdict.FOLD, Verdict.SEEK, Verdict.FOLD,
    ]  # fmt: skip


def test_a_gap_that_stays_after_a_seek_is_believed(positions: Positions) -> None:
    assert judged(positions, 12, now_s=100.0) == [Verdict.SEEK]
    assert judged(positions, 12, now_s=100.0 + GAP_S - 0.01) == [Verdict.SKIP]
    assert judged(positions, 12, 13, now_s=100.0 + GAP_S) == [Verdict.FOLD] * 2


def test_a_new_begin_forgets_a_gap(positions: Positions) -> None:
    judged(positions, 12, now_s=100.0)
    positions.begin(HERE, 5)
    assert judged(positions, 7, now_s=100.0 + GAP_S) == [Verdict.SEEK]


def test_partitions_do_not_mix(positions: Positions) -> None:
    positions.begin(THERE, 0)
    assert positions.check(THERE, 0, 0.0) is Verdict.FOLD
    assert positions.expected(HERE) == 10
    assert positions.expected(THERE) == 1

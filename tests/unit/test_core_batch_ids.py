"""A set of batch ids."""

import pytest

from streams.core.batch_ids import BLOCK, BatchIds


def of(*batch_ids: tuple[str, int, int]) -> BatchIds:
    found = BatchIds()
    for each in batch_ids:
        found.add(*each)
    return found


def test_an_id_is_new_once() -> None:
    ids = BatchIds()
    assert [ids.add("a", 1, 0), ids.add("a", 1, 0), ids.add("a", 1, 1)] == [True, False, True]
    assert len(ids) == 2


@pytest.mark.parametrize("other", [("b", 1, 0), ("a", 2, 0), ("a", 1, 1), ("a", 1, BLOCK)])
def test_ids_differ_in_source_epoch_and_seq(other: tuple[str, int, int]) -> None:
    ids = of(("a", 1, 0))
    assert ("a", 1, 0) in ids
    assert other not in ids
    assert ids.add(*other)


@pytest.mark.parametrize("seq", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 10**15])
def test_any_sequence_number_is_held(seq: int) -> None:
    ids = of(("a", 1, seq))
    assert ("a", 1, seq) in ids
    assert ("a", 1, seq + 1) not in ids


def test_a_union_counts_what_both_have_once() -> None:
    mine = of(("a", 1, 0), ("a", 1, 1), ("b", 1, 0))
    other = of(("a", 1, 1), ("a", 1, BLOCK), ("c", 1, 5))
    mine.update(other)
    assert len(mine) == 5
    assert ("c", 1, 5) in mine
    assert len(other) == 3

"""Laws of splitting a total: nothing is lost, and by the steady rule nobody loses by more of it."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.money import Rule, split
from streams.core.steady import split_steadily

weights_of_some = st.lists(
    st.one_of(st.integers(0, 3), st.integers(0, 10**4), st.integers(0, 10**15)),
    min_size=1,
    max_size=12,
).filter(any)
totals = st.one_of(st.integers(0, 60), st.integers(0, 10**15))
growths = st.one_of(st.integers(0, 3), st.integers(0, 10**12))


@pytest.mark.parametrize("rule", [split, split_steadily])
@given(total=totals, weights=weights_of_some)
def test_parts_sum_to_the_whole(rule: Rule, total: int, weights: list[int]) -> None:
    parts = rule(total, weights)
    assert sum(parts) == total
    assert min(parts) >= 0
    assert all(weight or not part for part, weight in zip(parts, weights, strict=True))


@given(total=totals, more=growths, weights=weights_of_some)
def test_no_part_of_more_is_smaller(total: int, more: int, weights: list[int]) -> None:
    fewer, many = split_steadily(total, weights), split_steadily(total + more, weights)
    assert all(map(int.__le__, fewer, many))


@given(total=totals, weights=weights_of_some, step=st.integers(1, 3))
def test_a_total_that_weights_divide_is_split_exactly(
    total: int, weights: list[int], step: int
) -> None:
    assert split_steadily(sum(weights) * step, weights) == [each * step for each in weights]
    assert split_steadily(total, [each * step for each in weights]) == split_steadily(
        total, weights
    )


@given(total=totals, weights=weights_of_some)
def test_a_part_is_as_near_to_the_exact_share_as_is_said(total: int, weights: list[int]) -> None:
    whole, takers = sum(weights), sum(map(bool, weights))
    for part, weight in zip(split_steadily(total, weights), weights, strict=True):
        share = Fraction(weight, whole)
        assert abs(part - share * total) <= (1 + share * takers) / 2
    for part, weight in zip(split(total, weights), weights, strict=True):
        assert abs(part - Fraction(total * weight, whole)) < 1


@given(total=st.integers(0, 60), weights=weights_of_some)
def test_parts_are_those_of_handing_out_one_at_a_time(total: int, weights: list[int]) -> None:
    """To the greatest weight for each half of 1 that it would then have; the first of equals."""
    parts = [0] * len(weights)
    for _ in range(total):
        turns = [Fraction(each, 2 * have + 1) for each, have in zip(weights, parts, strict=True)]
        parts[turns.index(max(turns))] += 1
    assert split_steadily(total, weights) == parts

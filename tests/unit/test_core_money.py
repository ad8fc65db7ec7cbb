"""Rounding once, and splitting without loss."""

import pytest

from streams.core.money import Rule, half_even, split
from streams.core.steady import split_steadily


@pytest.mark.parametrize(
    ("amount", "divisor", "expected"),
    [
        (0, 10, 0),
        (4, 10, 0),
        (5, 10, 0),  # 0.5, to even 0
        (6, 10, 1),
        (15, 10, 2),  # 1.5, to even 2
        (25, 10, 2),  # 2.5, to even 2
        (35, 10, 4),  # 3.5, to even 4
        (-5, 10, 0),
        (-6, 10, -1),
        (-15, 10, -2),
        (-25, 10, -2),
        (1, 3, 0),
        (2, 3, 1),
        (10**40 + 1, 2, 5 * 10**39),  # a tie far beyond what a float can tell
        (10**40 + 3, 2, 5 * 10**39 + 2),
    ],
)
def test_an_amount_is_rounded_half_to_even(amount: int, divisor: int, expected: int) -> None:
    assert half_even(amount, divisor) == expected


@pytest.mark.parametrize(
    ("total", "weights", "expected"),
    [
        (10, [1, 1], [5, 5]),
        (10, [1, 1, 1], [4, 3, 3]),  # the odd one goes to the earliest of equal rests
        (11, [1, 1, 1], [4, 4, 3]),
        (7, [0, 5, 2], [0, 5, 2]),
        (1, [1, 2], [0, 1]),  # 0.33 and 0.67: the larger rest gets it
        (5, [3, 3, 1], [2, 2, 1]),  # 2.14, 2.14, 0.71
        (0, [1, 2], [0, 0]),
        (-10, [1, 1, 1], [-4, -3, -3]),
        (3, [10**30, 10**30], [2, 1]),
        (100, [7], [100]),
    ],
)
def test_a_total_is_split_by_largest_remainder(
    total: int, weights: list[int], expected: list[int]
) -> None:
    assert split(total, weights) == expected


@pytest.mark.parametrize(
    ("total", "weights", "expected"),
    [
        (10, [1, 1, 1], [4, 3, 3]),  # the odd one goes to the first, as by largest remainder
        (11, [1, 1, 1], [4, 4, 3]),
        (7, [0, 5, 2], [0, 5, 2]),
        (1, [1, 2], [0, 1]),
        (9, [6, 6, 2], [4, 4, 1]),  # all times 0.7: 4.2, 4.2, 1.4
        (10, [6, 6, 2], [5, 4, 1]),  # all times 0.75: 4.5, 4.5, 1.5, three ties of which the first
        (11, [6, 6, 2], [5, 5, 1]),  # is rounded up, then the second,
        (12, [6, 6, 2], [5, 5, 2]),  # then the third
        (0, [1, 2], [0, 0]),
        (-10, [1, 1, 1], [-4, -3, -3]),
        (3, [10**30, 10**30], [2, 1]),
        (100, [7], [100]),
        (4, [93, 1, 1, 1, 1, 1, 1, 1], [4, 0, 0, 0, 0, 0, 0, 0]),
    ],
)
def test_a_total_is_split_steadily(total: int, weights: list[int], expected: list[int]) -> None:
    assert split_steadily(total, weights) == expected


def test_by_largest_remainder_one_more_costs_somebody_one() -> None:
    """Why idle time is not split so: 4.29, 4.29, 1.43 of ten, and 4.71, 4.71, 1.57 of eleven."""
    assert [split(total, [6, 6, 2])[2] for total in (10, 11)] == [2, 1]


@pytest.mark.parametrize("rule", [split, split_steadily])
@pytest.mark.parametrize("weights", [[], [0], [0, 0], [2, -1], [-1]])
def test_a_split_without_a_positive_weight_is_refused(rule: Rule, weights: list[int]) -> None:
    with pytest.raises(ValueError, match="expected weights >= 0 of which one is positive"):
        rule(10, weights)

"""Splitting a total that may grow, such as idle time, so that nobody loses by it.

By largest remainder (`split`), which is the nearest to the exact shares, one pico more of the total
can take one from somebody.
"""

from collections.abc import Sequence
from heapq import heapify, heappop, heappush

from schemas.splitting import checked_sum


def split_steadily(total: int, weights: Sequence[int]) -> list[int]:
    """Split a total so that no part of a greater total is smaller (Webster's method).

    The parts are all weights times one number, rounded half up: the one by which they sum to the
    total. So a part is off its exact share by half of 1 at most, and by that share of half of 1 for
    each part. Ties go to the earlier weight; what is refused is what `split` refuses, by which the
    parts of 10 here are 4, 4, 2.

    >>> split_steadily(10, [6, 6, 2]), split_steadily(11, [6, 6, 2])
    ([5, 4, 1], [5, 5, 1])
    """
    whole = checked_sum(weights)
    if total < 0:
        return [-part for part in split_steadily(-total, weights)]
    parts = [(2 * total * weight + whole) // (2 * whole) for weight in weights]
    missing = total - sum(parts)
    if missing:
        one_by_one(parts, weights, missing)
    return parts


def one_by_one(parts: list[int], weights: Sequence[int], missing: int) -> None:
    """Give what is missing, one at a time, to whom the next one is due first.

    That is whose weight is the greatest for each half of 1 it would have. Less than nothing is
    missing: take what is too much from whom it was due last.
    """
    step = 1 if missing > 0 else -1
    finer = 2 * (2 * (max(parts) + abs(missing)) + 1).bit_length()  # tells any two ratios apart

    def turn(index: int) -> tuple[int, int, int]:
        ratio = (weights[index] << finer) // (2 * parts[index] + step)
        return -step * ratio, step * index, index

    turns = [
        turn(index) for index, weight in enumerate(weights) if weight and parts[index] + step >= 0
    ]
    heapify(turns)
    for _ in range(abs(missing)):
        *_, index = heappop(turns)
        parts[index] += step
        if parts[index] + step >= 0:
            heappush(turns, turn(index))

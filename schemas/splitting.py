"""How a whole is split so that nothing is made or lost: what every exact part of ours rests on."""

from collections.abc import Sequence


def split(total: int, weights: Sequence[int]) -> list[int]:
    """Split a total by integer weights so that the parts sum to it exactly (largest remainder).

    Ties go to the earlier weight, so the caller sorts by key. Weights are not negative and not all
    zero (ValueError). A negative total is split as its opposite.

    >>> split(10, [1, 1, 1])
    [4, 3, 3]
    >>> split(7, [0, 5, 2])
    [0, 5, 2]
    """
    whole = checked_sum(weights)
    if total < 0:
        return [-part for part in split(-total, weights)]
    parts = [total * weight // whole for weight in weights]
    missing = total - sum(parts)
    if missing:
        rests = [-(total * weight % whole) for weight in weights]
        for index in sorted(range(len(rests)), key=rests.__getitem__)[:missing]:
            parts[index] += 1
    return parts


def checked_sum(weights: Sequence[int]) -> int:
    """Return the sum of weights, which are not negative and not all zero (ValueError)."""
    whole = sum(weights)
    if whole <= 0 or min(weights) < 0:
        raise ValueError(f"expected weights >= 0 of which one is positive, got {list(weights)}")
    return whole

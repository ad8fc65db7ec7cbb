"""Integer money: rounded once by one rule, split without losing a pico.

An *amount* is an exact integer that a *divisor* turns into pico (1e-12) of the currency, so that
prices per million tokens or per hour stay whole numbers until a line is drawn under them.
"""

from collections.abc import Sequence

PICO = 10**12


def half_even(amount: int, divisor: int) -> int:
    """Return amount / divisor, a tie going to the even neighbour.

    >>> half_even(5, 10), half_even(15, 10), half_even(-15, 10), half_even(16, 10)
    (0, 2, -2, 2)
    """
    quotient, rest = divmod(amount, divisor)
    if 2 * rest > divisor or (2 * rest == divisor and quotient % 2):
        quotient += 1
    return quotient


def split(total: int, weights: Sequence[int]) -> list[int]:
    """Split a total by integer weights so that the parts sum to it exactly (largest remainder).

    Ties go to the earlier weight, so the caller sorts by key. Weights are not negative and not all
    zero (ValueError). A negative total is split as its opposite.

    >>> split(10, [1, 1, 1])
    [4, 3, 3]
    >>> split(7, [0, 5, 2])
    [0, 5, 2]
    """
    whole = sum(weights)
    if whole <= 0 or min(weights) < 0:
        raise ValueError(f"expected weights >= 0 of which one is positive, got {list(weights)}")
    if total < 0:
        return [-part for part in split(-total, weights)]
    parts = [total * weight // whole for weight in weights]
    missing = total - sum(parts)
    if missing:
        rests = [-(total * weight % whole) for weight in weights]
        for index in sorted(range(len(rests)), key=rests.__getitem__)[:missing]:
            parts[index] += 1
    return parts


def shared(total: int, weights: Sequence[int]) -> list[int]:
    """Return a total split by weights, of which none is positive where there is nothing to split.

    >>> shared(3, [1, 2]), shared(0, [0, 0])
    ([1, 2], [0, 0])
    """
    return split(total, weights) if total else [0] * len(weights)

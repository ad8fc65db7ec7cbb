"""Integer money: rounded once by one rule, split without losing a pico.

An *amount* is an exact integer that a *divisor* turns into pico (1e-12) of the currency, so that
prices per million tokens or per hour stay whole numbers until a line is drawn under them.
"""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from schemas.splitting import split

__all__ = ["PICO", "half_even", "shared", "split"]

PICO = 10**12

Rule: TypeAlias = Callable[[int, Sequence[int]], list[int]]  # how a total is split by weights


def half_even(amount: int, divisor: int) -> int:
    """Return amount / divisor, a tie going to the even neighbour.

    >>> half_even(5, 10), half_even(15, 10), half_even(-15, 10), half_even(16, 10)
    (0, 2, -2, 2)
    """
    quotient, rest = divmod(amount, divisor)
    if 2 * rest > divisor or (2 * rest == divisor and quotient % 2):
        quotient += 1
    return quotient


def shared(total: int, weights: Sequence[int], rule: Rule = split) -> list[int]:
    """Return a total split by weights, of which none is positive where there is nothing to split.

    >>> shared(3, [1, 2]), shared(0, [0, 0])
    ([1, 2], [0, 0])
    """
    return rule(total, weights) if total else [0] * len(weights)

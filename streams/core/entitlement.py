"""Who has reserved how much of a pool's time, who uses more, and who lends it: on pool totals.

Times are GPU-microseconds of one window. A tenant's surplus is what it reserved and did not use,
its burst what it used beyond. Bursts take what nobody reserved first; only what is over is borrowed
from the surpluses. Both are split in proportion, ties by name, and so that where less has to be
borrowed nobody borrows or lends more.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from streams.core.money import shared
from streams.core.steady import split_steadily

Times: TypeAlias = Mapping[str, int]  # GPU-microseconds by tenant


@dataclass(frozen=True, slots=True)
class Balance:
    """One tenant's time. `unmet`: what it reserved and the pool did not have."""

    entitled: int
    used: int
    unmet: int = 0
    borrowed: int = 0
    lent: int = 0

    @property
    def surplus(self) -> int:
        """What it is entitled to and did not use."""
        return max(0, self.entitled - self.used)

    @property
    def burst(self) -> int:
        """What it used beyond its entitlement."""
        return max(0, self.used - self.entitled)

    @property
    def unused(self) -> int:
        """What is left of its surplus when others have borrowed of it."""
        return self.surplus - self.lent


def balances(reserved: Times, used: Times, capacity_us: int) -> dict[str, Balance]:
    """Return the balance of every tenant that reserved or used some of a pool, by name.

    `capacity_us` is all the time the pool was seen to be there and in service, used or not.

    >>> found = balances({"a": 6, "b": 2}, {"a": 1, "b": 5, "c": 3}, 10)
    >>> [(name, each.borrowed, each.lent) for name, each in found.items()]
    [('a', 0, 4), ('b', 2, 0), ('c', 2, 0)]
    """
    names = sorted({*reserved, *used})
    entitled = entitlements(reserved, capacity_us)
    found = [
        Balance(had, used.get(name, 0), reserved.get(name, 0) - had)
        for name in names
        for had in [entitled.get(name, 0)]
    ]
    free = capacity_us - sum(entitled.values())
    borrowed = max(0, sum(each.burst for each in found) - free)
    borrowing = shared(borrowed, [each.burst for each in found], split_steadily)
    lending = shared(borrowed, [each.surplus for each in found], split_steadily)
    return {
        name: Balance(each.entitled, each.used, each.unmet, takes, gives)
        for name, each, takes, gives in zip(names, found, borrowing, lending, strict=True)
    }


def entitlements(reserved: Times, capacity_us: int) -> dict[str, int]:
    """Return what each is entitled to: what it reserved, or its part of all there was.

    A pool that has less than was reserved, or has not reported all of it yet, is divided in
    proportion to the reservations. More capacity never entitles anybody to less.

    >>> entitlements({"a": 6, "b": 2}, 10), entitlements({"a": 6, "b": 2}, 4)
    ({'a': 6, 'b': 2}, {'a': 3, 'b': 1})
    """
    names = sorted(reserved)
    times = [reserved[name] for name in names]
    if sum(times) > capacity_us:
        times = split_steadily(capacity_us, times)
    return dict(zip(names, times, strict=True))

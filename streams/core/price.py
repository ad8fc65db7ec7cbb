"""One dated price, and the units it is held in.

A price is held as a *rate*: the integer that, times a quantity in base units (tokens,
GPU-microseconds, 1e-12 of any other unit), is an amount whose divisor is DIVISOR of the meter's
family. A missing price is None, never zero.
"""

from dataclasses import dataclass
from typing import NamedTuple

GPU_METER = "gpu"
GPU_HOURS = "GPU-Hours"

TOKEN_DIVISOR = 10**6  # rates are pico per million tokens
GPU_DIVISOR = 3_600 * 10**6  # rates are pico per GPU-hour, quantities GPU-microseconds
UNIT_DIVISOR = 10**18  # rates are pico per million units, quantities 1e-12 of a unit


class Rate(NamedTuple):
    """What a unit costs, and what it costs by the list."""

    cost: int
    listed: int


@dataclass(frozen=True, slots=True)
class Price:
    """One dated entry. `rate` is what the module docstring says; [from_us, to_us) is half-open.

    Null dimensions are any, but `tier` and `purchase`: null is the regular tier, and any purchase.
    `from_tokens`: it prices whole calls whose prompt has at least so many tokens. `hours`: only in
    these stretches of the week, sorted, see streams.core.timeline; none: always. `list_rate`: the
    public price, where another was agreed.
    """

    meter: str
    provider: str | None
    model: str
    pool: str | None
    unit: str
    rate: int
    from_us: int
    to_us: int
    source: str
    from_tokens: int = 0
    tier: str | None = None
    region: str | None = None
    purchase: str | None = None
    hours: tuple[tuple[int, int], ...] = ()
    list_rate: int | None = None

    def holds_at(self, at_us: int) -> bool:
        """Whether an instant is between its dates."""
        return self.from_us <= at_us < self.to_us

    def covers(self, week_us: int) -> bool:
        """Whether an instant of the week is in its hours."""
        return any(begin <= week_us < end for begin, end in self.hours)

    @property
    def both(self) -> Rate:
        """What a unit costs, and what it costs by the list."""
        return Rate(self.rate, self.rate if self.list_rate is None else self.list_rate)

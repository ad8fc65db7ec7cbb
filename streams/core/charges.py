"""What a tenant is charged beside what it costs: discounts, mark-ups, negotiated prices.

An override holds for whole windows, those that begin while it is in force. The one that names most
of what it is for decides: the tenant before the model, the model before the meter, the meter before
the provider. Rows of nobody, whose names are reserved, are charged what they cost.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import TypeAlias

from streams.core.money import half_even
from streams.core.reserved import RESERVED_PREFIX

NAMES_KEPT = 10_000

Step: TypeAlias = tuple[int, int]  # from which quantity of the month on, at which rate


@dataclass(frozen=True, slots=True)
class Override:
    """One agreement. Null dimensions are any; exactly one of factor, rate and steps is given.

    `rate` is as of a price. `steps` are graduated by the tenant's quantity of a month, UTC, in base
    units; see streams.core.price. Lines are charged by the first of them; streams.core.volume
    settles the month.
    """

    tenant: str | None
    provider: str | None
    model: str | None
    meter: str | None
    factor: Fraction | None
    rate: int | None
    steps: tuple[Step, ...]
    from_us: int
    to_us: int
    source: str

    @property
    def rank(self) -> tuple[bool, ...]:
        """How much it names, the most telling first."""
        return tuple(
            each is not None for each in (self.tenant, self.model, self.meter, self.provider)
        )

    @property
    def agreed_rate(self) -> int | None:
        """The rate instead of the price's, until a month is settled; None where it is a factor."""
        return self.steps[0][1] if self.steps else self.rate

    def billed_rate(self, rate: int) -> int:
        """Return what a unit is charged that costs `rate`.

        A discounted rate is rounded half-even, to a whole pico per million or GPU-hour.
        """
        agreed = self.agreed_rate
        return round(rate * self.times) if agreed is None else agreed

    def billed(self, cost: int, quantity: int, divisor: int) -> int:
        """Return what a share of a pool is charged, in pico, rounded half-even once."""
        agreed = self.agreed_rate
        if agreed is None:
            return half_even(cost * self.times.numerator, self.times.denominator)
        return half_even(quantity * agreed, divisor)

    @property
    def times(self) -> Fraction:
        """What costs are multiplied by; 0 is all of it given away."""
        return Fraction(1) if self.factor is None else self.factor


class Charges:
    """All overrides of a book."""

    def __init__(self, overrides: Iterable[Override]) -> None:
        self.overrides = tuple(sorted(overrides, key=lambda each: each.rank, reverse=True))
        self._candidates = lru_cache(NAMES_KEPT)(self._find)

    def of(
        self, tenant: str, provider: str | None, model: str | None, meter: str, at_us: int
    ) -> Override | None:
        """Return the override in force for windows that begin at an instant; None for nobody."""
        if not self.overrides or tenant.startswith(RESERVED_PREFIX):
            return None
        for each in self._candidates(tenant, provider, model, meter):
            if each.from_us <= at_us < each.to_us:
                return each
        return None

    def edges(self, start_us: int, end_us: int) -> list[int]:
        """Return the instants inside (start, end) at which another override may decide."""
        dates = {date for each in self.overrides for date in (each.from_us, each.to_us)}
        return sorted(date for date in dates if start_us < date < end_us)

    def _find(
        self, tenant: str, provider: str | None, model: str | None, meter: str
    ) -> tuple[Override, ...]:
        return tuple(
            each
            for each in self.overrides
            if each.tenant in (tenant, None)
            and each.provider in (provider, None)
            and each.model in (model, None)
            and each.meter in (meter, None)
        )


NO_CHARGES = Charges(())  # everybody is charged what it costs

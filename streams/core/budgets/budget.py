"""A budget, as a catalog has it: what some costs together may be in a period."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from streams.core.timeline import FOREVER

BUDGET: Final = "budget:"  # begins the identity of a budget that a catalog names
WARN_AT: Final = (Fraction(4, 5),)


@dataclass(frozen=True, slots=True)
class Budget:
    """What some costs together may be in a period. `limit` is pico of the currency.

    Of costs those count that fit in every respect: of a tenant or one below it, and by globs of
    projects, models, jobs and pools; what is left out is all. `warn_at`: parts of the limit.
    """

    name: str
    period: str
    limit: int
    currency: str
    tenant: str | None = None
    projects: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    jobs: tuple[str, ...] = ()
    pools: tuple[str, ...] = ()
    warn_at: tuple[Fraction, ...] = WARN_AT
    from_us: int = 0
    to_us: int = FOREVER

    @property
    def budget_id(self) -> str:
        """Its identity on the wire."""
        return f"{BUDGET}{self.name}"

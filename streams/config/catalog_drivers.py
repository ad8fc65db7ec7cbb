"""What is known of the spend to come, as people write it in a catalog."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Final

from pydantic import Field

from streams.config.catalog_dates import Lasting
from streams.config.exact import whole
from streams.config.faults import Fault, Loc
from streams.config.fields import MAX_DIGITS, Amount, Name
from streams.core.money import PICO

WAYS: Final = ("per_day", "per_hour", "factor")


class Driver(Lasting):
    """A change of spend that is planned, for forecasts: exactly one way of saying how much."""

    name: Name = Field(description="Its name in forecasts.")
    tenant: Name | None = Field(default=None, description="Whose cost changes.")
    pool: Name | None = Field(default=None, description="Of which pool the cost changes.")
    per_day: Amount | None = Field(
        default=None, description='What a day costs more from then on, e.g. "1200".'
    )
    per_hour: Amount | None = Field(
        default=None, description='What an hour costs more from then on, e.g. "50".'
    )
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] | None = Field(
        default=None, description="Of per_day or per_hour: the price book's."
    )
    factor: Annotated[Decimal, Field(ge=0, max_digits=MAX_DIGITS)] | None = Field(
        default=None,
        description='What the cost is multiplied by from then on: "1.10" for a tenth more, "0" for '
        "a retirement. Of everybody where it names neither tenant nor pool.",
    )
    ramp_days: Annotated[Decimal, Field(ge=0, le=3660, decimal_places=3)] = Field(
        default=Decimal(0), description="Days over which it grows evenly from nothing to all of it."
    )

    def faults(self, loc: Loc) -> Iterator[Fault]:
        """Name what does not fit in it."""
        ways = [name for name in WAYS if getattr(self, name) is not None]
        if len(ways) != 1:
            got = " and ".join(ways) or "none of them"
            yield Fault(loc, f"expected one of {', '.join(WAYS)}, got {got}; keep one")
        elif ways == ["factor"]:
            yield from self._factor_faults(loc)
        else:
            yield from self._amount_faults(loc, ways[0])
        if self.effective_from is None:
            text = "expected effective_from: what was always so is no change; add it"
            yield Fault((*loc, "effective_from"), text)

    def _factor_faults(self, loc: Loc) -> Iterator[Fault]:
        if self.tenant is not None and self.pool is not None:
            text = "expected a factor of a tenant or of a pool, got both; remove one"
            yield Fault((*loc, "pool"), text)
        if self.currency is not None:
            text = "expected no currency beside factor, got one; remove it"
            yield Fault((*loc, "currency"), text)

    def _amount_faults(self, loc: Loc, way: str) -> Iterator[Fault]:
        if self.tenant is None and self.pool is None:
            yield Fault(loc, f"expected tenant or pool beside {way}, got neither; add one")
        if self.currency is None:
            yield Fault((*loc, "currency"), f"expected currency beside {way}, got none; add it")
        amount = getattr(self, way)
        if whole(amount, PICO) is None:
            text = f"expected at most 12 decimals, got {amount:f}; round it"
            yield Fault((*loc, way), text)

"""Costs that tenants have in common, as a catalog document has them."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Annotated, Final, TypeAlias

from pydantic import Field

from streams.config.catalog_dates import Lasting
from streams.config.exact import whole
from streams.config.faults import Fault, Loc
from streams.config.fields import Amount, Name
from streams.core.money import PICO
from streams.core.shared_costs import SHARE_SCALE, SplitKey

WHOLE: Final = 100
OF: Final = ("pool", "tenant", "monthly")
LISTED: Final = {"shares": "fixed", "drivers": "drivers"}  # a field, and the key it belongs to

Percent: TypeAlias = Annotated[Decimal, Field(ge=0, le=WHOLE, decimal_places=4)]
Percents: TypeAlias = Mapping[Name, Percent]


class SharedCost(Lasting):
    """One cost that several tenants have in common, and the key it is split by."""

    name: Name = Field(description="Its name on cost lines.")
    pool: Name | None = Field(
        default=None,
        description='What a pool costs, e.g. "resource:storage". One of pool, tenant and monthly.',
    )
    tenant: Name | None = Field(
        default=None, description="What this tenant would pay, its own part of other costs too."
    )
    monthly: Amount | None = Field(
        default=None,
        description='An amount a calendar month (UTC), e.g. "1200.00"; needs a currency.',
    )
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] | None = Field(
        default=None, description="Of monthly: the price book's."
    )
    key: SplitKey = Field(
        description="even: the same for each; fixed: by `shares`; proportional: by what each "
        "costs; drivers: by what each used of `drivers`."
    )
    among: tuple[Name, ...] = Field(default=(), description="Who shares it. Left out: see level.")
    level: str | None = Field(
        default=None,
        description="Every tenant of this level shares it. With neither: the children of `tenant`; "
        "of other costs, everybody.",
    )
    shares: dict[Name, Percent] = Field(
        default={}, description='Of key fixed: percent by tenant, e.g. "62.5"; they sum to 100.'
    )
    drivers: dict[Name, Percent] = Field(
        default={},
        description="Of key drivers: percent by glob of meters, e.g. resource.storage; they sum to "
        "100.",
    )
    source: str | None = Field(
        default=None, min_length=1, description="Who says so: a contract, an invoice."
    )

    def named(self, loc: Loc) -> Iterator[tuple[Loc, str]]:
        """Yield each tenant it names, and where."""
        if self.tenant is not None:
            yield (*loc, "tenant"), self.tenant
        for number, name in enumerate(self.among):
            yield (*loc, "among", number), name
        for name in self.shares:
            yield (*loc, "shares", name), name

    def faults(self, loc: Loc) -> Iterator[Fault]:
        """Name what does not fit in it."""
        of = [name for name in OF if getattr(self, name) is not None]
        if len(of) != 1:
            got = " and ".join(of) or "none of them"
            yield Fault(loc, f"expected one of {', '.join(OF)}, got {got}; keep one")
        if (self.monthly is None) != (self.currency is None):
            yield Fault(loc, "expected monthly and currency, got one of them; add the other")
        if self.monthly is not None and whole(self.monthly, PICO) is None:
            text = f"expected at most 12 decimals, got {self.monthly:f}; round it"
            yield Fault((*loc, "monthly"), text)
        yield from self._repeated(loc)
        for field, key in LISTED.items():
            yield from self._listed_faults((*loc, field), getattr(self, field), key)
        if len([each for each in (self.among, self.level, self.shares) if each]) > 1:
            text = "expected one of among, level and shares to say who shares it, got several"
            yield Fault(loc, f"{text}; keep one")

    def _repeated(self, loc: Loc) -> Iterator[Fault]:
        for number, name in enumerate(self.among):
            if name in self.among[:number]:
                text = f"expected each of among once, got {name!r} again; remove one"
                yield Fault((*loc, "among", number), text)

    def _listed_faults(self, loc: Loc, parts: Mapping[str, Decimal], key: str) -> Iterator[Fault]:
        field, total = loc[-1], sum(parts.values())
        if self.key == key and not parts:
            yield Fault(loc, f"expected {field} beside key {key}, got none; add {field}")
        elif self.key != key and parts:
            yield Fault(loc, f"expected {field} only beside key {key}, got key {self.key}; "
                        "correct one of them")  # fmt: skip
        elif parts and total != WHOLE:
            yield Fault(loc, f"expected percents that sum to {WHOLE}, got {total:f}; correct them")


def millionths(percent: Decimal) -> int:
    """Return percent in millionths of the whole.

    >>> millionths(Decimal("62.5"))
    625000
    """
    return int(percent * SHARE_SCALE) // WHOLE

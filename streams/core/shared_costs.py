"""Costs that several tenants have in common, and by what key they are split."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from streams.core.timeline import FOREVER

SplitKey: TypeAlias = Literal["even", "fixed", "proportional", "drivers"]

SHARE_SCALE = 10**6  # the whole, in which fixed shares and weights of drivers are counted


@dataclass(frozen=True, slots=True)
class Share:
    """A fixed part: of a tenant, or the weight of a driver, in millionths of the whole."""

    of: str
    millionths: int


@dataclass(frozen=True, slots=True)
class SharedCost:
    """One cost and its split. Exactly one of pool, tenant and monthly says what is shared.

    `pool`: all that a pool costs. `tenant`: what a tenant pays, so that costs go down a hierarchy
    level by level. `monthly`: pico of the currency a calendar month, UTC.
    Takers: the tenants `among`, or of the fixed `shares`, or all of `level` but `tenant` itself, or
    with none of them the children of `tenant`; of another cost, everybody who has cost.
    `drivers` are globs of meters.
    """

    name: str
    key: SplitKey
    pool: str | None = None
    tenant: str | None = None
    monthly: int | None = None
    currency: str | None = None
    among: tuple[str, ...] = ()
    level: str | None = None
    shares: tuple[Share, ...] = ()
    drivers: tuple[Share, ...] = ()
    from_us: int = 0
    to_us: int = FOREVER
    source: str | None = None

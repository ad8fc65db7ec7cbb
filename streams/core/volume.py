"""Graduated prices by the quantity of a month: what the lines of it lack to what was agreed.

A line is charged when it is drawn, by the first step: which step it would be on depends on usage
that may yet come. When the month is over its usage is known, and one adjustment of each tenant and
agreement makes the sum of what was charged exactly the graduated price. Nothing costs anything
here; costs are on the lines of usage.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import NamedTuple

from streams.core.charged import TierOf, no_tier
from streams.core.charges import Charges, Override, Step
from streams.core.gpu import GPU, UNIT
from streams.core.lines import Dimensions, Figures, Lines, Money
from streams.core.meters import TOKEN_METERS, TOKENS
from streams.core.money import PICO, half_even
from streams.core.price import GPU_DIVISOR, GPU_METER, TOKEN_DIVISOR, UNIT_DIVISOR
from streams.core.time_lines import TIME_KINDS

POOL = "charge:volume"
KIND = "adjustment"
NOTHING = Fraction(0)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Charged(NamedTuple):
    """Lines of one payer and meter: how much in 1e-12 of the unit, and pico charged."""

    tenant: str
    provider: str | None
    model: str | None
    kind: str
    meter: str
    unit: str
    quantity: int
    billed: int


class Stretch(NamedTuple):
    """Lines of some time, from when on, in which neither agreements nor tiers of service change."""

    begin_us: int
    lines: Iterable[Charged]
    tier_of: TierOf = no_tier


@dataclass(slots=True)
class Settled:
    """What a tenant used and was charged under one agreement in a month."""

    tenant: str
    override: Override
    unit: str
    quantity: int = 0  # in base units
    billed: int = 0
    tiered: Fraction = NOTHING  # the quantity, times the tier it was used under

    @property
    def graduated(self) -> int:
        """What it is to be charged, in pico: the graduated price, times the tenant's tier.

        Where the tier changed in the month, its factors count by the quantity used under each.
        """
        if not self.quantity:
            return 0
        divisor = divisor_of(self.override.meter or "")
        amount = graduated_amount(self.quantity, self.override.steps) * self.tiered
        return half_even(amount.numerator, amount.denominator * divisor * self.quantity)

    @property
    def missing(self) -> int:
        """What was charged too little, in pico; negative: too much."""
        return self.graduated - self.billed


def settle(stretches: Iterable[Stretch], charges: Charges) -> list[Settled]:
    """Return every tenant's every graduated agreement that lines of a month fall under.

    Stretches are in any order, and of one time there may be several.
    """
    found: dict[tuple[str, Override], Settled] = {}
    for begin_us, lines, tier_of in stretches:
        for line in lines:
            override = agreement(charges, line, begin_us)
            if override and override.steps:
                one = found.setdefault(
                    (line.tenant, override), Settled(line.tenant, override, line.unit)
                )
                one.unit = min(one.unit, line.unit)
                one.quantity += base_quantity(line)
                one.billed += line.billed
                tier = tier_of(line.tenant)
                one.tiered += base_quantity(line) * (tier.multiplier if tier else 1)
    return [found[key] for key in sorted(found, key=lambda key: (key[0], *names(key[1])))]


def agreement(charges: Charges, line: Charged, at_us: int) -> Override | None:
    """Return the agreement that a line was charged by."""
    if line.kind in {"unpriced", KIND}:
        return None
    if not line.meter.startswith(GPU):
        return charges.of(line.tenant, line.provider, line.model, line.meter, at_us)
    if line.kind not in TIME_KINDS:
        return None  # a share of idle time, charged at cost
    return charges.of(line.tenant, None, line.model, GPU_METER, at_us)


def graduated_amount(quantity: int, steps: tuple[Step, ...]) -> int:
    """Return what a quantity amounts to when each step prices what lies in it.

    >>> graduated_amount(25, ((0, 3), (10, 2), (20, 1)))  # 10 x 3 + 10 x 2 + 5 x 1
    55
    """
    ends = [begin for begin, _ in steps[1:]] + [quantity]
    return sum(
        max(0, min(quantity, end) - begin) * rate
        for (begin, rate), end in zip(steps, ends, strict=True)
    )


def adjustments(settled: Iterable[Settled]) -> Lines:
    """Return the lines that make a month exact.

    They have no quantity of their own: what was used is on other lines.
    """
    return {dimensions(one): Figures(0, Money(billed=one.missing)) for one in settled}


def dimensions(one: Settled) -> Dimensions:
    """Return what an adjustment is about; two agreements never share one."""
    override = one.override
    begin = EPOCH + timedelta(microseconds=override.from_us)
    whose = "everybody" if override.tenant is None else "tenant"
    return Dimensions(
        one.tenant,
        None,
        KIND,
        override.meter or "",
        override.provider,
        override.model,
        None,
        f"volume of {whose} since {begin.isoformat()}",
        one.unit,
    )


def names(override: Override) -> tuple[str, ...]:
    """Return what orders agreements."""
    return (
        override.meter or "",
        override.model or "",
        override.provider or "",
        f"{override.from_us:020}",
        override.tenant or "",
    )


def base_quantity(line: Charged) -> int:
    """Return a quantity as rates and steps count it; see streams.core.price."""
    whole = line.unit == UNIT or (line.unit == TOKENS and line.meter in TOKEN_METERS)
    return line.quantity // PICO if whole else line.quantity


def divisor_of(meter: str) -> int:
    """Return what turns an amount of a priced meter into pico."""
    if meter == GPU_METER:
        return GPU_DIVISOR
    return TOKEN_DIVISOR if meter in TOKEN_METERS else UNIT_DIVISOR

"""What tenants are charged: first as was agreed, then by their tier of service.

Metered usage was charged by what was agreed where it was rated, or covered by a commitment. Here
capacity is, and last of all every charge of a tenant is multiplied by its tier's factor, each line
rounded half-even once more. Costs stay what they are; what is charged above them is the margin.
"""

from collections.abc import Callable
from typing import TypeAlias

from streams.core.charges import Charges
from streams.core.gpu import GPU
from streams.core.lines import Lines
from streams.core.money import PICO, half_even
from streams.core.price import GPU_DIVISOR, GPU_METER
from streams.core.tenants import Sla
from streams.core.time_lines import TIME_KINDS

TierOf: TypeAlias = Callable[[str], Sla | None]


def no_tier(_tenant: str) -> None:
    """Return the tier of tenants that have none."""


def charge_agreed(lines: Lines, charges: Charges, window_us: int) -> None:
    """Charge for capacity what was agreed, in a window that begins at an instant.

    A price agreed for GPU time is for time held. What was borrowed, reserved and not used, and
    shares of idle time are then charged at cost; a discount or mark-up is on all of them.
    """
    if not charges.overrides:
        return
    for what, figures in lines.items():
        money = figures.money
        if money is None or not what.meter.startswith(GPU):
            continue
        agreed = charges.of(what.tenant, None, what.model, GPU_METER, window_us)
        if agreed and (agreed.factor is not None or what.kind in TIME_KINDS):
            billed = agreed.billed(money.cost, figures.quantity, GPU_DIVISOR * PICO)
            figures.money = money._replace(billed=billed)


def charge_tiers(lines: Lines, tier_of: TierOf) -> None:
    """Multiply what every tenant is charged by the factor of its tier."""
    tiers = {tenant: tier_of(tenant) for tenant in sorted({what.tenant for what in lines})}
    for what, figures in lines.items():
        tier = tiers[what.tenant]
        if tier and figures.money:
            times = tier.multiplier
            billed = half_even(figures.money.billed * times.numerator, times.denominator)
            figures.money = figures.money._replace(billed=billed)

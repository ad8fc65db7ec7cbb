"""Idle capacity: who pays for what nobody used.

What nobody can take is a row of its own, so nothing of it is lost.
"""

from streams.core.capacity import Capacity
from streams.core.gpu import UNIT
from streams.core.held import TIME_KINDS, take
from streams.core.lines import Dimensions, Figures, Lines
from streams.core.metered_lines import dimensions
from streams.core.pools import Share
from streams.core.reserved import IDLE
from streams.core.sums import Key, MeterKey

IDLE_METER = "gpu.idle"


def idle_shares(lines: Lines, pot: Capacity, share: Share, events: int) -> None:
    """Hand out the pot; what nobody can take stays with IDLE, whose line is always there."""
    used: dict[str, int] = {}
    for what, figures in lines.items():
        if what.kind in TIME_KINDS:
            used.setdefault(what.tenant, 0)
            if what.kind == "used":
                used[what.tenant] += figures.cost or 0
    tenants = sorted(used)
    if share == "weighted":
        weights = [used[tenant] for tenant in tenants]
    else:
        weights = [int(share == "even") for _ in tenants]
    takers = any(weights)
    shares = pot.split(weights) if takers else [Capacity() for _ in tenants]
    for tenant, part in zip(tenants, shares, strict=True):
        take(lines.setdefault(idle_line(tenant), Figures()), part)
    take(lines.setdefault(idle_line(IDLE), Figures()), Capacity() if takers else pot, events)


def idle_line(tenant: str) -> Dimensions:
    """Return the line of a tenant's share of idle capacity."""
    nobody = Key(tenant, None, None, None, None, None)
    return dimensions(nobody, tenant, "idle_share", MeterKey(IDLE_METER, UNIT, 1, True))

"""What each batch is worth, and what a window of some batches must cost: figured by ourselves.

Nothing of `streams.core` is used. Quantities are integers in a fine unit; money is a Fraction of a
dollar until a line of it is rounded, half to even, to whole pico.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from tests.system import facts

PICO = 10**12
HOUR_US = 3_600 * 10**6
UNSEEN = "unobserved"


class BatchId(NamedTuple):
    """What identifies a batch for ever."""

    source: str
    epoch: int
    seq: int


class Place(NamedTuple):
    """One window of one pool."""

    start_us: int
    pool: str


class Line(NamedTuple):
    """What a metered line is about."""

    tenant: str
    project: str | None
    meter: str
    provider: str | None
    model: str | None
    endpoint: str | None
    job: str | None
    tier: str | None = None
    region: str | None = None


class Caller(NamedTuple):
    """Who called an endpoint that is paid by GPU time, and which tokens are counted."""

    endpoint: str
    tenant: str
    tokens: str  # input, cache_read or output


class Held(NamedTuple):
    """Who had GPU time: a tenant, an endpoint or nobody."""

    tenant: str | None
    endpoint: str | None
    state: str  # active, held_idle, unheld or unobserved
    gpu: str


class Metered(NamedTuple):
    """A line, and whether it was used after prices had changed."""

    line: Line
    dear: bool


@dataclass(slots=True)
class Usage:
    """What one batch, or all of a window, adds up to in one place."""

    events: int = 0
    metered: Counter[Metered] = field(default_factory=Counter)  # tokens, 1e-12 of other units
    tokens: Counter[Caller] = field(default_factory=Counter)
    gpu: Counter[Held] = field(default_factory=Counter)  # microseconds * SLOT_US

    def add(self, other: "Usage") -> None:
        """Add another's quantities."""
        self.events += other.events
        self.metered.update(other.metered)
        self.tokens.update(other.tokens)
        self.gpu.update(other.gpu)


@dataclass(slots=True)
class Worth:
    """What a place must cost."""

    cost_pico: int = 0
    lines_pico: dict[Line, int | None] = field(default_factory=dict)  # metered ones; None: unpriced
    quantities: dict[Line, Fraction] = field(default_factory=dict)
    capacity: dict[str, Fraction] = field(
        default_factory=dict
    )  # dollars by tenant, before rounding


def worth(usage: Usage, pool: str) -> Worth:
    """Return what a place must cost."""
    found = Worth()
    amounts: dict[Line, Fraction | None] = {}
    for (line, dear), count in usage.metered.items():
        quantity = Fraction(count, 1 if line.meter.startswith("tokens.") else PICO)
        price = facts.price(
            line.provider, line.model, line.meter, line.tier, line.region, dear=dear
        )
        found.quantities[line] = found.quantities.get(line, Fraction(0)) + quantity
        before = amounts.get(line, Fraction(0))
        amounts[line] = None if price is None or before is None else before + quantity * price
    for line, amount in amounts.items():
        found.lines_pico[line] = None if amount is None else round(amount * PICO)
    capacity = sum((dollars(held, time) for held, time in usage.gpu.items()), Fraction(0))
    found.cost_pico = sum(cost or 0 for cost in found.lines_pico.values()) + round(capacity * PICO)
    found.capacity = shares(usage, *facts.IDLE.get(pool, ("unheld", "weighted")))
    unseen = sum((dollars(held, time) for held, time in usage.gpu.items() if held.state == UNSEEN),
                 Fraction(0))  # fmt: skip
    found.capacity[facts.NOBODY] = found.capacity.get(facts.NOBODY, Fraction(0)) + unseen
    return found


def dollars(held: Held, time: int) -> Fraction:
    """Return the cost of some GPU time."""
    return facts.GPU_HOUR[held.gpu] * time / facts.SLOT_US / HOUR_US


def shares(usage: Usage, basis: str, share: str) -> dict[str, Fraction]:
    """Return the dollars of observed GPU time each tenant must pay, idle shares included."""
    active: dict[str, Fraction] = {}
    idling: dict[str, Fraction] = {}
    pot = Fraction(0)
    work = work_of(usage)
    for held, time in usage.gpu.items():
        if held.state == UNSEEN:
            continue
        takers = work.get(held.endpoint, {}) if held.endpoint else {held.tenant or "": Fraction(1)}
        whole = sum(takers.values(), Fraction(0))
        if held.state == "unheld" or not whole:
            pot += dollars(held, time)
            continue
        side = active if held.state == "active" else idling
        for tenant, weight in takers.items():
            part = dollars(held, time) * weight / whole
            side[tenant] = side.get(tenant, Fraction(0)) + part
    callers = {caller.tenant for caller in usage.tokens}
    used = {
        tenant: active.get(tenant, Fraction(0))
        for tenant in active.keys() | idling.keys() | callers
    }
    total = dict(used)
    for tenant, cost in idling.items():
        if basis == "unheld_and_held_idle":
            pot += cost
        else:
            total[tenant] += cost
    weights = used if share == "weighted" else dict.fromkeys(used, Fraction(1))
    whole = sum(weights.values(), Fraction(0))
    if not whole:
        return total | {"__idle__": pot}
    return {tenant: total[tenant] + pot * weights[tenant] / whole for tenant in total}


def work_of(usage: Usage) -> dict[str, dict[str, Fraction]]:
    """Return the work each tenant had each endpoint do."""
    work: dict[str, dict[str, Fraction]] = {}
    for caller, count in usage.tokens.items():
        weight: Fraction = getattr(facts.GPU_ENDPOINTS[caller.endpoint], caller.tokens)
        tenants = work.setdefault(caller.endpoint, {})
        tenants[caller.tenant] = tenants.get(caller.tenant, Fraction(0)) + count * weight
    return work


def together(usages: Iterable[Usage]) -> Usage:
    """Return the sum of some usages."""
    whole = Usage()
    for usage in usages:
        whole.add(usage)
    return whole

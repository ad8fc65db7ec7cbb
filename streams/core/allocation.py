"""From the sums of one (window, pool) to its cost lines.

Metered usage costs what its own meters say, each line rounded once. Capacity (GPU time) is costed
as a whole, rounded once, and then only ever split: over the parts of the time, over the tenants of
a shared endpoint, over the takers of idle. So the lines sum to the pool's cost exactly.

Lines only ever join a window: the more batches it holds, the more lines it has, and one that gets
nothing stays as a zero. Reservations, lending and shared pools come between `capacity` and
`idle_shares`, as further splits of the same whole.
"""

from dataclasses import dataclass, field
from typing import TypeAlias

from schemas.records import IdleBasis, IdleShare
from streams.core.catalog import IDLE, UNATTRIBUTED, IdlePolicy
from streams.core.gpu import ACTIVE, HELD_IDLE, UNIT
from streams.core.lines import Dimensions, Figures
from streams.core.money import PICO, half_even, split
from streams.core.price_book import GPU_DIVISOR
from streams.core.sums import Entry, Key, MeterKey, Sums

Lines: TypeAlias = dict[Dimensions, Figures]

GPU = "gpu."
WORK = "work"
EVENTS_RIDE_ON = "tokens.input"  # the meter every priced call has
IDLE_METER = "gpu.idle"


@dataclass(slots=True)
class Pot:
    """Idle capacity to be handed out: cost in pico, time in GPU-microseconds."""

    cost: int = 0
    for_us: int = 0


@dataclass(slots=True)
class Held:
    """What one endpoint held: cost in pico and GPU-microseconds by meter."""

    cost: dict[str, int] = field(default_factory=lambda: {ACTIVE: 0, HELD_IDLE: 0})
    for_us: dict[str, int] = field(default_factory=lambda: {ACTIVE: 0, HELD_IDLE: 0})


def allocate(sums: Sums, idle: IdlePolicy, capacity_events: int) -> Lines:
    """Return every line of a (window, pool) with its figures."""
    lines: Lines = {}
    entries = sorted(sums.entries.items(), key=lambda item: sort_key(item[0]))
    metered(lines, entries)
    capacity(lines, entries, idle, capacity_events)
    return lines


def sort_key(key: Key) -> tuple[str, ...]:
    """Order keys the same everywhere; it decides ties of largest remainder."""
    return tuple("" if part is None else "\x01" + part for part in key)


def metered(lines: Lines, entries: list[tuple[Key, Entry]]) -> None:
    """Draw the lines of usage that is paid by its own meters."""
    for key, entry in entries:
        own = [
            (meter, total)
            for meter, total in sorted(entry.meters.items())
            if not meter.name.startswith(GPU) and meter.name != WORK
        ]
        events = entry.events
        own.sort(key=lambda item: item[0].name != EVENTS_RIDE_ON)
        for meter, (quantity, amount) in own:
            figures = line(lines, key, key.tenant or UNATTRIBUTED, meter)
            figures.add(scaled(meter, quantity), half_even(amount, meter.divisor), events)
            if not meter.priced:
                figures.cost = None
            events = 0


def scaled(meter: MeterKey, quantity: int) -> int:
    """Return a quantity in 1e-12 of its unit; resources are counted in that already."""
    return quantity if meter.name.startswith("resource.") else quantity * PICO


def line(lines: Lines, key: Key, tenant: str, meter: MeterKey) -> Figures:
    """Return the figures of a metered line, made when it is new."""
    kind = meter.name if meter.priced else "unpriced"
    what = Dimensions(
        tenant,
        key.project,
        kind,
        meter.name,
        key.provider,
        key.model,
        key.endpoint,
        key.job,
        meter.unit,
    )
    return lines.setdefault(what, Figures())


def capacity(lines: Lines, entries: list[tuple[Key, Entry]], idle: IdlePolicy, events: int) -> None:
    """Cost the pool's GPU time as a whole and split it down to tenants."""
    gpu = [
        (key, meter, quantity, amount)
        for key, entry in entries
        for meter, (quantity, amount) in sorted(entry.meters.items())
        if meter.name.startswith(GPU)
    ]
    priced = [part for part in gpu if part[1].priced]
    for key, meter, quantity, _ in gpu:
        if not meter.priced:
            nobody = UNATTRIBUTED if key.endpoint else IDLE
            figures = line(lines, key, key.tenant or nobody, meter)
            figures.quantity += quantity * PICO
            figures.cost = None
    amounts = [amount for *_, amount in priced]
    total = half_even(sum(amounts), GPU_DIVISOR)
    costs = split(total, amounts) if sum(amounts) else [0] * len(priced)
    pot = Pot()
    held: dict[str, Held] = {}
    for (key, meter, for_us, _), cost in zip(priced, costs, strict=True):
        place(lines, pot, held, idle.basis, (key, meter.name, for_us, cost))
    endpoints(lines, pot, held, idle.basis, entries)
    if gpu or events:
        idle_shares(lines, pot, idle.share, events)


def place(
    lines: Lines,
    pot: Pot,
    held: dict[str, Held],
    basis: IdleBasis,
    part: tuple[Key, str, int, int],
) -> None:
    """Put one part of the capacity where it belongs: its tenant, its endpoint, or the pot."""
    key, meter, for_us, cost = part
    if key.endpoint:
        endpoint = held.setdefault(key.endpoint, Held())
        endpoint.cost[meter] += cost
        endpoint.for_us[meter] += for_us
    elif key.tenant:
        to_tenant(lines, pot, basis, key, (meter, for_us, cost))
    else:
        pot.cost += cost
        pot.for_us += for_us


def to_tenant(
    lines: Lines, pot: Pot, basis: IdleBasis, key: Key, part: tuple[str, int, int]
) -> None:
    """Charge a tenant for time it held; idle time goes to the pot where the pool says so."""
    meter, for_us, cost = part
    figures = lines.setdefault(held_line(key, meter), Figures())
    if meter == HELD_IDLE and basis == "unheld_and_held_idle":
        pot.cost += cost
        pot.for_us += for_us
    else:
        figures.add(for_us * PICO, cost)


def held_line(key: Key, meter: str) -> Dimensions:
    """Return the line of time that a tenant held."""
    kind = "used" if meter == ACTIVE else "held_idle"
    tenant = key.tenant or UNATTRIBUTED
    return Dimensions(
        tenant, key.project, kind, meter, key.provider, key.model, key.endpoint, key.job, UNIT
    )


def endpoints(
    lines: Lines,
    pot: Pot,
    held: dict[str, Held],
    basis: IdleBasis,
    entries: list[tuple[Key, Entry]],
) -> None:
    """Split what each endpoint held over its tenants' work; without work it is idle."""
    callers: dict[str, list[tuple[Key, int]]] = {}
    for key, entry in entries:
        work = [quantity for meter, (quantity, _) in entry.meters.items() if meter.name == WORK]
        if work and key.endpoint:
            callers.setdefault(key.endpoint, []).append((key, sum(work)))
            lines.setdefault(held_line(key, ACTIVE), Figures()).events += entry.events
            lines.setdefault(held_line(key, HELD_IDLE), Figures())
    for endpoint, have in sorted(held.items()):
        tenants = callers.get(endpoint, [])
        weights = [work for _, work in tenants]
        for meter in (ACTIVE, HELD_IDLE):
            cost, for_us = have.cost[meter], have.for_us[meter]
            if not any(weights):
                pot.cost += cost
                pot.for_us += for_us
                continue
            shares = zip(split(cost, weights), split(for_us, weights), strict=True)
            for (key, _), (part, part_us) in zip(tenants, shares, strict=True):
                to_tenant(lines, pot, basis, key, (meter, part_us, part))


def idle_shares(lines: Lines, pot: Pot, share: IdleShare, events: int) -> None:
    """Hand out the pot; what nobody can take stays with IDLE, whose line is always there."""
    used: dict[str, int] = {}
    for what, figures in lines.items():
        if what.kind in {"used", "held_idle"}:
            used.setdefault(what.tenant, 0)
            if what.kind == "used":
                used[what.tenant] += figures.cost or 0
    tenants = sorted(used)
    if share == "weighted":
        weights = [used[tenant] for tenant in tenants]
    else:
        weights = [int(share == "even") for _ in tenants]
    takers = any(weights)
    costs = split(pot.cost, weights) if takers else [0] * len(tenants)
    times = split(pot.for_us, weights) if takers else [0] * len(tenants)
    for tenant, cost, for_us in zip(tenants, costs, times, strict=True):
        lines.setdefault(idle_line(tenant), Figures()).add(for_us * PICO, cost)
    left = Pot() if takers else pot
    lines.setdefault(idle_line(IDLE), Figures()).add(left.for_us * PICO, left.cost, events)


def idle_line(tenant: str) -> Dimensions:
    """Return the line of a tenant's share of idle capacity."""
    return Dimensions(tenant, None, "idle_share", IDLE_METER, None, None, None, None, UNIT)

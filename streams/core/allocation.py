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
from streams.core.capacity import Capacity
from streams.core.catalog import IDLE, UNATTRIBUTED, IdlePolicy
from streams.core.charges import Charges
from streams.core.commitments import Commitment
from streams.core.coverage import Agreed, cover, is_commitment, money_of
from streams.core.gpu import ACTIVE, HELD_IDLE, UNIT
from streams.core.lines import NO_MONEY, Dimensions, Figures, Money
from streams.core.meters import CALL_PREFIX
from streams.core.money import PICO, half_even, split
from streams.core.price import GPU_DIVISOR, GPU_METER
from streams.core.sums import Entry, Key, MeterKey, Sums

Lines: TypeAlias = dict[Dimensions, Figures]

GPU = "gpu."
WORK = "work"
EVENTS_RIDE_ON = "tokens.input"  # the meter nearly every priced call has
IDLE_METER = "gpu.idle"
SCALED = (CALL_PREFIX, "resource.")  # meters counted in 1e-12 of their unit
TIME_KINDS = {"used", "held_idle"}  # lines of time that a tenant held


@dataclass(slots=True)
class Held:
    """What one endpoint held, by meter."""

    by_meter: dict[str, Capacity] = field(
        default_factory=lambda: {ACTIVE: Capacity(), HELD_IDLE: Capacity()}
    )


@dataclass(frozen=True, slots=True)
class Policy:
    """What the lines of a (window, pool) depend on beside its sums."""

    idle: IdlePolicy
    charges: Charges
    window_us: int  # begin
    commitments: tuple[Commitment, ...] = ()


def allocate(sums: Sums, policy: Policy, capacity_events: int) -> Lines:
    """Return every line of a (window, pool) with its figures."""
    lines: Lines = {}
    entries = sorted(sums.entries.items(), key=lambda item: sort_key(item[0]))
    metered(lines, entries)
    covered(lines, entries, policy)
    capacity(lines, entries, policy.idle, capacity_events)
    charge(lines, policy)
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
            if not meter.name.startswith(GPU) and meter.name != WORK and not is_commitment(meter)
        ]
        events = entry.events
        own.sort(key=lambda item: item[0].name != EVENTS_RIDE_ON)
        for meter, (quantity, *amounts) in own:
            figures = line(lines, key, key.tenant or UNATTRIBUTED, meter)
            money = Money(*(half_even(amount, meter.divisor) for amount in amounts))
            figures.add(scaled(meter, quantity), money, events)
            if not meter.priced:
                figures.money = None
            events = 0


def covered(lines: Lines, entries: list[tuple[Key, Entry]], policy: Policy) -> None:
    """Have commitments pay for the usage they cover; what nobody used of them is idle."""
    agreed = Agreed(policy.commitments, policy.charges, policy.window_us)
    usage, unused = cover(entries, agreed)
    for each in usage:
        figures = line(lines, each.key, each.key.tenant or UNATTRIBUTED, each.meter)
        figures.money = money_of(each, agreed, figures.money or NO_MONEY)
    lines |= unused


def scaled(meter: MeterKey, quantity: int) -> int:
    """Return a quantity in 1e-12 of its unit, which some are counted in already."""
    return quantity if meter.name.startswith(SCALED) else quantity * PICO


def line(lines: Lines, key: Key, tenant: str, meter: MeterKey) -> Figures:
    """Return the figures of a metered line, made when it is new."""
    kind = meter.name if meter.priced else "unpriced"
    return lines.setdefault(dimensions(key, tenant, kind, meter), Figures())


def dimensions(key: Key, tenant: str, kind: str, meter: MeterKey) -> Dimensions:
    """Return what a metered line is about."""
    return Dimensions(
        tenant,
        key.project,
        kind,
        meter.name,
        key.provider,
        key.model,
        key.endpoint,
        key.job,
        meter.unit,
        key.region,
        key.service_tier,
    )


def capacity(lines: Lines, entries: list[tuple[Key, Entry]], idle: IdlePolicy, events: int) -> None:
    """Cost the pool's GPU time as a whole and split it down to tenants."""
    gpu = [
        (key, meter, sums)
        for key, entry in entries
        for meter, sums in sorted(entry.meters.items())
        if meter.name.startswith(GPU)
    ]
    for key, meter, (quantity, *_) in gpu:
        if not meter.priced:
            nobody = UNATTRIBUTED if key.endpoint else IDLE
            figures = line(lines, key, key.tenant or nobody, meter)
            figures.quantity += quantity * PICO
            figures.money = None
    priced = [part for part in gpu if part[1].priced]
    pot = Capacity()
    held: dict[str, Held] = {}
    for (key, meter, _), part in zip(priced, costed([sums for *_, sums in priced]), strict=True):
        place(lines, pot, held, idle.basis, (key, meter.name, part))
    endpoints(lines, pot, held, idle.basis, entries)
    if gpu or events:
        idle_shares(lines, pot, idle.share, events)


def costed(parts: list[list[int]]) -> list[Capacity]:
    """Return parts of the capacity with their share of its cost."""
    costs = rounded([amount for _, amount, _, _ in parts])
    listed = rounded([amount for _, _, amount, _ in parts])
    times = [for_us for for_us, *_ in parts]
    return [Capacity(*part) for part in zip(costs, listed, times, strict=True)]


def rounded(amounts: list[int]) -> list[int]:
    """Return amounts in pico: rounded as a whole, then split."""
    total = half_even(sum(amounts), GPU_DIVISOR)
    return split(total, amounts) if any(amounts) else [0] * len(amounts)


def place(
    lines: Lines,
    pot: Capacity,
    held: dict[str, Held],
    basis: IdleBasis,
    part: tuple[Key, str, Capacity],
) -> None:
    """Put one part of the capacity where it belongs: its tenant, its endpoint, or the pot."""
    key, meter, capacity = part
    if key.endpoint:
        held.setdefault(key.endpoint, Held()).by_meter[meter].add(capacity)
    elif key.tenant:
        to_tenant(lines, pot, basis, key, (meter, capacity))
    else:
        pot.add(capacity)


def to_tenant(
    lines: Lines, pot: Capacity, basis: IdleBasis, key: Key, part: tuple[str, Capacity]
) -> None:
    """Charge a tenant for time it held; idle time goes to the pot where the pool says so."""
    meter, capacity = part
    figures = lines.setdefault(held_line(key, meter), Figures())
    if meter == HELD_IDLE and basis == "unheld_and_held_idle":
        pot.add(capacity)
    else:
        take(figures, capacity)


def take(figures: Figures, capacity: Capacity, events: int = 0) -> None:
    """Put capacity on a line; what is charged for it is decided last."""
    money = Money(capacity.cost, capacity.listed, capacity.cost)
    figures.add(capacity.for_us * PICO, money, events)


def held_line(key: Key, meter: str) -> Dimensions:
    """Return the line of time that a tenant held."""
    kind = "used" if meter == ACTIVE else "held_idle"
    whole = key._replace(region=None, service_tier=None)
    return dimensions(whole, key.tenant or UNATTRIBUTED, kind, MeterKey(meter, UNIT, 1, True))


def endpoints(
    lines: Lines,
    pot: Capacity,
    held: dict[str, Held],
    basis: IdleBasis,
    entries: list[tuple[Key, Entry]],
) -> None:
    """Split what each endpoint held over its tenants' work; without work it is idle."""
    callers: dict[str, list[tuple[Key, int]]] = {}
    for key, entry in entries:
        work = [quantity for meter, (quantity, *_) in entry.meters.items() if meter.name == WORK]
        if work and key.endpoint:
            callers.setdefault(key.endpoint, []).append((key, sum(work)))
            lines.setdefault(held_line(key, ACTIVE), Figures()).events += entry.events
            lines.setdefault(held_line(key, HELD_IDLE), Figures())
    for endpoint, have in sorted(held.items()):
        tenants = callers.get(endpoint, [])
        weights = [work for _, work in tenants]
        for meter, capacity in have.by_meter.items():
            if not any(weights):
                pot.add(capacity)
                continue
            for (key, _), part in zip(tenants, capacity.split(weights), strict=True):
                to_tenant(lines, pot, basis, key, (meter, part))


def idle_shares(lines: Lines, pot: Capacity, share: IdleShare, events: int) -> None:
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


def charge(lines: Lines, policy: Policy) -> None:
    """Decide what tenants are charged for capacity; metered usage was charged where it was rated.

    A price agreed for GPU time is for time held; idle shares are then charged at cost.
    """
    for what, figures in lines.items():
        money = figures.money
        if money is None or not what.meter.startswith(GPU):
            continue
        agreed = policy.charges.of(what.tenant, None, what.model, GPU_METER, policy.window_us)
        if agreed and (agreed.factor is not None or what.kind in TIME_KINDS):
            billed = agreed.billed(money.cost, figures.quantity, GPU_DIVISOR * PICO)
            figures.money = money._replace(billed=billed)

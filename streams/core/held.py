"""GPU time of a (window, pool): costed as a whole, then split over who held it.

What nobody held, and by the pool's policy what holders left unused, goes to the pot.
"""

from dataclasses import dataclass, field

from schemas.records import IdleBasis
from streams.core.capacity import Capacity, Metered
from streams.core.gpu import ACTIVE, GPU, HELD_IDLE, UNIT
from streams.core.lines import Dimensions, Figures, Lines, Money
from streams.core.metered_lines import WORK, dimensions, line
from streams.core.money import PICO, half_even, split
from streams.core.price import GPU_DIVISOR
from streams.core.reserved import IDLE, UNATTRIBUTED
from streams.core.sums import Entry, Key, MeterKey

TIME_KINDS = {"used", "held_idle"}  # lines of time that a tenant held


@dataclass(slots=True)
class Held:
    """What one endpoint held, by meter."""

    by_meter: dict[str, Capacity] = field(
        default_factory=lambda: {ACTIVE: Capacity(), HELD_IDLE: Capacity()}
    )


def capacity(
    lines: Lines, entries: list[tuple[Key, Entry]], basis: IdleBasis, *, explained: bool = False
) -> Capacity | None:
    """Cost the pool's GPU time as a whole and split it down to holders; return what they left.

    None: no GPU time was reported. `explained`: each part remembers where it came from.
    """
    gpu = [
        (key, meter, sums)
        for key, entry in entries
        for meter, sums in sorted(entry.meters.items())
        if meter.name.startswith(GPU)
    ]
    unpriced(lines, gpu)
    priced = [part for part in gpu if part[1].priced]
    pot = Capacity()
    held: dict[str, Held] = {}
    for (key, meter, _), part in zip(priced, costed([sums for *_, sums in priced]), strict=True):
        part.origin = Metered(key, meter.name) if explained else None
        place(lines, pot, held, basis, (key, meter.name, part))
    endpoints(lines, pot, held, basis, entries)
    return pot if gpu else None


def unpriced(lines: Lines, gpu: list[tuple[Key, MeterKey, list[int]]]) -> None:
    """Draw the lines of time that has no price."""
    for key, meter, (quantity, *_) in gpu:
        if not meter.priced:
            nobody = UNATTRIBUTED if key.endpoint else IDLE
            figures = line(lines, key, key.tenant or nobody, meter)
            figures.quantity += quantity * PICO
            figures.money = None


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
    if capacity.origin is not None:
        figures.came += (capacity,)


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

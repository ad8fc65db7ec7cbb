"""GPU time of a (window, pool): costed as a whole, then split over who held it.

What nobody held, and by the pool's policy what holders left unused, goes to the pot. Time out of
service is nobody's idle time: the pool's platform account pays for it. Nor is time that nobody
looked: somebody may have held it, so it is a row of UNATTRIBUTED.
"""

from collections.abc import Iterable
from operator import add
from typing import NamedTuple, TypeAlias

from streams.core.capacity import Capacity, Metered
from streams.core.gpu import (
    ACTIVE,
    GPU,
    HELD_IDLE,
    OUT_OF_SERVICE,
    STRANDED,
    UNALLOCATED,
    UNIT,
    UNOBSERVED,
)
from streams.core.lines import Dimensions, Figures, Lines
from streams.core.metered_lines import WORK, line
from streams.core.money import PICO, half_even, shared
from streams.core.pools import Pool
from streams.core.price import GPU_DIVISOR
from streams.core.reserved import IDLE, UNATTRIBUTED
from streams.core.sums import Entry, Key, MeterKey
from streams.core.time_lines import HELD, USED, pool_line, put, take

Entries: TypeAlias = list[tuple[Key, Entry]]
GpuPart: TypeAlias = tuple[Key, MeterKey, list[int]]  # whose, which meter, its sums
CostedPart: TypeAlias = tuple[Key, str, Capacity]

NOBODYS = frozenset({UNALLOCATED, STRANDED})  # meters of time that nobody held
IN_REPAIR = "out_of_service"  # the kind of its lines
UNSEEN = "unobserved"  # the kind of lines of time that nobody looked


class Caller(NamedTuple):
    """Who called an endpoint: the work, and the lines of the time that it takes."""

    work: int
    active: Figures
    held_idle: Figures


class Held:
    """The GPU time of a (window, pool), on its way to the lines of who held it."""

    def __init__(self, lines: Lines, pool: Pool) -> None:
        self.lines = lines
        self.pool = pool
        self.pot = Capacity()
        self.endpoints: dict[str, dict[str, Capacity]] = {}  # by endpoint and meter

    def place(self, key: Key, meter: str, capacity: Capacity) -> None:
        """Put one part where it belongs: its tenant or endpoint, a row of its own, or the pot."""
        if key.endpoint:
            have = self.endpoints.setdefault(
                key.endpoint, {ACTIVE: Capacity(), HELD_IDLE: Capacity()}
            )
            have[meter].add(capacity)
        elif key.tenant:
            self.to_tenant(key, meter, capacity)
        elif meter == OUT_OF_SERVICE:
            account = self.pool.platform_account
            put(self.lines, pool_line(account, IN_REPAIR, meter, key.model), capacity)
        elif meter == UNOBSERVED:
            put(self.lines, pool_line(UNATTRIBUTED, UNSEEN, meter, key.model), capacity)
        else:
            self.pot.add(capacity)

    def to_tenant(self, key: Key, meter: str, capacity: Capacity) -> None:
        """Charge a tenant for time it held; idle time goes to the pot where the pool says so."""
        figures = self.line(key, meter)
        if self.is_idle(meter):
            self.pot.add(capacity)
        else:
            take(figures, capacity)

    def line(self, key: Key, meter: str) -> Figures:
        """Return the line of time that a tenant held, made when it is new."""
        return self.lines.setdefault(held_line(key, meter), Figures())

    def is_idle(self, meter: str) -> bool:
        """Whether time that somebody held counts as idle in the pool."""
        return meter == HELD_IDLE and self.pool.idle.basis == "unheld_and_held_idle"

    def split_endpoints(self, entries: Entries) -> None:
        """Split what each endpoint held over its tenants' work; without work it is idle."""
        callers = self.callers(entries)
        for endpoint, have in sorted(self.endpoints.items()):
            weights = [caller.work for caller in callers.get(endpoint, ())]
            for meter, capacity in have.items():
                if self.is_idle(meter) or not any(weights):
                    self.pot.add(capacity)
                    continue
                parts = capacity.split(weights, "work")
                for caller, part in zip(callers[endpoint], parts, strict=True):
                    take(caller.active if meter == ACTIVE else caller.held_idle, part)

    def callers(self, entries: Entries) -> dict[str, list[Caller]]:
        """Return the callers of each endpoint, whose lines are there in any case."""
        found: dict[str, list[Caller]] = {}
        for key, entry in entries:
            work = [sums[0] for meter, sums in entry.meters.items() if meter.name == WORK]
            if work and key.endpoint:
                caller = Caller(sum(work), self.line(key, ACTIVE), self.line(key, HELD_IDLE))
                caller.active.events += entry.events
                found.setdefault(key.endpoint, []).append(caller)
        return found


def gpu_parts(entries: Entries) -> list[GpuPart]:
    """Return the GPU time of a window's sums, in the order that decides ties."""
    return [
        (key, meter, sums)
        for key, entry in entries
        for meter, sums in sorted(entry.meters.items())
        if meter.name.startswith(GPU)
    ]


def hold(lines: Lines, entries: Entries, parts: Iterable[CostedPart], pool: Pool) -> Capacity:
    """Split a pool's GPU time down to who held it, and return what they left."""
    held = Held(lines, pool)
    for key, meter, part in parts:
        held.place(key, meter, part)
    held.split_endpoints(entries)
    return held.pot


def unpriced(lines: Lines, parts: list[GpuPart]) -> None:
    """Draw the lines of time that has no price."""
    for key, meter, (quantity, *_) in parts:
        if not meter.priced:
            nobody = UNATTRIBUTED if key.endpoint or meter.name == UNOBSERVED else IDLE
            figures = line(lines, key, key.tenant or nobody, meter)
            figures.quantity += quantity * PICO
            figures.money = None


def costed(parts: list[GpuPart], *, explained: bool = False) -> list[CostedPart]:
    """Return the parts that have a price, each with its share of what all of them cost.

    `explained`: each remembers where it came from.
    """
    priced = [part for part in parts if part[1].priced]
    idle = [meter.name in NOBODYS for _, meter, _ in priced]
    costs = rounded([amount for *_, (_, amount, _, _) in priced], idle)
    listed = rounded([amount for *_, (_, _, amount, _) in priced], idle)
    found = []
    for (key, meter, (for_us, *_)), cost, by_list in zip(priced, costs, listed, strict=True):
        origin = Metered(key, meter.name) if explained else None
        found.append((key, meter.name, Capacity(cost, by_list, for_us, origin)))
    return found


def rounded(amounts: list[int], idle: list[bool]) -> list[int]:
    """Return amounts in pico: rounded as a whole, then split.

    Idle time costs what the rest leaves of the whole: more of it changes nothing of the others.
    """
    theirs = [0 if free else amount for amount, free in zip(amounts, idle, strict=True)]
    nobodys = [amount if free else 0 for amount, free in zip(amounts, idle, strict=True)]
    held = half_even(sum(theirs), GPU_DIVISOR)
    rest = half_even(sum(amounts), GPU_DIVISOR) - held
    return list(map(add, shared(held, theirs), shared(rest, nobodys)))


def held_line(key: Key, meter: str) -> Dimensions:
    """Return the line of time that a tenant held. Region and tier are those of calls."""
    kind = USED if meter == ACTIVE else HELD
    tenant, project, provider, model, endpoint, job, *_ = key
    return Dimensions(
        tenant or UNATTRIBUTED, project, kind, meter, provider, model, endpoint, job, UNIT
    )

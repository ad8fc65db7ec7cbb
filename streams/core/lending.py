"""Reservations: each tenant pays for what it reserved, and is credited for what others used of it.

Time that a tenant borrowed moves from the line where it was used to one of kind `borrowed`, at its
cost times the pool's burst. Who lent it pays for all it reserved and did not use, and gets a
`lent_credit`. What borrowers pay above the credits goes to the margin account with a minus, so the
lines sum to what they summed to before.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction

from streams.core.capacity import Capacity
from streams.core.entitlement import Balance, balances
from streams.core.lines import Dimensions, Figures, Lines
from streams.core.money import PICO, shared
from streams.core.pools import GPU_SCALE, Lending, Reservation
from streams.core.time_lines import BORROWED, TIME_KINDS, keep_only, pool_line, put, take, taken

RESERVED_IDLE = "reserved_idle"
LENT_CREDIT = "lent_credit"
MARGIN = "lending_margin"
UNMET = "reservation_unmet"
RESERVED_METER = "gpu.reserved"
LENT_METER = "gpu.lent"
UNMET_METER = "reservation.unmet"  # no GPU time: there was none


def reserve(
    lines: Lines, pot: Capacity, reserved: Mapping[str, int], lending: Lending | None
) -> Capacity:
    """Draw the lines of reservations; return the idle time that nobody reserved.

    `reserved` is GPU-microseconds of the window by tenant; of nobody: nothing changes. Without
    lending no borrower pays more, and no lender gets anything: each pays what it used, and for
    what was left of its reservation.
    """
    if not reserved:
        return pot
    used = held_by(lines)
    found = balances(reserved, used, sum(used.values()) + pot.for_us)
    mine = {name: found[name] for name in sorted(reserved)}
    for name, each in mine.items():
        put(lines, pool_line(name, UNMET, UNMET_METER), Capacity(for_us=each.unmet))
    if lending:
        charged, lent = borrow(lines, found, lending.burst)
        margin = credit(lines, mine, lent, lending.credit)
        margin.add(charged.opposite())
        put(lines, pool_line(lending.margin_account, MARGIN, LENT_METER), margin)
    return leave(lines, pot, mine)


def reserved_times(reservations: Iterable[Reservation], length_us: int) -> dict[str, int]:
    """Return what tenants reserved of a window, in whole GPU-microseconds."""
    found: dict[str, int] = {}
    for each in reservations:
        found[each.tenant] = found.get(each.tenant, 0) + each.milli_gpus * length_us // GPU_SCALE
    return found


def held_by(lines: Lines) -> dict[str, int]:
    """Return the time that each tenant held."""
    found: dict[str, int] = {}
    for what, figures in lines.items():
        if what.kind in TIME_KINDS:
            found[what.tenant] = found.get(what.tenant, 0) + figures.quantity // PICO
    return found


def borrow(
    lines: Lines, found: Mapping[str, Balance], burst: Fraction
) -> tuple[Capacity, Capacity]:
    """Move borrowed time to lines of its own; return what is charged for it, and what it costs."""
    charged, lent = Capacity(), Capacity()
    for tenant, of_tenant in held_lines(lines).items():
        weights = [figures.quantity // PICO for _, figures in of_tenant]
        parts = shared(found[tenant].borrowed, weights)
        for (what, figures), part_us in zip(of_tenant, parts, strict=True):
            line = lines.setdefault(what._replace(kind=BORROWED), Figures())
            if part_us:
                moved = move(figures, part_us)
                price = moved.times(burst)
                lent.add(moved)
                charged.add(price)
                take(line, price)
    return charged, lent


def held_lines(lines: Lines) -> dict[str, list[tuple[Dimensions, Figures]]]:
    """Return the lines of time held, by tenant."""
    found: dict[str, list[tuple[Dimensions, Figures]]] = {}
    for what, figures in lines.items():
        if what.kind in TIME_KINDS:
            found.setdefault(what.tenant, []).append((what, figures))
    return found


def move(figures: Figures, part_us: int) -> Capacity:
    """Take some of the time off a line; return it with its share of the cost."""
    have = taken(figures)
    kept, moved = have.split([have.for_us - part_us, part_us])
    keep_only(figures, kept)
    return moved


def credit(lines: Lines, mine: Mapping[str, Balance], lent: Capacity, rate: Fraction) -> Capacity:
    """Charge lenders for all they reserved, credit them what was lent; return the credits."""
    credited = Capacity()
    weights = [each.lent for each in mine.values()]
    for name, part in zip(mine, lent.parts(weights), strict=True):
        gets = part.times(rate)
        credited.add(gets)
        put(lines, pool_line(name, RESERVED_IDLE, RESERVED_METER), part)
        put(lines, pool_line(name, LENT_CREDIT, LENT_METER), gets.opposite())
    return credited


def leave(lines: Lines, pot: Capacity, mine: Mapping[str, Balance]) -> Capacity:
    """Charge what stood idle of a reservation to who has it; return the rest of the pot."""
    unused = [each.unused for each in mine.values()]
    *parts, rest = pot.parts([*unused, pot.for_us - sum(unused)])
    for name, part in zip(mine, parts, strict=True):
        put(lines, pool_line(name, RESERVED_IDLE, RESERVED_METER), part)
    return rest

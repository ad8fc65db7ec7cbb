"""Lines of GPU time: what they are about, and how capacity is put on them."""

from streams.core.capacity import Capacity
from streams.core.gpu import UNIT
from streams.core.lines import NO_MONEY, Dimensions, Figures, Lines, Money
from streams.core.metered_lines import dimensions
from streams.core.money import PICO
from streams.core.sums import Key, MeterKey

USED = "used"
HELD = "held_idle"
BORROWED = "borrowed"
TIME_KINDS = frozenset({USED, HELD})  # time that a tenant held, and nobody lent it


def take(figures: Figures, capacity: Capacity, events: int = 0) -> None:
    """Put capacity on a line; what is charged for it is decided last."""
    money = Money(capacity.cost, capacity.listed, capacity.cost)
    figures.add(capacity.for_us * PICO, money, events)
    if capacity.origin is not None:
        figures.came += (capacity,)


def put(lines: Lines, what: Dimensions, capacity: Capacity, events: int = 0) -> None:
    """Put capacity on the line of a pool, made when it is new."""
    take(lines.setdefault(what, Figures()), capacity, events)


def taken(figures: Figures) -> Capacity:
    """Return the capacity that is on a line."""
    if figures.came:
        whole = Capacity()
        for part in figures.came:
            whole.add(part)
        return whole
    money = figures.money or NO_MONEY
    return Capacity(money.cost, money.listed, figures.quantity // PICO)


def keep_only(figures: Figures, capacity: Capacity) -> None:
    """Have nothing on a line but this capacity; its events stay."""
    figures.quantity, figures.money, figures.came = 0, NO_MONEY, ()
    take(figures, capacity)


def pool_line(tenant: str, kind: str, meter: str, model: str | None = None) -> Dimensions:
    """Return a tenant's line of one kind in a pool."""
    nobody = Key(tenant, None, None, model, None, None)
    return dimensions(nobody, tenant, kind, MeterKey(meter, UNIT, 1, True))

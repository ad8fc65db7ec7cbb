"""Cost lines: their dimensions, their identity, and the record they become."""

from dataclasses import dataclass, field
from hashlib import blake2b
from typing import NamedTuple, TypeAlias

from schemas.decimals import to_bytes
from schemas.records import CostLine, LineStatus
from streams.core.capacity import Capacity


class Dimensions(NamedTuple):
    """What a line is about, inside its (window, pool). Nothing here depends on prices."""

    tenant: str
    project: str | None
    kind: str
    meter: str
    provider: str | None
    model: str | None
    endpoint: str | None
    job: str | None
    unit: str
    region: str | None = None
    service_tier: str | None = None


class Money(NamedTuple):
    """Pico: what it costs, what it costs by the list, and what the tenant is charged."""

    cost: int = 0
    listed: int = 0
    billed: int = 0


NO_MONEY = Money()


@dataclass(slots=True)
class Figures:
    """The numbers of a line: quantity in 1e-12 of its unit; no money when it is unpriced.

    `came`: the capacity on it, where somebody asked (see `Policy.explained`).
    """

    quantity: int = 0
    money: Money | None = NO_MONEY
    events: int = 0
    came: tuple[Capacity, ...] = field(default=(), compare=False, repr=False)

    @property
    def cost(self) -> int | None:
        """What it costs in pico; None when it is unpriced."""
        return None if self.money is None else self.money.cost

    def add(self, quantity: int, money: Money, events: int = 0) -> None:
        """Add to a priced line."""
        self.quantity += quantity
        if self.money is None or self.money is NO_MONEY:
            self.money = money
        else:
            cost, listed, billed = self.money
            self.money = Money(cost + money.cost, listed + money.listed, billed + money.billed)
        self.events += events


Lines: TypeAlias = dict[Dimensions, Figures]


@dataclass(frozen=True, slots=True, order=True)
class WindowPool:
    """Which window of which pool lines belong to."""

    start_us: int
    end_us: int
    pool: str


@dataclass(frozen=True, slots=True)
class Edition:
    """Under which terms lines were drawn, and how final they are."""

    currency: str
    price_book: str
    catalog: str
    generation: int
    revision: int
    status: LineStatus
    lines: int | None = None  # how many the window has in this generation; None: generation 0
    note: str | None = None  # why this generation was published, or 0 is to be corrected


def line_id(where: WindowPool, what: Dimensions) -> str:
    """Return the identity of a line, 32 hex digits, from its window, pool and dimensions.

    Each part goes in behind its length: producers choose names, and no separator is safe from them.
    Region and tier go in only where there are some, so that lines of 0.1 keep their identity.
    """
    *always, region, tier = what
    later = () if region is None and tier is None else (region, tier)
    text = "".join(
        "-" if part is None else f"{len(part)}:{part}"
        for part in (str(where.start_us), str(where.end_us), where.pool, *always, *later)
    )
    return blake2b(text.encode(), digest_size=16).hexdigest()


def to_record(where: WindowPool, what: Dimensions, figures: Figures, edition: Edition) -> CostLine:
    """Return the line as the topic carries it."""
    money = figures.money
    return {
        "line_id": line_id(where, what),
        "window_start_us": where.start_us,
        "window_end_us": where.end_us,
        "pool": where.pool,
        "tenant": what.tenant,
        "project": what.project,
        "kind": what.kind,
        "meter": what.meter,
        "provider": what.provider,
        "model": what.model,
        "endpoint": what.endpoint,
        "job": what.job,
        "unit": what.unit,
        "quantity": to_bytes(figures.quantity),
        "cost": None if money is None else to_bytes(money.cost),
        "currency": edition.currency,
        "events": figures.events,
        "price_book": edition.price_book,
        "catalog": edition.catalog,
        "generation": edition.generation,
        "revision": edition.revision,
        "status": edition.status,
        "region": what.region,
        "service_tier": what.service_tier,
        "list_cost": None if money is None else to_bytes(money.listed),
        "billed_cost": None if money is None else to_bytes(money.billed),
        "lines": edition.lines,
        "note": edition.note,
    }

"""Cost lines: their dimensions, their identity, and the record they become."""

from dataclasses import dataclass
from hashlib import blake2b
from typing import NamedTuple

from schemas.decimals import to_bytes
from schemas.records import CostLine, LineStatus


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


@dataclass(slots=True)
class Figures:
    """The numbers of a line: quantity in 1e-12 of its unit, cost in pico or None when unpriced."""

    quantity: int = 0
    cost: int | None = 0
    events: int = 0

    def add(self, quantity: int, cost: int, events: int = 0) -> None:
        """Add to a priced line."""
        self.quantity += quantity
        self.cost = (self.cost or 0) + cost
        self.events += events


@dataclass(frozen=True, slots=True)
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
    note: str | None = None  # why this generation was published; None: generation 0


def line_id(where: WindowPool, what: Dimensions) -> str:
    """Return the identity of a line, 32 hex digits, from its window, pool and dimensions.

    Each part goes in behind its length: producers choose names, and no separator is safe from them.
    """
    text = "".join(
        "-" if part is None else f"{len(part)}:{part}"
        for part in (str(where.start_us), str(where.end_us), where.pool, *what)
    )
    return blake2b(text.encode(), digest_size=16).hexdigest()


def to_record(where: WindowPool, what: Dimensions, figures: Figures, edition: Edition) -> CostLine:
    """Return the line as the topic carries it."""
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
        "cost": None if figures.cost is None else to_bytes(figures.cost),
        "currency": edition.currency,
        "events": figures.events,
        "price_book": edition.price_book,
        "catalog": edition.catalog,
        "generation": edition.generation,
        "revision": edition.revision,
        "status": edition.status,
        "region": None,
        "service_tier": None,
        "list_cost": None,
        "billed_cost": None,
        "lines": edition.lines,
        "note": edition.note,
    }

"""What calls were billed for at one price: the least of a cost line that a price follows from.

GPU time and resources are left out: one line of theirs may be of time bought in several ways, which
it does not tell, so what a unit of it costs says nothing of a price.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

from schemas.decimals import from_bytes
from schemas.records import CostLine
from streams.core.price_book import OF_CALLS

NAMES_KEPT: Final = 10_000  # items at hand: so lines of one share theirs


class Item(NamedTuple):
    """What has one price at a time. Empty: none."""

    tenant: str
    pool: str
    provider: str
    model: str
    meter: str
    unit: str
    region: str
    tier: str
    currency: str


class Bought(NamedTuple):
    """How much of an item, in 1e-12 of its unit, and what it cost, in pico."""

    quantity: int
    cost: int


Purchases: TypeAlias = Mapping[Item, Bought]


@lru_cache(NAMES_KEPT)
def item(*names: str) -> Item:
    """Return the item of these names, in its order."""
    return Item(*names)


def item_of(line: CostLine) -> Item | None:
    """Return what a line is a purchase of; None where it has no price, or is of no model's call."""
    if line["cost"] is None or not line["model"] or not line["meter"].startswith(OF_CALLS):
        return None
    return item(
        line["tenant"],
        line["pool"],
        line["provider"] or "",
        line["model"],
        line["meter"],
        line["unit"],
        line["region"] or "",
        line["service_tier"] or "",
        line["currency"],
    )


def bought_of(line: CostLine) -> Bought:
    """Return how much of its item a line is, and what that cost."""
    return Bought(from_bytes(line["quantity"]), from_bytes(line["cost"] or b""))


def purchases(each: Iterable[tuple[Item | None, Bought]]) -> dict[Item, Bought]:
    """Return what was bought of each item."""
    found: dict[Item, Bought] = {}
    for of, bought in each:
        if of is not None:
            quantity, cost = found.get(of, (0, 0))
            found[of] = Bought(quantity + bought.quantity, cost + bought.cost)
    return found

"""Lines of shared costs that are paid by the month.

What falls into a window is a function of the window and the catalog; the log says that its time
went by. Where the catalog says who pays, the lines are theirs; else they are of nobody, until
`streams.core.sharing` hands them on. Time that is said twice, by whomever, costs once.
"""

from dataclasses import dataclass

from streams.core.catalog import SHARED_KIND
from streams.core.lines import Dimensions, Figures, Lines, Money
from streams.core.money import half_even, split
from streams.core.monthly import SECONDS, spread
from streams.core.names_in_force import NamesInForce
from streams.core.reserved import UNATTRIBUTED
from streams.core.sums import Entry, Key, MeterKey
from streams.core.takers import Weights, known_weights

SHARED = "shared"  # the kind of their lines
MONTHLY = "shared.monthly"
METER_PREFIX = f"resource.{SHARED_KIND}"
PER_US = 10**6  # quantity of a microsecond in 1e-12 s
NOBODY: Weights = ((UNATTRIBUTED, 1),)


@dataclass(frozen=True, slots=True)
class Monthly:
    """A monthly amount as it holds for a window. Null amount: it is in another currency."""

    name: str
    amount: int | None
    weights: Weights = NOBODY


def monthly_of(pool: str, names: NamesInForce, currency: str) -> Monthly | None:
    """Return the monthly amount whose pool one is; None when it is no such pool."""
    if not pool.startswith(SHARED_KIND):
        return None
    name = pool.removeprefix(SHARED_KIND)
    for cost in names.shared:
        if cost.name == name and cost.monthly is not None:
            amount = cost.monthly if cost.currency == currency else None
            return Monthly(name, amount, known_weights(cost, names) or NOBODY)
    return Monthly(name, 0)


def is_shared_time(meter: MeterKey) -> bool:
    """Whether a meter is the time of a shared cost, which says nothing on what it costs."""
    return meter.name.startswith(METER_PREFIX)


def share_monthly(
    lines: Lines,
    entries: list[tuple[Key, Entry]],
    monthly: Monthly | None,
    start_us: int,
    end_us: int,
) -> None:
    """Draw the lines of a window of a monthly amount, if any of its time went by."""
    times = [
        (entry.events, sums[0])
        for _, entry in entries
        for meter, sums in entry.meters.items()
        if is_shared_time(meter)
    ]
    if monthly is None or not times:
        return
    events, quantity = (sum(each) for each in zip(*times, strict=True))
    cost = due(monthly, quantity // PER_US, start_us, end_us)
    weights = [weight for _, weight in monthly.weights]
    costs = split(cost or 0, weights)
    for (tenant, _), amount, part in zip(
        monthly.weights, costs, split(quantity, weights), strict=True
    ):
        money = None if cost is None else Money(amount, amount, amount)
        lines[monthly_line(tenant, monthly.name)] = Figures(part, money, events)
        events = 0


def due(monthly: Monthly, for_us: int, start_us: int, end_us: int) -> int | None:
    """Return what a window costs of which so much time went by."""
    if monthly.amount is None:
        return None
    whole, length_us = spread(monthly.amount, start_us, end_us), end_us - start_us
    return half_even(whole * min(for_us, length_us), length_us)


def monthly_line(tenant: str, name: str) -> Dimensions:
    """Return what a line of a monthly amount is about."""
    return Dimensions(tenant, None, SHARED, MONTHLY, None, name, None, None, SECONDS)

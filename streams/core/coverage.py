"""Commitments in a window: what they cover costs its share of them, what nobody used is idle.

Usage is rated on demand as ever. Where a commitment has a part in the window, work of the usage it
is for is covered up to its capacity: the covered part of a line's cost is replaced by a share of
the commitment's, by work and largest remainder. What is over stays on demand; what was not used is
a line of nobody. So lines sum to the cost on demand of what was not covered, and the commitment's
cost, exactly. List costs stay those on demand.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple, TypeAlias

from streams.core.charges import Charges
from streams.core.commitments import METER_PREFIX, Commitment, in_force
from streams.core.lines import Dimensions, Figures, Money
from streams.core.money import PICO, half_even, split
from streams.core.reserved import IDLE, UNATTRIBUTED
from streams.core.sums import Entry, Key, MeterKey

Entries: TypeAlias = list[tuple[Key, Entry]]

UNUSED = "commitment_unused"
WHOLE = Fraction(1)


class Agreed(NamedTuple):
    """What covering depends on beside the sums: of one version of the book."""

    commitments: tuple[Commitment, ...]
    charges: Charges
    window_us: int  # begin


@dataclass(slots=True)
class Coverable:
    """One meter of one payer, how much of it is left on demand, and its shares of commitments."""

    key: Key
    meter: MeterKey
    quantity: int
    amount: int
    billed: int
    left: Fraction = WHOLE
    share: int = 0  # pico

    def work(self, weight: int) -> int:
        """Return the work of what is left, in thousandths."""
        return int(self.quantity * weight * self.left)


def is_commitment(meter: MeterKey) -> bool:
    """Whether a meter is the time of a commitment, at its price."""
    return meter.priced and meter.name.startswith(METER_PREFIX)


def cover(entries: Entries, agreed: Agreed) -> tuple[list[Coverable], dict[Dimensions, Figures]]:
    """Return the usage that commitments cover some of, and the lines of what was not used."""
    usage: list[Coverable] | None = None
    unused: dict[Dimensions, Figures] = {}
    for key, entry in entries:
        events = 0 if has_other_meters(entry) else entry.events
        for meter in sorted(filter(is_commitment, entry.meters)):
            quantity, amount, *_ = entry.meters[meter]
            usage = coverable(entries) if usage is None else usage
            terms = in_force(agreed.commitments, key.model, agreed.window_us)
            rest = cover_by(terms, usage, quantity, half_even(amount, meter.divisor))
            unused.setdefault(unused_line(key, meter), Figures()).add(*rest, events)
            events = 0
    return [each for each in usage or () if each.left != WHOLE], unused


def coverable(entries: Entries) -> list[Coverable]:
    """Return all usage that has a price, in the order that decides ties."""
    return [
        Coverable(key, meter, quantity, amount, billed)
        for key, entry in entries
        for meter, (quantity, amount, _, billed) in sorted(entry.meters.items())
        if meter.priced and key.provider is not None
    ]


def cover_by(
    terms: Commitment | None, usage: list[Coverable], quantity: int, cost: int
) -> tuple[int, Money]:
    """Have a commitment cover usage; return what is not used of its quantity and its cost."""
    capacity = half_even(terms.per_hour * quantity, PICO) if terms else 0
    if terms is None or not capacity:
        return quantity, Money(cost, 0, cost)
    mine = [(each, weight) for each in usage if (weight := terms.weight_of(each.key, each.meter))]
    works = [each.work(weight) for each, weight in mine]
    total = sum(works)
    covered = min(total, capacity)
    used = [covered, capacity - covered]
    paid, unpaid = split(cost, used)
    if covered:
        taken = split(covered, works)
        for (each, weight), work, share in zip(mine, taken, split(paid, taken), strict=True):
            if work:
                each.left -= Fraction(work, each.quantity * weight)
                each.share += share
    cover_weightless(terms, usage, Fraction(covered, total) if total else WHOLE)
    return split(quantity, used)[1], Money(unpaid, 0, unpaid)


def cover_weightless(terms: Commitment, usage: Iterable[Coverable], ratio: Fraction) -> None:
    """Cover what draws nothing: as much of it as of what does."""
    for each in usage:
        if terms.weight_of(each.key, each.meter) == 0:
            each.left *= 1 - ratio


def money_of(each: Coverable, agreed: Agreed, before: Money) -> Money:
    """Return what a line costs and is charged whose cost is covered in part.

    A price that was agreed is charged as it was agreed; a discount or mark-up is one on the share,
    too.
    """
    cost = on_demand(each.amount, each) + each.share
    tenant = each.key.tenant or UNATTRIBUTED
    override = agreed.charges.of(
        tenant, each.key.provider, each.key.model, each.meter.name, agreed.window_us
    )
    if override and override.agreed_rate is not None:
        return before._replace(cost=cost)
    times = override.times if override else WHOLE
    share = half_even(each.share * times.numerator, times.denominator)
    return Money(cost, before.listed, on_demand(each.billed, each) + share)


def on_demand(amount: int, each: Coverable) -> int:
    """Return what is left of an amount, in pico, rounded once."""
    return half_even(amount * each.left.numerator, each.meter.divisor * each.left.denominator)


def has_other_meters(entry: Entry) -> bool:
    """Whether the events of an entry ride on a line that is none of a commitment."""
    return not all(map(is_commitment, entry.meters))


def unused_line(key: Key, meter: MeterKey) -> Dimensions:
    """Return the line of what nobody used of a commitment."""
    provider = meter.name.removeprefix(METER_PREFIX)
    return Dimensions(
        IDLE, None, UNUSED, meter.name, provider, key.model, None, key.job, meter.unit
    )

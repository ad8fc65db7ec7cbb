"""Steps of lines that are paid by their own meters: quantity times price, rounded once. Pure."""

from collections.abc import Iterator, Sequence
from fractions import Fraction

from streams.core.coverage import Coverable, is_commitment
from streams.core.gpu import GPU
from streams.core.inference import UNKNOWN
from streams.core.lines import NO_MONEY, Dimensions
from streams.core.money import half_even
from streams.core.sums import EVIDENCE
from streams.explain.covered_steps import covered_steps, unused_steps
from streams.explain.made import Made, Meter
from streams.explain.priced import priced_groups
from streams.explain.step import AMOUNTS, Amount, Step
from streams.explain.time_cost import time_steps
from streams.prices.explanation import Priced
from streams.prices.explanation_text import (
    exactly,
    how_charged,
    how_chosen,
    in_full,
    quantity,
    rounding,
)
from streams.prices.wording import priced as price_words


def usage_steps(made: Made, what: Dimensions) -> Iterator[Step]:
    """Yield the steps of a line that is made of meters."""
    meters = made.meters.get(what, [])
    for each in meters:
        if each.meter == UNKNOWN:
            yield Step(f"{each.totals[0]:,} calls reported nothing that could be priced")
        elif each.meter == EVIDENCE:
            yield Step(f"{each.totals[0]:,} calls that another observer told of, too: not counted")
        elif each.meter.name.startswith(GPU):
            yield from time_steps(made, made.contributions.by_meter[each.key, each.meter])
        elif not each.meter.priced:
            yield from _without_price(made, each)
        elif not is_commitment(each.meter):
            yield from _metered(made, each)
    unused = [each for each in meters if is_commitment(each.meter)]
    if unused:
        yield from _unused(made, unused, what)


def groups_of(made: Made, each: Meter) -> list[Priced]:
    """Return a meter's contributions by how they were priced."""
    window = made.window
    parts = made.contributions.by_meter[each.key, each.meter]
    return priced_groups(parts, window.where, window.rules.book)


def _without_price(made: Made, each: Meter) -> Iterator[Step]:
    for group in groups_of(made, each):
        yield Step(
            f"{quantity(group)} {each.meter.unit} of {each.meter.name}: no price was in force",
            notes=_notes(how_chosen(group)),
        )


def _metered(made: Made, each: Meter) -> Iterator[Step]:
    groups = groups_of(made, each)
    covered = made.covered.get((each.key, each.meter))
    amounts = dict(zip(AMOUNTS, each.totals[1:], strict=True))
    for name, amount in amounts.items():
        if name == "cost" or amount != amounts["cost"] or covered or _is_agreed(name, groups):
            yield from _products(name, groups, (each, amount), covered)
    if covered:
        yield from covered_steps(made, covered)


def _is_agreed(name: Amount, groups: Sequence[Priced]) -> bool:
    return name == "billed" and any(group.override for group in groups)


def _products(
    name: Amount, groups: Sequence[Priced], meter: tuple[Meter, int], covered: Coverable | None
) -> Iterator[Step]:
    """Yield quantity times price of each group; of several their sum, too, rounded."""
    (each, amount) = meter
    exact = Fraction(amount, each.meter.divisor)
    pico = half_even(amount, each.meter.divisor)
    adds = None if covered and name != "list" else name
    for group in groups:
        said = in_full(group, rate_of(group, name))
        if len(groups) == 1 and adds:
            yield Step(
                _of(group, name), said + rounding(exact, pico), adds, pico, _why(group, name)
            )
        else:
            yield Step(_of(group, name), said, notes=_why(group, name))
    if len(groups) > 1 and adds:
        parts = (Fraction(g.quantity * rate_of(g, name), g.divisor) for g in groups)
        sum_ = f"{' + '.join(map(exactly, parts))} = {exactly(exact)}"
        yield Step(f"{name}, together", sum_ + rounding(exact, pico), adds, pico)


def _unused(made: Made, meters: Sequence[Meter], what: Dimensions) -> Iterator[Step]:
    """Yield what a commitment costs, less what usage pays that it covers."""
    for each in meters:
        yield from _products("cost", groups_of(made, each), (each, each.totals[1]), None)
    cost = sum(half_even(each.totals[1], each.meter.divisor) for each in meters)
    yield from unused_steps(made.lines[what].money or NO_MONEY, cost)


def rate_of(group: Priced, name: Amount) -> int:
    """Return the rate that makes an amount."""
    if group.rate is None:
        raise ValueError(f"expected a group with a price, got {group}")
    return {"cost": group.rate.cost, "list": group.rate.listed, "billed": group.charged}[name]


def _of(group: Priced, name: Amount) -> str:
    meter, unit = group.meter
    at = price_words(rate_of(group, name), meter, unit)
    return f"{name}: {quantity(group)} {unit} of {meter} at {at}"


def _why(group: Priced, name: Amount) -> tuple[str, ...]:
    if name == "cost":
        return _notes(how_chosen(group))
    return _notes(how_charged(group)) if name == "billed" else ()


def _notes(lines: Iterator[str]) -> tuple[str, ...]:
    return tuple(line.removeprefix("  ") for line in lines)

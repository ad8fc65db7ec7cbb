"""Steps of usage that commitments pay for some of, and of what nobody used of them. Pure."""

from collections.abc import Iterator
from fractions import Fraction

from streams.core.coverage import Coverable, money_of
from streams.core.lines import Money
from streams.core.money import half_even
from streams.core.reserved import UNATTRIBUTED
from streams.explain.amounts import money, rounded, shown
from streams.explain.made import Made
from streams.explain.step import Amount, Step

OVER = "what commitments do not cover of it"
SHARE = "a share of what commitments cost, by the work that they covered"


def covered_steps(made: Made, covered: Coverable) -> Iterator[Step]:
    """Yield what a commitment leaves on demand, and the share of its cost that comes instead."""
    before = _on_demand(covered)
    after = money_of(covered, made.agreed, before)
    yield from _left_and_share("cost", covered, covered.amount, after.cost)
    if _has_agreed_rate(made, covered):
        exact = Fraction(covered.billed, covered.meter.divisor)
        said = rounded(exact, before.billed)
        words = "billed: the price that was agreed is charged for covered usage, too"
        yield Step(words, said, "billed", after.billed)
    elif after.billed != after.cost:
        yield from _left_and_share("billed", covered, covered.billed, after.billed)


def unused_steps(unused: Money, cost: int) -> Iterator[Step]:
    """Yield what a commitment costs less what usage pays that it covers."""
    rest = unused.cost - cost
    yield Step("cost: less what usage pays that it covers", money(rest), "cost", rest)
    yield Step("list: nothing was used, so the list has nothing", "", "list", unused.listed)


def _left_and_share(name: Amount, covered: Coverable, amount: int, after: int) -> Iterator[Step]:
    divisor, left = covered.meter.divisor, covered.left
    whole = Fraction(amount, divisor)
    rest = half_even(amount * left.numerator, divisor * left.denominator)
    said = f"{shown(whole)} x {left.numerator} / {left.denominator} = {money(rest)}"
    is_rounded = whole * left != rest
    yield Step(f"{name}: {OVER}", f"{said}{', rounded half-even' * is_rounded}", name, rest)
    yield Step(f"{name}: {SHARE}", f"{money(after - rest)}", name, after - rest)


def _on_demand(covered: Coverable) -> Money:
    amounts = (covered.amount, 0, covered.billed)
    return Money(*(half_even(amount, covered.meter.divisor) for amount in amounts))


def _has_agreed_rate(made: Made, covered: Coverable) -> bool:
    key = covered.key
    tenant = key.tenant or UNATTRIBUTED
    agreed = made.agreed.charges.of(
        tenant, key.provider, key.model, covered.meter.name, made.agreed.window_us
    )
    return agreed is not None and agreed.agreed_rate is not None

"""Steps of what a tenant is charged beside what it costs: as agreed, and by its tier. Pure."""

from collections.abc import Iterator
from fractions import Fraction

from streams.core.charges import Override
from streams.core.lines import Dimensions, Figures, Money
from streams.core.money import PICO
from streams.core.price import GPU_DIVISOR, GPU_METER
from streams.core.time_lines import TIME_KINDS
from streams.explain.amounts import money, rounded
from streams.explain.made import Made
from streams.explain.step import Step
from streams.explain.time_cost import HOUR_S, seconds
from streams.prices.agreement_words import factor_words, in_words
from streams.prices.wording import figure, price_of


def agreed_steps(made: Made, what: Dimensions) -> Iterator[Step]:
    """Yield why a line of GPU time is charged other than it costs; nothing where it is not."""
    figures = made.lines[what]
    amounts = figures.money
    policy = made.window.policy
    agreed = policy.charges.of(what.tenant, None, what.model, GPU_METER, policy.start_us)
    if amounts is None or agreed is None:
        return
    if agreed.factor is None and what.kind not in TIME_KINDS:
        yield Step("billed: as it costs, the price that was agreed is for time held")
        return
    exact, said = charged(agreed, figures)
    billed = agreed.billed(amounts.cost, figures.quantity, GPU_DIVISOR * PICO)
    said = f"{said} = {rounded(exact, billed)}"
    yield Step(f"billed: {in_words(agreed)}", said, "billed", billed)


def tier_steps(made: Made, what: Dimensions, before: Money, *, is_said: bool) -> Iterator[Step]:
    """Yield what a tenant's tier makes of what it is charged before; `is_said` by other steps."""
    tier = made.window.policy.tier_of(what.tenant)
    money_after = made.lines[what].money
    if tier is None or money_after is None:
        return
    if not is_said:
        yield Step("billed: as it costs", money(before.billed), "billed", before.billed)
    after = money_after.billed
    said = f"{money(before.billed)} x {factor_words(tier.multiplier)}"
    said += f" = {rounded(before.billed * tier.multiplier, after)}"
    words = (
        f"billed: times {factor_words(tier.multiplier)}, as {what.tenant} is of tier {tier.name}"
    )
    yield Step(words, said, "billed", after - before.billed)


def charged(agreed: Override, figures: Figures) -> tuple[Fraction, str]:
    """Return what an override makes of a line before it is rounded, and its arithmetic."""
    cost = figures.cost or 0
    if agreed.factor is not None:
        return cost * agreed.times, f"{money(cost)} x {factor_words(agreed.times)}"
    rate = agreed.agreed_rate or 0
    price = figure(price_of(rate, GPU_METER))
    said = f"{seconds(figures.quantity // PICO)} x {price} / {HOUR_S:,}"
    return Fraction(figures.quantity * rate, GPU_DIVISOR * PICO), said

"""Steps of a line of a shared cost that is paid by the month. Pure."""

from collections.abc import Iterator

from streams.core.lines import Dimensions
from streams.core.monthly import month_of, spread_until
from streams.core.monthly_lines import MONTHLY
from streams.explain.amounts import money
from streams.explain.made import Made
from streams.explain.step import Step


def monthly_steps(made: Made, what: Dimensions) -> Iterator[Step]:
    """Yield what falls into the window, and the part of it that a line is."""
    policy, figures = made.window.policy, made.lines[what]
    if what.meter != MONTHLY or policy.monthly is None:
        return
    if policy.monthly.amount is None or figures.money is None:
        yield Step(f"{what.model} is in another currency than the price book: no cost")
        return
    amount, start_us, end_us = policy.monthly.amount, policy.start_us, policy.end_us
    month = month_of(start_us)
    parts = [spread_until(amount, at_us) - amount * month.number for at_us in (end_us, start_us)]
    whole = parts[0] - parts[1]
    yield Step(
        f"of {money(amount)} a month, what is spread by the window's end less by its begin",
        f"{money(parts[0])} - {money(parts[1])} = {money(whole)}",
    )
    weights = dict(policy.monthly.weights)
    yield Step(
        f"{weights[what.tenant]:,} of {sum(weights.values()):,} parts of what went by of it",
        money(figures.money.cost),
        "cost",
        figures.money.cost,
    )

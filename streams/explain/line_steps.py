"""Every step of a line, whatever it is about. Pure."""

from streams.core.gpu import GPU
from streams.core.lending import UNMET
from streams.core.lines import NO_MONEY, Dimensions
from streams.explain.capacity_steps import capacity_steps
from streams.explain.charged_steps import agreed_steps, tier_steps
from streams.explain.lending_steps import lending_steps
from streams.explain.made import Made
from streams.explain.monthly_steps import monthly_steps
from streams.explain.step import Step, added, total
from streams.explain.usage_steps import usage_steps
from streams.explain.work_steps import work_steps


def line_steps(made: Made, what: Dimensions) -> list[Step]:
    """Return the steps of a line that the archive makes. Raises where they miss it: a bug here."""
    money = made.lines[what].money
    steps = [*usage_steps(made, what), *monthly_steps(made, what)]
    if what.kind == UNMET:  # no GPU time: there was none
        steps += lending_steps(made, what)
    elif what.meter.startswith(GPU):
        steps += [*work_steps(made, what), *lending_steps(made, what)]
        steps += [*capacity_steps(made, what), *agreed_steps(made, what)]
    is_said = added(steps, "billed") is not None
    steps += tier_steps(made, what, total(steps), is_said=is_said)
    found = total(steps)
    if found != (money or NO_MONEY):
        raise AssertionError(f"expected steps to make {money} of {what}, explained {found}")
    return steps

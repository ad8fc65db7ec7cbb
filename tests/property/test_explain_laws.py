"""Whatever was used, under whatever prices: the steps of each line add up to it, to the pico."""

from hypothesis import given

from streams.core.metering import Rules
from streams.explain.line_steps import line_steps
from tests.builders.explained import made_of
from tests.builders.generated import any_terms, batches
from tests.builders.usage import Event


@given(rules=any_terms, usage=batches())
def test_the_steps_of_every_line_add_up_to_it(rules: Rules, usage: list[list[Event]]) -> None:
    for made in made_of(rules, usage):
        made.contributions.hold_to(made.window.sums)
        for what in made.lines:
            line_steps(made, what)

"""Whatever a step prints as arithmetic is right, and ends with what the step adds."""

from hypothesis import given

from streams.core.metering import Rules
from streams.explain.line_steps import line_steps
from tests.builders.explained import made_of
from tests.builders.generated import any_terms, batches
from tests.builders.usage import Event
from tests.builders.worked_out import assert_right


@given(rules=any_terms, usage=batches())
def test_printed_arithmetic_is_right_and_ends_with_what_is_added(
    rules: Rules, usage: list[list[Event]]
) -> None:
    for made in made_of(rules, usage):
        for what in made.lines:
            for step in line_steps(made, what):
                if step.arithmetic:
                    assert_right(step)

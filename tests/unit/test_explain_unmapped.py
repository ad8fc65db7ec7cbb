"""Calls to an endpoint for which no GPU is reported: what explain says of their lines."""

from streams.core.metering import Rules
from streams.explain.kinds import MEANING
from streams.explain.line_steps import line_steps
from tests.builders.explained import made_of
from tests.builders.terms import book, catalog, endpoint, gpu_price, rules
from tests.builders.usage import Event, call, holder, interval

LLAMA = endpoint("llama")
SAYS = "no GPU of llama is reported in h100: its calls cost nothing there"
CALL = call(tenant="acme", endpoint="llama", input_tokens=1000, output_tokens=0)
HELD = interval(holder(10, 10, endpoint="llama"))


def said(*usage: list[Event]) -> dict[tuple[str, str], list[str]]:
    """Return the steps of each line, by tenant and kind."""
    terms: Rules = rules(book(gpu_price("2")), catalog(LLAMA))
    return {
        (what.tenant, what.kind): [step.what for step in line_steps(made, what)]
        for made in made_of(terms, [*usage])
        for what in made.lines
    }


def test_a_caller_is_told_that_no_gpu_is_reported() -> None:
    found = said([CALL])
    assert SAYS in found["acme", "used"]
    assert found["__unmapped__", "unmapped"] == []
    assert "no GPU of the pool was reported" in MEANING["unmapped"]


def test_nothing_is_said_where_there_is_one() -> None:
    assert SAYS not in said([CALL], [HELD])["acme", "used"]

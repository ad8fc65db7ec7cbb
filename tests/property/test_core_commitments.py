"""Laws of commitments, over random usage, capacities, weights and prices."""

from dataclasses import replace
from fractions import Fraction
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from schemas.decimals import from_bytes, to_bytes
from schemas.records import CostLine, InferenceUsage, ResourceUsage
from streams.core.commitments import Commitment
from streams.core.metering import Rules
from streams.core.money import half_even
from streams.core.price_book import Agreements
from streams.core.timeline import FOREVER
from streams.core.windows import MINUTE_US
from streams.explain.line_steps import line_steps
from tests.builders.drawing import agreed, lines, meter
from tests.builders.explained import assert_explained, made_of
from tests.builders.generated_prices import OVERRIDES
from tests.builders.terms import book, rules, token_price
from tests.builders.usage import T0, Event, call, quantity
from tests.builders.worked_out import assert_right

UNUSED = "commitment_unused"
PRICES = (
    token_price("tokens.input", "2.4999999"),
    token_price("tokens.cache_read", "0.333333333333"),
    token_price("tokens.output", "10.000000000001"),
    token_price("tokens.input", "7", model="other"),
)

weights = st.sampled_from([0, 1, 333, 1000, 2500])
hours = st.integers(0, 10**12)  # 1e-12 of one
any_order = st.randoms(use_true_random=False)


@st.composite
def commitments(draw: st.DrawFn, name: str) -> Commitment:
    """Draw terms that cover nothing, some or all of the usage below."""
    metered = ("tokens.cache_read", "tokens.input", "tokens.output")
    return Commitment(
        name,
        "openai",
        (draw(st.sampled_from(["gpt-4*", "*", "nothing"])),),
        tuple((meter, draw(weights)) for meter in metered if draw(st.booleans())),
        draw(st.one_of(st.integers(1, 10**6), st.integers(1, 10**12))),
        draw(st.integers(0, 10**15)),
        0,
        FOREVER,
        "test",
    )


@st.composite
def calls(draw: st.DrawFn) -> InferenceUsage:
    tokens_in, tokens_out = draw(st.integers(0, 10**5)), draw(st.integers(0, 10**5))
    return call(
        at_us=T0 + draw(st.integers(0, MINUTE_US - 1)),
        tenant=draw(st.sampled_from(["acme", "globex", "initech", None])),
        model=draw(st.sampled_from(["gpt-4o", "gpt-4o", "other", "unknown"])),
        input_tokens=tokens_in,
        cache_read_tokens=draw(st.integers(0, tokens_in)),
        output_tokens=tokens_out,
    )


def time_of(name: str, amount: int) -> ResourceUsage:
    event = quantity("0", kind="commitment:openai", sku=name, unit="Hours", tenant=None,
                     end_us=T0 + MINUTE_US)  # fmt: skip
    event["quantity"] = to_bytes(amount)
    return event


usage = st.lists(calls(), max_size=8)
one = commitments("one")
other = commitments("other")


def under(*held: Commitment, charged: bool = True) -> Rules:
    overrides = OVERRIDES if charged else ()
    return rules(book(*PRICES, agreements=Agreements((), overrides, held)))


def drawn(terms: Rules, events: list[Event], order: Random | None = None) -> list[CostLine]:
    partials = [p for seq, each in enumerate(events) for p in meter(terms, each, seq=seq).partials]
    shuffled = order.sample(partials, len(partials)) if order else partials
    return sorted(lines(shuffled, agreed(terms)), key=lambda line: line["line_id"])


def total(of: list[CostLine], *kinds: str) -> int:
    return sum(from_bytes(x["cost"] or b"") for x in of if not kinds or x["kind"] in kinds)


@given(terms=one, events=usage, amount=hours)
def test_lines_sum_to_what_stays_on_demand_and_the_commitment(
    terms: Commitment, events: list[InferenceUsage], amount: int
) -> None:
    """Within a pico a line of the plain fractions; to the pico where all of it is covered."""
    before = drawn(under(), list(events))
    after = drawn(under(terms), [*events, time_of("one", amount)])
    paid = half_even(amount * terms.rate, 10**12)
    drawing = {line["line_id"]: weight_of(terms, line) for line in before}
    work = {each: weight * quantity_of(before, each) for each, weight in drawing.items() if weight}
    capacity = half_even(terms.per_hour * amount, 10**12)
    covered = min(sum(work.values()), capacity)
    ratio = Fraction(covered, sum(work.values())) if any(work.values()) else Fraction(capacity > 0)
    left = Fraction(0)
    for line in before:
        part = 1 - ratio if drawing[line["line_id"]] is not None else Fraction(1)
        left += from_bytes(line["cost"] or b"") * part
    off = total(after) - paid - left
    assert abs(off) <= len(before) * (1 + largest_step(terms, before))
    if ratio == 1:
        assert total(after) == paid + left


def largest_step(terms: Commitment, before: list[CostLine]) -> Fraction:
    """Return what one unit of work, by which shares are rounded, costs on demand at most."""
    costs = [
        Fraction(from_bytes(line["cost"]), quantity * weight)
        for line in before
        if line["cost"] and (weight := weight_of(terms, line))
        if (quantity := quantity_of(before, line["line_id"]))
    ]
    return max(costs, default=Fraction(0))


def weight_of(terms: Commitment, line: CostLine) -> int | None:
    if line["cost"] is None or line["provider"] != "openai":
        return None
    serves = {"gpt-4*": line["model"] == "gpt-4o", "*": True}.get(terms.models[0], False)
    return dict(terms.weights).get(line["meter"]) if serves else None


def quantity_of(of: list[CostLine], line_id: str) -> int:
    return next(from_bytes(x["quantity"]) for x in of if x["line_id"] == line_id) // 10**12


@given(first=one, second=other, events=usage, amounts=st.tuples(hours, hours))
def test_two_commitments_are_paid_in_full_and_nothing_is_negative(
    first: Commitment, second: Commitment, events: list[InferenceUsage], amounts: tuple[int, int]
) -> None:
    held = replace(second, name="other")
    times: list[Event] = [time_of("one", amounts[0]), time_of("other", amounts[1])]
    before, after = drawn(under(), list(events)), drawn(under(first, held), [*events, *times])
    paid = sum(
        half_even(amount * each.rate, 10**12)
        for amount, each in zip(amounts, (first, held), strict=True)
    )
    assert paid <= total(after) <= paid + total(before)
    for line in after:
        for money in (line["cost"], line["list_cost"], line["billed_cost"]):
            assert from_bytes(money or b"") >= 0
        assert from_bytes(line["quantity"]) >= 0
    assert sum(line["events"] for line in after) == len(events) + len(times)


@given(first=one, events=usage, amount=hours)
def test_commitments_change_costs_and_nothing_else_of_a_line(
    first: Commitment, events: list[InferenceUsage], amount: int
) -> None:
    def without_money(line: CostLine) -> CostLine:
        return {**line, "cost": b"", "billed_cost": b"", "revision": 0}

    before = drawn(under(), list(events))
    after = drawn(under(first), [*events, time_of("one", amount)])
    ours = [line for line in after if line["kind"] != UNUSED]
    assert len(after) == len(ours) + 1
    assert list(map(without_money, ours)) == list(map(without_money, before))


@given(first=one, second=other, events=usage, amount=hours, order=any_order)
def test_the_order_of_batches_is_irrelevant(
    first: Commitment, second: Commitment, events: list[InferenceUsage], amount: int, order: Random
) -> None:
    times: list[Event] = [time_of("one", amount), time_of("other", amount)]
    terms = under(second, first)
    everything = [*events, *times]
    assert drawn(terms, everything, order) == drawn(under(first, second), everything)


@given(first=one, amount=hours)
def test_without_usage_all_of_it_is_unused(first: Commitment, amount: int) -> None:
    (line,) = drawn(under(first), [time_of("one", amount)])
    assert (line["tenant"], line["kind"]) == ("__idle__", UNUSED)
    assert from_bytes(line["cost"] or b"") == half_even(amount * first.rate, 10**12)
    assert from_bytes(line["quantity"]) == amount


@given(first=one, events=usage, amount=hours)
def test_where_nothing_was_agreed_everybody_is_charged_what_it_costs(
    first: Commitment, events: list[InferenceUsage], amount: int
) -> None:
    for line in drawn(under(first, charged=False), [*events, time_of("one", amount)]):
        assert line["billed_cost"] == line["cost"]


@given(st.builds(under, one, other, charged=st.booleans()), usage, hours, hours)
def test_how_usage_that_is_covered_came_to_its_cost_is_explained(
    terms: Rules, events: list[InferenceUsage], of_one: int, of_other: int
) -> None:
    times = [time_of("one", of_one), time_of("other", of_other)]
    assert_explained(terms, [[*events, *times]])
    for made in made_of(terms, [[*events, *times]]):
        for what in made.lines:
            for step in line_steps(made, what):
                if step.arithmetic:
                    assert_right(step)

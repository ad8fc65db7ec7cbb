"""Commitments: what they cover, what stays on demand, and what nobody used of them.

One costs $60 an hour, $1 a minute, and covers 1,000 of work a minute: an input token is 1, an
output token 4, a cached one nothing. On demand a million tokens cost $1,000 of input and $4,000 of
output, so that a unit of work costs $0.001 on demand and, all of it used, by the commitment.
"""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest

from schemas.records import InferenceUsage, ResourceUsage
from streams.core.commitments import Commitment, in_force
from streams.core.list_price import list_events
from streams.core.metering import Rules
from streams.core.price_book import Agreements
from streams.core.timeline import FOREVER
from streams.core.windows import MINUTE_US
from tests.builders.drawing import Amounts, agreed, amounts, drawn, lines, meter
from tests.builders.terms import book, override, rules, token_price
from tests.builders.usage import T0, Event, batch, call, quantity

PTU = Commitment(
    "ptu-1",
    "openai",
    ("gpt-4*",),
    (("tokens.cache_read", 0), ("tokens.input", 1000), ("tokens.output", 4000)),
    60_000 * 1000,
    60 * 10**12,
    0,
    FOREVER,
    "contract",
)
ON_DEMAND = (
    token_price("tokens.input", "1000"),
    token_price("tokens.cache_read", "500"),
    token_price("tokens.output", "4000"),
    token_price("tokens.input", "1000", model="o1"),
)
UNUSED = "commitment_unused"


def ruled(*commitments: Commitment, **agreements: object) -> Rules:
    held = replace(Agreements(commitments=commitments or (PTU,)), **agreements)  # type: ignore[arg-type]  # fields of it
    return rules(book(*ON_DEMAND, agreements=held))


def minute(of: Commitment = PTU, hours: str = "0.016666666667", **changes: object) -> ResourceUsage:
    """Return about a minute of a commitment: a 60th of an hour to twelve decimals."""
    return quantity(
        hours,
        kind=of.kind,
        sku=of.name,
        unit="Hours",
        tenant=None,
        end_us=T0 + MINUTE_US,
        **changes,
    )


def used(tokens_in: int = 0, tokens_out: int = 0, **changes: object) -> InferenceUsage:
    return call(input_tokens=tokens_in, output_tokens=tokens_out, **changes)


def costs(ruled: Rules, *events: Event) -> dict[tuple[str, str], str]:
    """Return cost to a millionth of a dollar, by tenant and kind, where there is some."""
    return {
        (row.tenant, row.kind): f"{Decimal(row.cost):.6f}".rstrip("0").rstrip(".")
        for row in amounts(ruled, *events)
        if Decimal(row.cost) > Decimal("0.000001")
    }


def total(ruled: Rules, *events: Event) -> Fraction:
    return sum((Fraction(row.cost or 0) for row in drawn(ruled, *events)), Fraction(0))


MINUTE_USD = Fraction("1.00000000002")  # 0.016666666667 h at $60


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([], {("__idle__", UNUSED): "1"}),
        ([used(250)], {("acme", "tokens.input"): "0.25", ("__idle__", UNUSED): "0.75"}),
        (  # 100 x 1 + 50 x 4 = 300 of 1,000
            [used(100, 50)],
            {("acme", "tokens.input"): "0.1", ("acme", "tokens.output"): "0.2",
             ("__idle__", UNUSED): "0.7"},
        ),
        ([used(1_000)], {("acme", "tokens.input"): "1"}),
        ([used(1_500)], {("acme", "tokens.input"): "1.5"}),  # 1,000 covered, 500 on demand
        (  # 2,000 of work, half of each is covered: 0.5 by the commitment, 0.5 on demand
            [used(1_000), used(1_000, tenant="globex")],
            {("acme", "tokens.input"): "1", ("globex", "tokens.input"): "1"},
        ),
        (  # cached tokens draw nothing, and cost nothing where all else is covered
            [used(500, cache_read_tokens=400)],
            {("acme", "tokens.input"): "0.1", ("__idle__", UNUSED): "0.9"},
        ),
        (  # half of the work is covered, so half of what was cached is: 0.5 x 200 x 0.0005
            [used(2_200, cache_read_tokens=200)],
            {("acme", "tokens.input"): "2", ("acme", "tokens.cache_read"): "0.05"},
        ),
        (  # another model, another provider, no price: none of it is covered
            [used(250, model="o1"), used(9, provider="azure"), used(9, model="gpt-4-old")],
            {("acme", "tokens.input"): "0.25", ("__idle__", UNUSED): "1"},
        ),
    ],
)  # fmt: skip
def test_what_is_covered_costs_its_share(
    events: Sequence[Event], expected: dict[tuple[str, str], str]
) -> None:
    assert costs(ruled(), minute(), *events) == expected


def test_the_commitment_is_paid_to_the_pico_whatever_was_used() -> None:
    for many in (0, 1, 3, 333, 999):
        assert total(ruled(), minute(), used(many)) == MINUTE_USD
    over = total(ruled(), minute(), used(7_001)) - MINUTE_USD
    # 1,000.00000002 of work is covered, in thousandths 1,000,000: 6,001 are left on demand
    assert over == Fraction("6.001")


def test_where_there_is_no_time_of_it_all_is_on_demand() -> None:
    """The hour was not accrued yet: the window is provisional, and its lines change when it is."""
    assert costs(ruled(), used(250)) == {("acme", "tokens.input"): "0.25"}


def test_list_costs_stay_those_on_demand() -> None:
    found = amounts(ruled(), minute(), used(200, 25))
    assert {row.kind: row.listed for row in found} == {
        "tokens.input": "0.2",
        "tokens.output": "0.1",
        UNUSED: "0",
    }


@pytest.mark.parametrize(
    ("each", "billed"),
    [
        (None, "1.00000000002"),  # of $1.00000000002 for 1,000, and $1 for 1,000 on demand
        (override(factor=Fraction(1, 2)), "0.50000000001"),
        (override("globex", factor=Fraction(1, 2)), "1.00000000002"),
        (override(meter="tokens.input", rate=500 * 10**12), "1"),  # 2,000 x 0.0005, as agreed
    ],
)
def test_covered_usage_is_charged_as_agreed(each: object, billed: str) -> None:
    """2,000 tokens, half of them covered."""
    terms = ruled(overrides=(each,)) if each else ruled()
    (row,) = amounts(terms, minute(), used(2_000))
    assert row.cost == "2.00000000002"
    expected = Fraction(billed) if each and "rate=5" in repr(each) else None
    factor = Fraction(1, 2) if each == override(factor=Fraction(1, 2)) else Fraction(1)
    assert Fraction(row.billed) == (expected or Fraction(row.cost) * factor)


def test_idle_commitments_are_nobody_s_and_counted() -> None:
    (row,) = drawn(ruled(), minute())
    assert (row.tenant, row.kind, row.meter) == ("__idle__", UNUSED, "resource.commitment:openai")
    assert (row.quantity, row.events) == ("0.016666666667", 1)


def test_what_is_left_of_the_hours_is_the_part_that_nobody_used() -> None:
    """A quarter is used; the rest of 0.016666666667 h, by largest remainder, is left."""
    rows = {row.kind: row for row in drawn(ruled(), minute(), used(250))}
    assert rows[UNUSED].quantity == "0.0125"


def test_two_commitments_cover_one_after_the_other() -> None:
    """1,500 of work: 1,000 by the first, 500 by the second, of which half is left."""
    second = replace(PTU, name="ptu-2", rate=6 * 10**12)
    found = ruled(PTU, second)
    assert total(found, minute(), minute(second), used(1_500)) == Fraction("1.100000000022")
    assert costs(found, minute(), minute(second), used(1_500))["__idle__", UNUSED] == "0.05"


def test_a_commitment_that_the_book_does_not_know_has_no_price_and_covers_nothing() -> None:
    unknown = replace(PTU, name="ptu-9")
    rows = drawn(ruled(), minute(unknown), used(250))
    assert [(row.kind, row.quantity) for row in rows if row.cost is None] == [
        ("unpriced", "0.016666666667")
    ]
    assert costs(ruled(), minute(unknown), used(250)) == {("acme", "tokens.input"): "0.25"}


def test_the_archive_puts_it_into_the_pool_of_the_usage_it_is_for() -> None:
    (listed,) = list_events(
        "ResourceUsageBatch", batch(minute()), meter(ruled(), minute()), ruled()
    )
    assert listed is not None
    assert (listed.pool, listed.tenant, listed.cost_pico) == ("api:openai", None, 1_000_000_000_020)


def test_terms_are_those_at_the_window_s_begin_or_the_first_ones_in_it() -> None:
    first = replace(PTU, to_us=T0)
    second = replace(PTU, from_us=T0, to_us=T0 + 10, per_hour=1)
    third = replace(PTU, from_us=T0 + 20, per_hour=2)
    all_three = (third, first, second)
    seen = [in_force(all_three, "ptu-1", at) for at in (T0 - 1, T0, T0 + 9, T0 + 10, T0 + 30)]
    assert seen == [first, second, second, third, third]
    assert in_force(all_three, "ptu-2", T0) is None


def test_lines_are_the_same_in_whatever_order_batches_come() -> None:
    terms = ruled()
    events: list[Event] = [minute(), used(700), used(900, 7, tenant="globex"), used(3, model="o1")]
    partials = [p for seq, e in enumerate(events) for p in meter(terms, e, seq=seq).partials]
    forward, backward = (
        sorted(lines(order, agreed(terms)), key=lambda line: line["line_id"])
        for order in (partials, partials[::-1])
    )
    assert forward == backward
    assert {row.kind for row in amounts(terms, *events)} >= {"tokens.input", "tokens.output"}


def test_amounts_say_so_in_every_way() -> None:
    (idle,) = amounts(ruled(), minute())
    assert idle == Amounts("__idle__", UNUSED, "1.00000000002", "0", "1.00000000002")

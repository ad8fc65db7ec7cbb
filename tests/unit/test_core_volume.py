"""Graduated prices: what a month's lines were charged, and what they lack to what was agreed."""

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.charges import Charges, Override
from streams.core.money import half_even
from streams.core.price import GPU_DIVISOR, TOKEN_DIVISOR
from streams.core.tenants import Sla
from streams.core.volume import (
    Charged,
    Settled,
    Stretch,
    adjustments,
    graduated_amount,
    settle,
)
from tests.builders.terms import override
from tests.builders.usage import H100, T0

USD = 10**12
DAY_US = 86_400 * 10**6
STEPS = ((0, 4 * USD), (1000, 2 * USD), (5000, USD))  # $4, $2, $1 a million, by the month
BIG = override(meter="tokens.input", model="gpt-4o", steps=STEPS)


def charged(quantity: int, billed: int = 0, **changes: object) -> Charged:
    """Return lines of so many input tokens of acme."""
    whole = Charged("acme", "openai", "gpt-4o", "tokens.input", "tokens.input", "Tokens", 0, billed)
    return whole._replace(quantity=quantity * USD)._replace(**changes)  # type: ignore[arg-type]  # fields of it


def settled(*lines: Charged, by: tuple[Override, ...] = (BIG,)) -> list[Settled]:
    return settle([Stretch(T0, lines)], Charges(by))


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        (0, 0),
        (1, 4),
        (999, 3_996),
        (1_000, 4_000),  # the bound itself is still of the step below
        (1_001, 4_002),
        (5_000, 12_000),  # 1,000 x 4 + 4,000 x 2
        (5_001, 12_001),
        (7_000, 14_000),  # + 2,000 x 1
    ],
)
def test_each_step_prices_what_lies_in_it(tokens: int, expected: int) -> None:
    """In millionths of a dollar."""
    assert graduated_amount(tokens, STEPS) == expected * USD
    (one,) = settled(charged(tokens))
    assert one.graduated == expected * USD // 10**6


@given(
    quantity=st.integers(0, 10**12),
    steps=st.lists(
        st.tuples(st.integers(1, 10**12), st.integers(0, 10**14)),
        max_size=4,
        unique_by=lambda s: s[0],
    ).map(lambda later: ((0, 5 * USD), *sorted(later))),
)
def test_graduated_prices_are_those_of_unit_after_unit(
    quantity: int, steps: tuple[tuple[int, int], ...]
) -> None:
    """Between two bounds every unit costs the same, so it is enough to walk over the bounds."""
    bounds = sorted({0, quantity, *(begin for begin, _ in steps if begin < quantity)})
    walked = sum(
        (end - begin) * max(step for step in steps if step[0] <= begin)[1]
        for begin, end in pairwise(bounds)
    )
    assert graduated_amount(quantity, steps) == walked


def test_lines_are_charged_by_the_first_step_and_the_month_by_all_of_them() -> None:
    """1,500 tokens at $4 a million are 0.006; agreed are 1,000 x 4 + 500 x 2 = 0.005."""
    (one,) = settled(charged(700, 2_800_000_000), charged(800, 3_200_000_000))
    assert (one.quantity, one.billed, one.graduated) == (1_500, 6 * 10**9, 5 * 10**9)
    ((what, figures),) = adjustments([one]).items()
    assert (what.tenant, what.kind, what.meter) == ("acme", "adjustment", "tokens.input")
    assert figures.quantity == figures.events == 0
    assert figures.money == (0, 0, -(10**9))


def test_the_month_is_exact_however_its_lines_were_rounded() -> None:
    """Seven lines of a token at $0.0000005 a million, each rounded to 0 or 1 pico."""
    half = override(meter="tokens.input", steps=((0, 500_000), (4, 100_000)))
    (one,) = settled(*[charged(1, rounded) for rounded in (0, 1, 0, 0, 1, 0, 0)], by=(half,))
    # 4 x 0.5 + 3 x 0.1 = 2.3 pico
    assert (one.graduated, one.billed, one.missing) == (2, 2, 0)


@pytest.mark.parametrize(
    ("line", "counted"),
    [
        (charged(10), True),
        (charged(10, tenant="globex"), False),
        (charged(10, tenant="__unattributed__"), False),
        (charged(10, model="gpt-5"), False),
        (charged(10, meter="tokens.output"), False),
        (charged(10, kind="unpriced"), False),
        (charged(10, kind="adjustment"), False),
    ],
)
def test_only_what_was_agreed_about_is_counted(line: Charged, counted: bool) -> None:
    assert bool(settled(line)) is counted
    everybody = replace(BIG, tenant=None)
    assert len(settled(line, charged(10), by=(everybody,))) == 1 + (line.tenant == "globex")


def test_an_agreement_for_everybody_counts_each_tenant_alone() -> None:
    everybody = replace(BIG, tenant=None)
    found = settled(charged(900), charged(900, tenant="globex"), by=(everybody,))
    assert [(one.tenant, one.quantity) for one in found] == [("acme", 900), ("globex", 900)]
    assert len(adjustments(found)) == 2


def test_a_better_agreement_takes_its_lines_out_of_the_steps() -> None:
    flat = override(meter="tokens.input", model="gpt-4o", provider="openai", rate=USD)
    assert settled(charged(10), by=(BIG, flat)) == []


def test_agreements_that_follow_each_other_are_settled_each_by_itself() -> None:
    """The second begins in the middle of the month: its first step begins again."""
    later = T0 + 15 * DAY_US
    first, second = replace(BIG, to_us=later), replace(BIG, from_us=later)
    charges = Charges((first, second))
    assert charges.edges(T0, T0 + 31 * DAY_US) == [later]
    found = settle([Stretch(T0, [charged(1_500)]), Stretch(later, [charged(900)])], charges)
    assert [(one.override, one.quantity) for one in found] == [(first, 1_500), (second, 900)]
    assert len(adjustments(found)) == 2


def test_the_same_lines_in_any_order_are_settled_the_same() -> None:
    lines = [charged(n, n * 4_000_000, tenant=t) for n in (1, 700, 800) for t in ("acme", "globex")]
    both = (BIG, replace(BIG, tenant="globex"))
    assert settled(*lines, by=both) == settled(*lines[::-1], by=both[::-1])


def test_gpu_time_is_counted_by_the_hour_and_only_while_it_is_held() -> None:
    """Two GPU-hours held, agreed at $3 for the first and $1 beyond: $4, charged were $6."""
    hours = override(meter="gpu", steps=((0, 3 * USD), (GPU_DIVISOR, USD)))
    used = charged(
        GPU_DIVISOR, 3 * USD, provider=None, model=H100, kind="used", meter="gpu.active",
        unit="GPU-Microseconds",
    )  # fmt: skip
    idle = used._replace(kind="held_idle", meter="gpu.held_idle")
    share = used._replace(kind="idle_share", meter="gpu.idle", model=None)
    (one,) = settled(used, idle, share, by=(hours,))
    assert (one.quantity, one.billed, one.graduated) == (2 * GPU_DIVISOR, 6 * USD, 4 * USD)


def test_other_units_are_counted_in_parts_of_them() -> None:
    """1.5 GB at $0.09, of which the first at $0.10: 0.10 + 0.045."""
    gigabytes = override(meter="resource.egress", steps=((0, 10**17), (USD, 9 * 10**16)))
    line = charged(0, kind="resource.egress", meter="resource.egress", unit="GB", provider=None)
    (one,) = settled(line._replace(quantity=3 * USD // 2), by=(gigabytes,))
    assert one.graduated == 145_000_000_000


def test_what_is_settled_is_rounded_once_half_to_even() -> None:
    (one,) = settled(charged(1), by=(replace(BIG, steps=((0, 1_500_000),)),))
    assert one.graduated == half_even(1_500_000, TOKEN_DIVISOR) == 2
    assert Fraction(1_500_000, TOKEN_DIVISOR) == Fraction(3, 2)


def test_a_tier_multiplies_what_the_graduated_price_comes_to() -> None:
    """2,000 tokens: 1,000 x 4 + 1,000 x 2 = 6,000; gold, by 1.2: 7,200, charged 2,000 x 4 x 1.2."""
    gold = Sla("gold", Fraction(6, 5))
    lines = [charged(2_000, billed=9_600 * USD // 10**6)]
    (one,) = settle([Stretch(T0, lines, lambda _: gold)], Charges((BIG,)))
    assert (one.graduated, one.missing) == (7_200 * 10**6, -2_400 * 10**6)


def test_a_tier_that_began_in_the_month_counts_for_what_was_used_under_it() -> None:
    """2,000 tokens, 500 of them as gold: 6,000 x (1,500 + 500 x 1.2) / 2,000 = 6,300."""
    gold = Sla("gold", Fraction(6, 5))
    as_gold = Stretch(T0 + DAY_US, [charged(500)], lambda _: gold)
    (one,) = settle([Stretch(T0, [charged(1_500)]), as_gold], Charges((BIG,)))
    assert one.graduated == 6_300 * 10**6

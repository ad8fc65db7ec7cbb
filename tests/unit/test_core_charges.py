"""What tenants are charged beside what their usage costs, and what it costs by the list."""

from dataclasses import replace
from fractions import Fraction

import pytest

from streams.core.allocation import Policy, allocate
from streams.core.charges import Charges, Override
from streams.core.lines import Figures, Money
from streams.core.metering import Rules
from streams.core.pools import Pool
from streams.core.price_book import Agreements
from streams.core.sums import Sums
from streams.core.timeline import FOREVER
from streams.core.windows import DAY_US, MINUTE_US, SECOND_US
from tests.builders.drawing import Amounts, amounts, meter
from tests.builders.terms import (
    GPT_4O,
    book,
    gpu_price,
    override,
    resource_price,
    rules,
    token_price,
)
from tests.builders.usage import H100, T0, Event, call, holder, interval, quantity

USD = 10**12
HALF = Fraction(1, 2)
LATER = T0 + DAY_US
S = SECOND_US


def agreed(*overrides: Override) -> Rules:
    prices = (*GPT_4O, gpu_price("3.60"), resource_price("0.06"))
    return rules(book(*prices, agreements=Agreements(overrides=overrides)))


def billed(ruled: Rules, *events: Event) -> dict[tuple[str, str], str]:
    return {(row.tenant, row.kind): row.billed for row in amounts(ruled, *events)}


# Metered usage


# 1,000 x 2.50 / 1M + 100 x 10 / 1M
@pytest.mark.parametrize(
    ("each", "of_input", "of_output"),
    [
        (override(factor=Fraction(85, 100)), "0.002125", "0.00085"),  # discount of 15 %
        (override(factor=Fraction(105, 100)), "0.002625", "0.00105"),  # mark-up of 5 %
        (override(factor=Fraction(0)), "0", "0"),  # all of it given away
        (override(meter="tokens.output", rate=8 * USD), "0.0025", "0.0008"),
        (override(meter="tokens.input", steps=((0, 2 * USD), (10, USD))), "0.002", "0.001"),
        (override("globex", factor=HALF), "0.0025", "0.001"),  # another's
        (override(None, factor=HALF), "0.00125", "0.0005"),  # everybody's
        (override(provider="azure", factor=HALF), "0.0025", "0.001"),
        (override(model="gpt-5", factor=HALF), "0.0025", "0.001"),
        (override(model="gpt-4o", meter="tokens.input", factor=HALF), "0.00125", "0.001"),
    ],
)
def test_calls_are_charged_as_agreed_and_cost_what_they_cost(
    each: Override, of_input: str, of_output: str
) -> None:
    assert amounts(agreed(each), call()) == [
        Amounts("acme", "tokens.input", "0.0025", "0.0025", of_input),
        Amounts("acme", "tokens.output", "0.001", "0.001", of_output),
    ]


def test_resources_are_charged_as_agreed() -> None:
    """60 GB-hours over one minute: 60 x 0.06 = 3.60, less 15 %."""
    event = quantity("60", end_us=T0 + MINUTE_US)
    assert amounts(agreed(override(factor=Fraction(85, 100))), event) == [
        Amounts("acme", "resource.storage", "3.6", "3.6", "3.06")
    ]
    by_sku = override(model="s3-standard", meter="resource.storage", rate=USD * 10**6)
    assert billed(agreed(by_sku), event) == {("acme", "resource.storage"): "60"}


def test_a_discounted_rate_is_rounded_half_even() -> None:
    """Half of 1 pico a million tokens is 0, half of 3 is 2: ties go to the even one."""
    assert [override(factor=HALF).billed_rate(rate) for rate in (1, 3, 5)] == [0, 2, 2]


def test_what_has_no_price_is_not_charged_either() -> None:
    ruled = agreed(override(rate=USD))
    assert billed(ruled, call(model="unknown")) == {}


def test_a_list_price_beside_the_agreed_one_is_on_the_line() -> None:
    ours = replace(token_price("tokens.input", "2"), list_rate=3 * USD)
    ruled = rules(book(ours, agreements=Agreements(overrides=(override(factor=HALF),))))
    assert amounts(ruled, call(output_tokens=0)) == [
        Amounts("acme", "tokens.input", "0.002", "0.003", "0.001")
    ]


# Which one

CHOICE = (
    override(None, factor=Fraction(1)),
    override(None, provider="openai", factor=Fraction(2)),
    override(None, meter="tokens.input", factor=Fraction(3)),
    override(None, model="gpt-4o", factor=Fraction(4)),
    override(None, model="gpt-4o", meter="tokens.input", provider="openai", factor=Fraction(5)),
    override("acme", factor=Fraction(6)),
    override("acme", provider="openai", factor=Fraction(7)),
    override("acme", meter="tokens.input", factor=Fraction(8)),
    override("acme", model="gpt-4o", factor=Fraction(9)),
)


@pytest.mark.parametrize("many", range(1, len(CHOICE) + 1))
def test_the_one_that_names_more_decides_in_any_order(many: int) -> None:
    """They stand in order: the tenant before the model, the meter, the provider."""
    for order in (CHOICE[:many], CHOICE[:many][::-1]):
        found = Charges(order).of("acme", "openai", "gpt-4o", "tokens.input", T0)
        assert found is CHOICE[many - 1]


def test_an_override_holds_for_windows_that_begin_in_its_dates() -> None:
    """From 30 s after T0 on: the window from T0 is charged at cost, also after those 30 s."""
    begin = T0 + 30 * S
    ruled = agreed(override(factor=HALF, from_us=begin, to_us=begin + 2 * MINUTE_US))
    seen = [
        billed(ruled, call(at_us=at, output_tokens=0))["acme", "tokens.input"]
        for at in (T0, T0 + 59 * S, T0 + MINUTE_US, T0 + 3 * MINUTE_US - 1, T0 + 3 * MINUTE_US)
    ]
    assert seen == ["0.0025", "0.0025", "0.00125", "0.00125", "0.0025"]


def test_between_the_dates_of_the_best_one_the_next_decides() -> None:
    charges = Charges(
        (override(factor=HALF, from_us=LATER, to_us=LATER + 1), override(None, factor=Fraction(2)))
    )
    found = [charges.of("acme", None, None, "gpu", at) for at in (LATER - 1, LATER, LATER + 1)]
    assert [each.factor if each else None for each in found] == [2, HALF, 2]


@pytest.mark.parametrize("tenant", ["__unattributed__", "__idle__", "__unmapped__"])
def test_nobody_is_never_charged_differently(tenant: str) -> None:
    everybody = Charges((override(None, factor=HALF), override(tenant, factor=HALF)))
    assert everybody.of(tenant, "openai", "gpt-4o", "tokens.input", T0) is None
    ruled = agreed(override(None, factor=HALF))
    assert billed(ruled, call(tenant=None, output_tokens=0)) == {
        ("__unattributed__", "tokens.input"): "0.0025"
    }


# GPU time. One H100 costs 0.001 a second: acme holds 40 s, works 30, globex holds and works 10,
# 10 are nobody's; idle is handed out by use, 30 : 10.
MINUTE = interval(
    holder(40 * S, 30 * S, tenant="acme"), holder(10 * S, tenant="globex"), end_us=T0 + 60 * S
)
AT_COST = {
    ("acme", "used"): "0.03",
    ("acme", "held_idle"): "0.01",
    ("acme", "idle_share"): "0.0075",
    ("globex", "used"): "0.01",
    ("globex", "idle_share"): "0.0025",
}


def gpu_lines(*overrides: Override, tenants: bool = True) -> dict[tuple[str, str], Money]:
    """Draw the lines of the minute under overrides, which metering knows nothing of."""
    event = MINUTE if tenants else interval(end_us=T0 + 60 * S)
    sums = Sums()
    for partial in meter(agreed(), event).partials:
        sums.add_records(partial["sums"])
    policy = Policy(Pool("h100"), T0, T0 + MINUTE_US, Charges(overrides))
    drawn = allocate(sums, policy, 1)
    return {(what.tenant, what.kind): money(each) for what, each in drawn.items() if each.quantity}


def money(figures: Figures) -> Money:
    assert figures.money is not None
    return figures.money


def pico(text: str) -> int:
    return round(Fraction(text) * USD)


@pytest.mark.parametrize(
    ("each", "changed"),
    [
        (override(factor=HALF),
         {("acme", "used"): "0.015", ("acme", "held_idle"): "0.005",
          ("acme", "idle_share"): "0.00375"}),
        (override(factor=Fraction(0)),
         {("acme", "used"): "0", ("acme", "held_idle"): "0", ("acme", "idle_share"): "0"}),
        (override(meter="gpu", factor=HALF),
         {("acme", "used"): "0.015", ("acme", "held_idle"): "0.005",
          ("acme", "idle_share"): "0.00375"}),
        # $7.20 an hour is 0.002 a second of time held; idle stays at cost
        (override(meter="gpu", rate=pico("7.20")),
         {("acme", "used"): "0.06", ("acme", "held_idle"): "0.02"}),
        (override(meter="gpu", steps=((0, pico("7.20")), (10**9, USD))),
         {("acme", "used"): "0.06", ("acme", "held_idle"): "0.02"}),
        # idle capacity has no model
        (override(model=H100, factor=HALF),
         {("acme", "used"): "0.015", ("acme", "held_idle"): "0.005"}),
        (override(model="A100", factor=HALF), {}),
        (override(meter="tokens.input", factor=HALF), {}),
        (override(provider="openai", factor=HALF), {}),
        (override(factor=HALF, from_us=T0 + 1), {}),  # after the window began
        (override(None, factor=Fraction(2)),
         {("acme", "used"): "0.06", ("acme", "held_idle"): "0.02", ("acme", "idle_share"): "0.015",
          ("globex", "used"): "0.02", ("globex", "idle_share"): "0.005"}),
    ],
)  # fmt: skip
def test_gpu_time_is_charged_as_agreed_and_costs_what_it_costs(
    each: Override, changed: dict[tuple[str, str], str]
) -> None:
    found = gpu_lines(each)
    assert {what: each.billed for what, each in found.items()} == {
        what: pico(usd) for what, usd in (AT_COST | changed).items()
    }
    assert {what: each.cost for what, each in found.items()} == {
        what: pico(usd) for what, usd in AT_COST.items()
    }


def test_idle_that_nobody_takes_is_charged_at_cost() -> None:
    found = gpu_lines(override(None, factor=HALF), tenants=False)
    assert {what: each.billed for what, each in found.items()} == {
        ("__idle__", "idle_share"): pico("0.06")
    }


def test_gpu_time_has_a_list_price_of_its_own_that_is_shared_like_the_cost() -> None:
    """List 7.20 an hour, cost 3.60: every line's list is twice its cost."""
    ours = replace(gpu_price("3.60"), list_rate=pico("7.20"))
    found = amounts(rules(book(ours)), MINUTE)
    assert {(row.tenant, row.kind): row.cost for row in found} == AT_COST
    assert all(Fraction(row.listed) == 2 * Fraction(row.cost) for row in found)


def test_an_override_without_an_end_holds_for_ever() -> None:
    charges = Charges((override(factor=HALF),))
    assert charges.of("acme", None, None, "gpu", FOREVER - 1) is not None

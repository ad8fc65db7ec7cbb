"""Whatever was used, under whatever prices: the steps of each line add up to it, to the pico."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.catalog import Catalog
from streams.core.metering import Rules
from streams.core.price_book import PriceBook
from streams.core.tenants import Sla, Tenant
from streams.core.windows import MINUTE_US
from streams.explain.line_steps import line_steps
from streams.explain.step import added
from streams.prices.choice import SoughtTime, choose_time
from tests.builders.explained import assert_explained, made_of
from tests.builders.generated import SPAN_US, TENANTS, any_terms, batches, terms
from tests.builders.generated_prices import PRICES
from tests.builders.usage import H100, T0, Event, call, holder, interval


@given(rules=any_terms, usage=batches())
def test_the_steps_of_every_line_add_up_to_it(rules: Rules, usage: list[list[Event]]) -> None:
    assert_explained(rules, usage)


@given(rules=any_terms, usage=batches(4), times=st.sampled_from(["0", "2/3", "5/4"]))
def test_what_a_tier_makes_of_a_charge_is_a_step_of_it(
    rules: Rules, usage: list[list[Event]], times: str
) -> None:
    assert_explained(replace(rules, catalog=tiered(rules.catalog, Fraction(times))), usage)


def tiered(names: Catalog, times: Fraction) -> Catalog:
    """Return a catalog in which every tenant is of one tier."""
    tenants = tuple(Tenant(name, sla="gold") for name in (*TENANTS, "sleeper", "desk"))
    return Catalog("tiered", replace(names.entries, tenants=tenants, slas=(Sla("gold", times),)))


@given(
    at_us=st.integers(T0 - 10, T0 + SPAN_US),
    model=st.sampled_from([H100, "A100", "free", "unknown"]),
    pool=st.sampled_from(["h100", "__unmapped__"]),
    purchase=st.sampled_from([None, "spot", "reserved"]),
)
def test_gpu_time_is_said_to_be_priced_by_the_entry_that_prices_it(
    at_us: int, model: str, pool: str, purchase: str | None
) -> None:
    choice = choose_time(PRICES, SoughtTime(model, pool, purchase, at_us))
    assert choice.rate == PRICES.gpu_rates(model, pool, purchase).at(at_us)
    others = {id(each.price) for each in choice.passed_over} | {id(choice.price)}
    assert {id(each) for each in gpu_prices(PRICES, model)} <= others


def gpu_prices(book: PriceBook, model: str) -> list[object]:
    return [each for each in book.prices if (each.model, each.meter) == (model, "gpu")]


def test_time_that_nobody_looked_or_could_use_is_not_there_for_reservations() -> None:
    """acme reserved 60 s of the minute, of which 20 were seen to be there."""
    lost = interval(end_us=T0 + MINUTE_US, unobserved_us=30_000_000, out_of_service_us=10_000_000)
    [made] = made_of(terms(reservations={"acme": 1000}), [[lost]])
    for kind in ("reservation_unmet", "reserved_idle"):
        what = next(what for what in made.lines if what.kind == kind)
        assert "60.00 - 40.00 = 20.00" in [step.arithmetic for step in line_steps(made, what)]


def test_steps_that_miss_their_line_are_not_shown() -> None:
    """A step that is left out is a bug here; nobody is to see its sum as a bill."""
    [made] = made_of(terms(), [[interval(holder(1_000_000, tenant="acme"))]])
    what = next(what for what in made.lines if what.kind == "used")
    made.lines[what].came = ()
    with pytest.raises(AssertionError, match="expected steps to make"):
        line_steps(made, what)


def test_what_costs_its_list_price_has_no_steps_for_the_list() -> None:
    [made] = made_of(terms(), [[call(tenant="umbrella")]])
    for what in made.lines:
        money = made.lines[what].money
        listed = added(line_steps(made, what), "list")
        assert money is not None
        assert (listed is None) == (money.listed == money.cost)

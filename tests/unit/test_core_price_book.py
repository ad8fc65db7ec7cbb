"""Prices in force: by date, by provider or pool, and where there is none."""

import pytest

from streams.core.timeline import FOREVER, Piecewise
from streams.core.windows import DAY_US
from tests.builders.terms import book, call_cost, gpu_cost, gpu_price, resource_price, token_price
from tests.builders.usage import H100, T0

LATER = T0 + DAY_US
INPUT = "tokens.input"
OUTPUT = "tokens.output"


@pytest.mark.parametrize(
    ("at_us", "expected"),
    [
        (T0 - 1, None),  # before the first price
        (T0, 2_500_000_000_000),  # the begin is inside
        (LATER - 1, 2_500_000_000_000),
        (LATER, None),  # the end is outside, and here begins a gap
        (LATER + DAY_US - 1, None),
        (LATER + DAY_US, 3_000_000_000_000),
        (LATER + 1000 * DAY_US, 3_000_000_000_000),  # no end
    ],
)
def test_a_price_holds_from_its_begin_until_its_end(at_us: int, expected: int | None) -> None:
    prices = book(
        gpu_price("3", from_us=LATER + DAY_US),  # out of order on purpose
        gpu_price("2.50", from_us=T0, to_us=LATER),
    )
    assert gpu_cost(prices, "h100", at_us) == expected


def test_prices_that_follow_each_other_leave_no_gap() -> None:
    prices = book(gpu_price("1", from_us=T0, to_us=LATER), gpu_price("2", from_us=LATER))
    assert prices.gpu_rates(H100, "h100").edges(T0 - 1, LATER + 1) == [T0, LATER]
    assert [gpu_cost(prices, "h100", at) for at in (LATER - 1, LATER)] == [10**12, 2 * 10**12]


def test_the_provider_s_own_price_goes_before_anybody_s() -> None:
    prices = book(
        token_price("tokens.input", "1", provider=None),
        token_price("tokens.input", "2", provider="openai"),
    )
    assert call_cost(prices, INPUT, T0, provider="openai") == 2 * 10**12
    assert call_cost(prices, INPUT, T0, provider="azure") == 10**12


def test_the_pool_s_own_price_goes_before_any_pool_s() -> None:
    prices = book(gpu_price("1"), gpu_price("2", pool="reserved"))
    assert gpu_cost(prices, "reserved", T0) == 2 * 10**12
    assert gpu_cost(prices, "spot", T0) == 10**12


def test_outside_the_dates_of_an_own_price_there_is_no_price() -> None:
    """An own price that ended is not silently replaced by anybody's."""
    prices = book(gpu_price("1"), gpu_price("2", pool="h100", from_us=T0, to_us=LATER))
    seen = [gpu_cost(prices, "h100", at) for at in (T0 - 1, T0, LATER)]
    assert seen == [None, 2 * 10**12, None]


def test_each_token_meter_changes_at_its_own_time() -> None:
    prices = book(
        token_price("tokens.input", "1", from_us=T0),
        token_price("tokens.output", "4", from_us=T0, to_us=LATER),
        token_price("tokens.output", "5", from_us=LATER),
    )
    seen = [
        (call_cost(prices, INPUT, at), call_cost(prices, OUTPUT, at)) for at in (T0 - 1, T0, LATER)
    ]
    assert seen == [(None, None), (10**12, 4 * 10**12), (10**12, 5 * 10**12)]


def test_what_the_book_does_not_name_has_no_price() -> None:
    prices = book(token_price("tokens.input", "1"), gpu_price("1"), resource_price("1"))
    assert prices.call_rates("openai", "gpt-5", None, None).at(T0).at(0) == {}
    assert gpu_cost(prices, "h100", T0, model="NVIDIA H200") is None
    assert prices.resource_rates("resource.storage", "s3-glacier", "GB-Hours").at(T0) is None
    assert prices.resource_rates("resource.egress", "s3-standard", "GB-Hours").at(T0) is None


def test_a_resource_price_is_for_its_unit_only() -> None:
    prices = book(resource_price("1", unit="GB-Hours"))
    rates = prices.resource_rates("resource.storage", "s3-standard", "GB-Hours")
    assert rates.at(T0) == (10**18, 10**18)
    assert prices.resource_rates("resource.storage", "s3-standard", "TB-Hours").at(T0) is None


def test_a_price_of_zero_is_a_price() -> None:
    assert gpu_cost(book(gpu_price("0")), "h100", T0) == 0


def test_a_step_prices_prompts_of_its_size_and_a_meter_without_it_keeps_its_price() -> None:
    prices = book(
        token_price("tokens.input", "1"),
        token_price("tokens.input", "2", from_tokens=1001),
        token_price("tokens.output", "4"),
    )
    seen = {
        size: (call_cost(prices, INPUT, T0, size=size), call_cost(prices, OUTPUT, T0, size=size))
        for size in (0, 1000, 1001)
    }
    assert seen[0] == seen[1000] == (10**12, 4 * 10**12)
    assert seen[1001] == (2 * 10**12, 4 * 10**12)


def test_a_step_holds_in_its_own_dates() -> None:
    prices = book(
        token_price("tokens.input", "1"),
        token_price("tokens.input", "2", from_tokens=10, from_us=T0, to_us=LATER),
    )
    seen = [call_cost(prices, INPUT, at_us, size=10) for at_us in (T0 - 1, T0, LATER)]
    assert seen == [10**12, 2 * 10**12, 10**12]


def test_below_the_only_step_there_is_no_price() -> None:
    prices = book(token_price("tokens.input", "2", from_tokens=10))
    assert [call_cost(prices, INPUT, T0, size=size) for size in (9, 10)] == [None, 2 * 10**12]


def test_a_piece_says_where_its_value_holds() -> None:
    line = Piecewise((10, 20), ("a", "b", "c"))
    assert [line.piece(at) for at in (9, 10, 20)] == [
        (0, 10, "a"), (10, 20, "b"), (20, FOREVER, "c"),
    ]  # fmt: skip

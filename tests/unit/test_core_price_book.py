"""Prices in force: by date, by provider or pool, and where there is none."""

import pytest

from streams.core.price_book import FOREVER, TOKEN_METERS, Piecewise
from streams.core.windows import DAY_US
from tests.builders.terms import book, gpu_price, resource_price, token_price
from tests.builders.usage import H100, T0

LATER = T0 + DAY_US
INPUT = TOKEN_METERS.index("tokens.input")
OUTPUT = TOKEN_METERS.index("tokens.output")


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
    assert prices.gpu_rates(H100, "h100").at(at_us) == expected


def test_prices_that_follow_each_other_leave_no_gap() -> None:
    dated = book(gpu_price("1", from_us=T0, to_us=LATER), gpu_price("2", from_us=LATER)).gpu_rates(
        H100, "h100"
    )
    assert dated.edges == (T0, LATER)
    assert [dated.at(LATER - 1), dated.at(LATER)] == [10**12, 2 * 10**12]


def test_the_provider_s_own_price_goes_before_anybody_s() -> None:
    prices = book(
        token_price("tokens.input", "1", provider=None),
        token_price("tokens.input", "2", provider="openai"),
    )
    rates = {name: prices.token_rates(name, "gpt-4o").at(T0).at(0) for name in ("openai", "azure")}
    assert rates["openai"][INPUT] == 2 * 10**12
    assert rates["azure"][INPUT] == 10**12


def test_the_pool_s_own_price_goes_before_any_pool_s() -> None:
    prices = book(gpu_price("1"), gpu_price("2", pool="reserved"))
    assert prices.gpu_rates(H100, "reserved").at(T0) == 2 * 10**12
    assert prices.gpu_rates(H100, "spot").at(T0) == 10**12


def test_outside_the_dates_of_an_own_price_there_is_no_price() -> None:
    """An own price that ended is not silently replaced by anybody's."""
    prices = book(gpu_price("1"), gpu_price("2", pool="h100", from_us=T0, to_us=LATER))
    dated = prices.gpu_rates(H100, "h100")
    assert [dated.at(T0 - 1), dated.at(T0), dated.at(LATER)] == [None, 2 * 10**12, None]


def test_each_token_meter_changes_at_its_own_time() -> None:
    prices = book(
        token_price("tokens.input", "1", from_us=T0),
        token_price("tokens.output", "4", from_us=T0, to_us=LATER),
        token_price("tokens.output", "5", from_us=LATER),
    )
    dated = prices.token_rates("openai", "gpt-4o")
    seen = [(dated.at(at).at(0)[INPUT], dated.at(at).at(0)[OUTPUT]) for at in (T0 - 1, T0, LATER)]
    assert seen == [(None, None), (10**12, 4 * 10**12), (10**12, 5 * 10**12)]


def test_what_the_book_does_not_name_has_no_price() -> None:
    prices = book(token_price("tokens.input", "1"), gpu_price("1"), resource_price("1"))
    assert prices.token_rates("openai", "gpt-5").at(T0).at(0) == (None,) * len(TOKEN_METERS)
    assert prices.gpu_rates("NVIDIA H200", "h100").at(T0) is None
    assert prices.resource_rates("resource.storage", "s3-glacier", "GB-Hours").at(T0) is None
    assert prices.resource_rates("resource.egress", "s3-standard", "GB-Hours").at(T0) is None


def test_a_resource_price_is_for_its_unit_only() -> None:
    prices = book(resource_price("1", unit="GB-Hours"))
    assert prices.resource_rates("resource.storage", "s3-standard", "GB-Hours").at(T0) == 10**18
    assert prices.resource_rates("resource.storage", "s3-standard", "TB-Hours").at(T0) is None


def test_a_price_of_zero_is_a_price() -> None:
    assert book(gpu_price("0")).gpu_rates(H100, "h100").at(T0) == 0


def test_a_step_prices_prompts_of_its_size_and_a_meter_without_it_keeps_its_price() -> None:
    prices = book(
        token_price("tokens.input", "1"),
        token_price("tokens.input", "2", from_tokens=1001),
        token_price("tokens.output", "4"),
    )
    rates = prices.token_rates("openai", "gpt-4o").at(T0)
    seen = {size: (rates.at(size)[INPUT], rates.at(size)[OUTPUT]) for size in (0, 1000, 1001)}
    assert seen[0] == seen[1000] == (10**12, 4 * 10**12)
    assert seen[1001] == (2 * 10**12, 4 * 10**12)


def test_a_step_holds_in_its_own_dates() -> None:
    prices = book(
        token_price("tokens.input", "1"),
        token_price("tokens.input", "2", from_tokens=10, from_us=T0, to_us=LATER),
    )
    rates = prices.token_rates("openai", "gpt-4o")
    seen = [rates.at(at_us).at(10)[INPUT] for at_us in (T0 - 1, T0, LATER)]
    assert seen == [10**12, 2 * 10**12, 10**12]


def test_below_the_only_step_there_is_no_price() -> None:
    rates = book(token_price("tokens.input", "2", from_tokens=10)).token_rates("openai", "gpt-4o")
    assert [rates.at(T0).at(size)[INPUT] for size in (9, 10)] == [None, 2 * 10**12]


def test_a_piece_says_where_its_value_holds() -> None:
    line = Piecewise((10, 20), ("a", "b", "c"))
    assert [line.piece(at) for at in (9, 10, 20)] == [
        (0, 10, "a"), (10, 20, "b"), (20, FOREVER, "c"),
    ]  # fmt: skip

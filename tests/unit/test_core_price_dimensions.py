"""Which price a call or GPU has: by tier, region and uplifts, purchase option, prompt size."""

from dataclasses import replace
from fractions import Fraction

import pytest

from streams.core.meters import tier_of
from streams.core.price import Price
from streams.core.price_book import Agreements, PriceBook
from streams.core.timeline import FOREVER
from streams.core.uplifts import Uplift
from streams.core.windows import DAY_US
from tests.builders.drawing import Plain, amounts, drawn
from tests.builders.terms import book, call_cost, gpu_cost, gpu_price, rules, token_price, uplift
from tests.builders.usage import T0, call, holder, interval

INPUT = "tokens.input"
USD = 10**12
LATER = T0 + DAY_US


def price(per_million: str, **dimensions: object) -> Price:
    """Return a price of input tokens of openai's gpt-4o."""
    return replace(token_price(INPUT, per_million), **dimensions)  # type: ignore[arg-type]  # of a table of cases


def raised(*uplifts: Uplift, of: tuple[Price, ...] = (price("10"),)) -> PriceBook:
    return book(*of, agreements=Agreements(uplifts=uplifts))


# Tiers

TIERS = book(price("2"), price("1", tier="batch"), price("3.50", tier="priority"))


@pytest.mark.parametrize(
    ("reported", "expected"),
    [
        (None, 2 * USD),
        ("", 2 * USD),
        ("default", 2 * USD),
        ("Standard", 2 * USD),
        ("auto", 2 * USD),
        ("on_demand", 2 * USD),
        ("on-demand", 2 * USD),
        ("batch", USD),
        ("BATCH", USD),
        ("priority", 3_500_000_000_000),
        ("flex", None),  # never another tier's price
    ],
)
def test_a_tier_has_its_own_price_or_none(reported: str | None, expected: int | None) -> None:
    assert call_cost(TIERS, INPUT, T0, tier=tier_of(reported)) == expected


def test_a_tier_that_only_the_book_names_is_no_price_of_the_regular_one() -> None:
    assert call_cost(book(price("1", tier="batch")), INPUT, T0) is None


def test_a_call_of_a_tier_without_a_price_is_kept_unpriced_beside_the_others() -> None:
    of_calls = [call(output_tokens=0, service_tier=tier) for tier in ("standard", "flex", "batch")]
    # 1,000 x 2 / 1M and 1,000 x 1 / 1M
    assert drawn(rules(TIERS), *of_calls) == [
        Plain("acme", INPUT, INPUT, "1000", "0.001", 1),
        Plain("acme", INPUT, INPUT, "1000", "0.002", 1),
        Plain("acme", "unpriced", INPUT, "1000", None, 1),
    ]


# Provider and region: what names more of the call goes first, the provider before the region

PLACES = (
    price("1", provider=None),
    price("2", provider=None, region="eu"),
    price("3"),
    price("4", region="eu"),
)


@pytest.mark.parametrize(
    ("left_out", "provider", "region", "expected"),
    [
        ((), "openai", "eu", 4),
        ((), "openai", "us", 3),
        ((), "openai", None, 3),
        ((), "azure", "eu", 2),
        ((), "azure", "us", 1),
        ((3,), "openai", "eu", 3),  # its provider is named, its region is not
        ((2, 3), "openai", "eu", 2),
        ((1, 2, 3), "openai", "eu", 1),
        ((0, 1, 2), "openai", "us", None),
    ],
)
def test_the_price_that_names_more_goes_first(
    left_out: tuple[int, ...], provider: str, region: str | None, expected: int | None
) -> None:
    prices = book(*(each for index, each in enumerate(PLACES) if index not in left_out))
    found = call_cost(prices, INPUT, T0, provider=provider, region=region)
    assert found == (None if expected is None else expected * USD)


# Uplifts


@pytest.mark.parametrize(
    ("each", "region", "expected"),
    [
        (uplift("1.10"), "eu", 11 * USD),
        (uplift("1.10"), "eu-west-1", 10 * USD),  # no glob, another region
        (uplift("1.10", "eu-*"), "eu-west-1", 11 * USD),
        (uplift("1.10"), None, 10 * USD),
        (uplift("1.10", "*"), "", 10 * USD),  # a region that is not known is no region
        (uplift("1.10", provider="openai"), "eu", 11 * USD),
        (uplift("1.10", provider="azure"), "eu", 10 * USD),
        (uplift("1.10", models=("gpt-5*", "gpt-4*")), "eu", 11 * USD),
        (uplift("1.10", models=("gpt-5*",)), "eu", 10 * USD),
    ],
)
def test_an_uplift_raises_what_it_names(each: Uplift, region: str | None, expected: int) -> None:
    assert call_cost(raised(each), INPUT, T0, region=region) == expected


def test_a_price_that_names_the_region_is_not_raised() -> None:
    prices = raised(uplift("1.10"), of=(price("10"), price("12", region="eu")))
    assert call_cost(prices, INPUT, T0, region="eu") == 12 * USD


def test_an_uplift_holds_in_its_dates_and_between_two_of_a_price() -> None:
    """The price rises from 10 to 20 at LATER; the uplift holds from T0 until a day after."""
    prices = raised(
        uplift("1.10", from_us=T0, to_us=LATER + DAY_US),
        of=(price("10", to_us=LATER), price("20", from_us=LATER)),
    )
    instants = (T0 - 1, T0, LATER - 1, LATER, LATER + DAY_US - 1, LATER + DAY_US)
    seen = [call_cost(prices, INPUT, at, region="eu") for at in instants]
    assert seen == [each * USD for each in (10, 11, 11, 22, 22, 20)]


@pytest.mark.parametrize(
    ("per_million", "factor", "expected"),
    [
        ("0.000000000001", Fraction(3, 2), 2),  # 1.5 pico: a tie goes to the even one
        ("0.000000000003", Fraction(3, 2), 4),  # 4.5 pico
        ("0.000000000001", Fraction(149, 100), 1),
    ],
)
def test_a_raised_rate_is_rounded_half_even(
    per_million: str, factor: Fraction, expected: int
) -> None:
    each = replace(uplift("1"), factor=factor)
    assert call_cost(raised(each, of=(price(per_million),)), INPUT, T0, region="eu") == expected


def test_uplifts_that_meet_multiply_and_are_rounded_once_in_any_order() -> None:
    """1 pico x 1.4 x 1.4 = 1.96 is 2; rounded twice it were 1."""
    both = (uplift("1.4"), uplift("1.4", "e*"))
    for order in (both, both[::-1]):
        tiny = raised(*order, of=(price("0.000000000001"),))
        assert call_cost(tiny, INPUT, T0, region="eu") == 2


def test_the_list_price_is_raised_too() -> None:
    prices = raised(uplift("1.10"), of=(price("8", list_rate=10 * USD),))
    (row,) = amounts(rules(prices), call(region="eu", output_tokens=0))
    assert (row.cost, row.listed) == ("0.0088", "0.011")  # 1,000 x 8.80 / 1M, 1,000 x 11 / 1M


# Purchase options

BOUGHT = book(
    gpu_price("4"),
    replace(gpu_price("1"), purchase="spot"),
    gpu_price("3", pool="h100"),
    replace(gpu_price("2", pool="h100"), purchase="reserved"),
)


@pytest.mark.parametrize(
    ("pool", "purchase", "expected"),
    [
        ("h100", "reserved", 2),
        ("h100", "spot", 3),  # the pool's own price goes before one of the way it was bought
        ("h100", None, 3),
        ("other", "spot", 1),
        ("other", "reserved", 4),
        ("other", None, 4),
    ],
)
def test_gpu_time_costs_what_its_pool_and_purchase_option_say(
    pool: str, purchase: str | None, expected: int
) -> None:
    assert gpu_cost(BOUGHT, pool, T0, purchase=purchase) == expected * USD


def test_gpus_bought_in_two_ways_cost_what_each_does() -> None:
    """10 s of each by acme: 10 x 2 / 3600 + 10 x 3 / 3600 = 0.0138888888889, rounded once."""
    spans = [
        interval(holder(10**7, tenant="acme"), purchase_option=option, device=option)
        for option in ("reserved", "spot")
    ]
    found = [row for row in drawn(rules(BOUGHT), *spans) if row.kind == "used"]
    assert found == [Plain("acme", "used", "gpu.active", "20000000", "0.013888888889", 0)]


# Prompt sizes, whole calls at the step's price


@pytest.mark.parametrize(
    ("from_tokens", "tokens", "expected"),
    [
        (200_001, 199_999, "0.399998"),  # more than 200,000: the bound itself is below
        (200_001, 200_000, "0.4"),
        (200_001, 200_001, "0.800004"),
        (200_000, 199_999, "0.399998"),  # at least 200,000: the bound itself is above
        (200_000, 200_000, "0.8"),
        (200_000, 200_001, "0.800004"),
    ],
)
def test_a_step_by_prompt_size_is_exact_at_its_bound(
    from_tokens: int, tokens: int, expected: str
) -> None:
    """$2 a million below, $4 above, for all tokens of the call; cached ones count for the size."""
    steps = book(
        price("2"),
        price("4", from_tokens=from_tokens),
        replace(price("2"), meter="tokens.cache_read"),
        replace(price("4", from_tokens=from_tokens), meter="tokens.cache_read"),
    )
    event = call(input_tokens=tokens, cache_read_tokens=tokens // 2, output_tokens=0)
    whole = sum(Fraction(row.cost or "0") for row in drawn(rules(steps), event))
    assert whole == Fraction(expected)


def test_calls_of_a_batch_are_each_priced_by_their_own_prompt() -> None:
    """999 x 2 / 1M + 1,001 x 4 / 1M; together they are 2,000, which would all be dear."""
    steps = rules(book(price("2"), price("4", from_tokens=1_001)))
    events = [call(input_tokens=tokens, output_tokens=0) for tokens in (999, 1_001)]
    assert drawn(steps, *events) == [Plain("acme", INPUT, INPUT, "2000", "0.006002", 2)]


def test_a_tier_has_steps_of_its_own() -> None:
    prices = book(price("2"), price("4", from_tokens=10), price("1", tier="batch"))
    assert call_cost(prices, INPUT, T0, size=10, tier="batch") == USD


def test_dates_of_other_models_cut_nothing() -> None:
    prices = book(price("2"), replace(price("3", from_us=LATER), model="other"))
    timeline = prices.call_rates("openai", "gpt-4o", None, None)
    assert timeline.edges(T0, FOREVER) == []

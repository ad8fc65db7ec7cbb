"""What a price list shows: what is asked for, in force then, in exact figures."""

from dataclasses import replace
from fractions import Fraction

from streams.core.charges import Override
from streams.core.price_book import Agreements, PriceBook
from streams.core.timeline import FOREVER
from streams.core.uplifts import Uplift
from streams.core.windows import HOUR_US
from streams.prices.catalog_difference import catalog_difference
from streams.prices.chronicle import Edition, history_of_model, history_table, plain_step, steps
from streams.prices.price_list import Wanted, agreements_on, chosen, counts, price_table
from streams.prices.wording import figure, price_of, weekly
from tests.builders.terms import GPT_4O, book, catalog, endpoint, gpu_price, token_price
from tests.builders.usage import T0

DAY_US = 24 * HOUR_US


def names(prices: PriceBook, wanted: Wanted) -> list[str]:
    return [price.meter for price in chosen(prices, wanted)[0]]


def test_globs_choose_whatever_the_case() -> None:
    prices = book(*GPT_4O, gpu_price("2"))
    assert names(prices, Wanted(model="GPT*")) == [
        "tokens.cache_read", "tokens.input", "tokens.output"
    ]  # fmt: skip
    assert names(prices, Wanted(meter="*put", provider="open*")) == [
        "tokens.input", "tokens.output"
    ]  # fmt: skip
    assert names(prices, Wanted(model="nothing")) == []


def test_what_does_not_hold_then_is_counted() -> None:
    price = token_price("tokens.input", "1", to_us=T0)
    later = replace(price, from_us=T0, to_us=FOREVER)
    prices = book(price, later)
    assert chosen(prices, Wanted(at_us=T0)) == ([later], 1)
    assert chosen(prices, Wanted(at_us=T0 - 1)) == ([price], 1)
    assert chosen(prices, Wanted(at_us=None)) == ([price, later], 0)


def test_big_books_are_counted_by_provider() -> None:
    prices = book(*GPT_4O, token_price("tokens.input", "1", provider="azure"), gpu_price("2"))
    lines = [line.split() for line in counts(prices.prices)]
    assert lines[:2] == [["provider", "models", "prices"], ["openai", "1", "3"]]
    assert sorted(lines[2:]) == [["any", "1", "1"], ["azure", "1", "1"]]


def test_columns_that_nothing_is_in_are_left_out() -> None:
    head, row = price_table([token_price("tokens.input", "2.50")])
    assert head.split() == ["provider", "model", "meter", "price", "per", "source"]
    assert row.split() == ["openai", "gpt-4o", "tokens.input", "2.50", "1M", "Tokens", "test"]


def test_figures_are_exact() -> None:
    rate = 1_234_567_890_123_456_789_012_345_678  # pico per million units
    assert figure(price_of(rate, "call.pages")) == "1234567890.123456789012345678"
    assert figure(price_of(1, "tokens.input")) == "0.000000000001"


def test_hours_are_said_by_days_that_have_the_same() -> None:
    nightly = tuple((day * DAY_US, day * DAY_US + HOUR_US) for day in range(7))
    assert weekly(nightly) == "daily 00:00-01:00"
    assert weekly(((DAY_US - HOUR_US, DAY_US + HOUR_US),)) == "thu 23:00-24:00, fri 00:00-01:00"


def test_history_counts_what_changed_and_says_a_model_only_where_it_did() -> None:
    first = PriceBook("v1", "USD", GPT_4O)
    second = PriceBook("v2", "USD", (*GPT_4O, gpu_price("2")))
    dearer = (replace(GPT_4O[0], rate=GPT_4O[0].rate * 2), *GPT_4O[1:])
    third = PriceBook("v3", "USD", dearer)
    found = list(
        steps(
            Edition(T0 + number, note, each)
            for number, (each, note) in enumerate([(first, None), (second, "gpus"), (third, None)])
        )
    )
    rows = [line.split() for line in history_table(found)]
    assert [row[1] for row in rows] == ["version", "v1", "v2", "v3"]
    assert rows[2][2:4] == ["4", "0"]
    assert [(plain_step(step, None)["changes"] or {}).get("changed") for step in found] == [
        None, 0, 1
    ]  # fmt: skip
    heads = [line.split()[1] for line in history_of_model(found, "gpt-4o") if line[0] != " "]
    assert heads == ["v1", "v3"]
    [*_, gone] = history_of_model([*found, *steps([Edition(T0 + 9, None, book())])], "gpt-4o")
    assert gone.strip() == "no price"


def test_catalogs_differ_by_name() -> None:
    old = catalog(endpoint("llama"), tenants=["a", "b"])
    new = catalog(endpoint("qwen"), tenants=["b", "c"], share="even")
    found = catalog_difference(old, new)
    assert [line.split(":")[0] for line in found] == [
        "- tenant a", "+ tenant c", "~ pool h100", "- endpoint llama", "+ endpoint qwen"
    ]  # fmt: skip
    assert catalog_difference(old, old) == []
    assert (
        catalog_difference(old, catalog(endpoint("llama")))[0] == "~ tenants: 2 names -> any name"
    )


def test_only_agreements_that_meet_a_shown_price_are_shown() -> None:
    dated = (0, FOREVER, "page")
    uplifts = tuple(
        Uplift(f"eu-{glob}", Fraction(2), None, (glob,), *dated) for glob in ("g*", "c*")
    )
    narrow = Override("acme", None, "claude", None, Fraction(1, 2), None, (), *dated)
    wide = Override("acme", None, None, None, Fraction(1, 2), None, (), *dated)
    prices = book(*GPT_4O, agreements=Agreements(uplifts, (narrow, wide)))
    assert agreements_on(prices, GPT_4O, T0) == [uplifts[0], wide]
    assert agreements_on(prices, [gpu_price("2")], T0) == [wide]
    assert agreements_on(prices, GPT_4O, -1) == []

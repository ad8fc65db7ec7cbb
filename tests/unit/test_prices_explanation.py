"""An explanation says every step in words, and what to do where something is missing."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from schemas.records import InferenceUsage
from streams.config.price_book import load_price_book
from streams.core.charges import Override
from streams.core.price_book import Agreements, PriceBook
from streams.core.timeline import FOREVER
from streams.core.uplifts import Uplift
from streams.core.windows import HOUR_US
from streams.prices.asked_call import Asked, event_of, quantity_of, tokens_of
from streams.prices.errors import BadCall
from streams.prices.explanation import explain
from streams.prices.explanation_text import explanation_text
from streams.prices.plain_explanation import plain_explanation
from streams.prices.ways_to_price import near_names, provider_of
from tests.builders.terms import GPT_4O, WINDOW_US, book, gpu_price, token_price
from tests.builders.usage import T0


def asked(tokens: str = "input=1200", *quantities: str, **who: Any) -> InferenceUsage:  # noqa: ANN401 - any field
    usage = tokens_of(tokens), [quantity_of(each) for each in quantities]
    question = Asked("openai", "gpt-4o", None, None, None, T0, *usage)
    return event_of(question._replace(**who))


def said(event: InferenceUsage, prices: PriceBook) -> list[str]:
    """Return the lines with blanks evened out."""
    return [" ".join(line.split()) for line in explanation_text(explain(event, prices, WINDOW_US))]


def test_cached_tokens_are_taken_out_of_the_input_that_was_reported() -> None:
    lines = said(asked("input=1200,cache_read=200,output=300"), book(*GPT_4O))
    assert "input 1,200 reported - 200 cache_read = 1,000 not cached" in lines
    assert [line for line in lines if line.startswith("cost")] == [
        "cost 1,000 x 2.50 / 1,000,000 = 0.002500000000",
        "cost 200 x 1.25 / 1,000,000 = 0.000250000000",
        "cost 300 x 10.00 / 1,000,000 = 0.003000000000",
        "cost 0.005750000000 USD",  # 0.0025 + 0.00025 + 0.003
    ]


def test_parts_are_taken_out_only_where_they_have_a_price() -> None:
    event = asked("output=300,reasoning=50")
    without = said(event, book(*GPT_4O))
    priced = said(event, book(*GPT_4O, token_price("tokens.reasoning", "60")))
    assert any("50 tokens.reasoning stay in tokens.output" in line for line in without)
    assert any("50 tokens.reasoning are taken out of tokens.output" in line for line in priced)
    assert "cost 250 x 10.00 / 1,000,000 = 0.002500000000" in priced  # 300 - 50
    assert "cost 50 x 60.00 / 1,000,000 = 0.003000000000" in priced


def test_an_amount_finer_than_a_line_is_shown_in_full_and_rounded_to_even() -> None:
    # 1 x 0.0000025 / 1,000,000 = 2.5e-12: a tie, which goes to the even 2
    lines = said(asked("input=1"), book(token_price("tokens.input", "0.0000025")))
    expected = "0.0000000000025, rounded half-even to 0.000000000002"
    assert f"cost 1 x 0.0000025 / 1,000,000 = {expected}" in lines


@pytest.mark.parametrize(("tokens", "price"), [(200_000, "2.50"), (200_001, "5.00")])
def test_steps_are_chosen_by_the_prompt_and_the_other_is_named(tokens: int, price: str) -> None:
    steps = (token_price("tokens.input", "2.50"),
             token_price("tokens.input", "5", from_tokens=200_001))  # fmt: skip
    lines = said(asked(f"input={tokens}"), book(*steps))
    other = "prompts from 200,001 tokens" if price == "2.50" else "prompts below 200,001 tokens"
    assert f"tokens.input: {tokens:,} Tokens at {price} per 1M Tokens" in lines
    assert f"not 1 entry: {other}" in lines


def test_every_reason_to_pass_an_entry_over_is_said() -> None:
    price = token_price("tokens.input", "1")
    others = (
        replace(price, provider="azure"),
        replace(price, provider=None),
        replace(price, tier="batch"),
        replace(price, region="us"),
        replace(price, to_us=T0 - HOUR_US),
        replace(price, from_us=T0 + HOUR_US),
        replace(price, from_us=T0 - HOUR_US, hours=((2 * HOUR_US, 3 * HOUR_US),)),
    )
    held = replace(price, from_us=T0 - HOUR_US, to_us=T0 + HOUR_US)
    found = plain_explanation(explain(asked(), book(held, *others), WINDOW_US))
    assert {each["why"] for each in found["meters"][0]["passed_over"]} == {
        "provider azure",
        "for any provider, and one names it",
        "tier batch",
        "region us",
        "ended 2025-12-31T23:00:00Z",
        "begins 2026-01-01T01:00:00Z",
        "only thu 02:00-03:00",
    }


def test_uplifts_and_the_override_that_names_most_are_multiplied_in_full() -> None:
    uplift = Uplift("eu-*", Fraction(11, 10), None, (), 0, FOREVER, "page")
    agreed = Override("acme", None, None, None, Fraction(17, 20), None, (), 0, FOREVER, "contract")
    everybody = replace(agreed, tenant=None, factor=Fraction(9, 10))
    prices = book(*GPT_4O, agreements=Agreements((uplift,), (everybody, agreed)))
    lines = said(asked("input=1000", region="eu-west-1", tenant="acme"), prices)
    assert "2.50 x 1.10 = 2.75" in lines
    assert "2.75 x 0.85 = 2.3375" in lines
    assert "billed 1,000 x 2.3375 / 1,000,000 = 0.002337500000" in lines
    assert any(line.startswith("not override of every tenant") for line in lines)
    assert "billed 0.002337500000 USD to acme" in lines


def test_without_a_price_the_line_that_is_missing_is_shown_and_would_do() -> None:
    event = asked("output=7", "call.pages=1.5", tier="batch")
    found = plain_explanation(explain(event, book(), WINDOW_US))
    assert not found["complete"]
    missing = [each["missing"].replace('"..."', '"1"') for each in found["meters"]]
    added = load_price_book("currency: USD\nprices:\n" + "".join(f"  {line}\n" for line in missing))
    assert plain_explanation(explain(event, added, WINDOW_US))["complete"]


def test_a_call_that_nobody_could_meter_is_refused_with_the_reason() -> None:
    with pytest.raises(BadCall, match="cached tokens to be part of input_tokens"):
        explain(asked("input=1,cache_read=2"), book(*GPT_4O), WINDOW_US)
    with pytest.raises(BadCall, match=r"parts of tokens\.input to be in it"):
        explain(asked("input=1,input_audio=2"), book(*GPT_4O), WINDOW_US)


@pytest.mark.parametrize("text", ["in=3", "input", "input=", "input=-1", "input=1,input=2",
                                  "input=1.5", "input=1e3", "input=²"])  # fmt: skip
def test_tokens_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(BadCall):
        tokens_of(text)


@pytest.mark.parametrize("text", ["call.pages", "call.pages=x", "call.pages=1e-13", "call.rows=2",
                                  "call.pages=NaN", "pages=1"])  # fmt: skip
def test_quantities_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(BadCall):
        quantity_of(text)


def test_the_only_provider_is_taken_and_several_are_named() -> None:
    one = book(*GPT_4O)
    two = book(*GPT_4O, token_price("tokens.input", "1", provider="azure"))
    assert provider_of(one, "gpt-4o", None) == "openai"
    with pytest.raises(BadCall, match="azure, openai"):
        provider_of(two, "gpt-4o", None)
    assert provider_of(two, "gpt-4o", "azure") == "azure"


def test_of_an_unknown_model_the_nearest_are_named_and_gpus_are_none() -> None:
    prices = book(*GPT_4O, gpu_price("2", model="gpt-4p"))
    with pytest.raises(BadCall, match=r"\(gpt-4o\); got 'GPT4o'"):
        provider_of(prices, "GPT4o", None)


def test_names_are_near_by_likeness_and_by_what_they_hold() -> None:
    known = ["gpt-4o", "claude-opus-4-1-20250805", "mistral-large"]
    assert near_names("opus", known) == ["claude-opus-4-1-20250805"]
    assert near_names("zzz", known) == []


@pytest.mark.parametrize(("tokens", "price"), [(10, "1.00"), (60, "3.00")])
def test_hours_of_one_step_leave_the_other_steps_alone(tokens: int, price: str) -> None:
    usual = token_price("tokens.input", "1")
    long = token_price("tokens.input", "2", from_tokens=50)
    by_night = replace(long, rate=3 * 10**12, hours=((0, HOUR_US),))  # T0 is Thursday 00:00
    lines = said(asked(f"input={tokens}"), book(usual, long, by_night))
    assert f"tokens.input: {tokens} Tokens at {price} per 1M Tokens" in lines

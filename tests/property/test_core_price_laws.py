"""Laws of prices: use is no price, a change is told at once, and a summary of the past will do."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Final, TypeAlias

from hypothesis import given
from hypothesis import strategies as st

from schemas.decimals import to_bytes, to_decimal
from streams.core.alert_rules import MIN_PER_HOUR
from streams.core.money import half_even
from streams.core.price import TOKEN_DIVISOR
from streams.core.series.bought import Bought, item
from streams.core.series.buckets import Slice
from streams.core.series.known_price import Price
from streams.core.series.prices import LATE_US, Paid, Prices
from streams.core.windows import HOUR_US, MINUTE_US
from tests.builders.series import Fed

TOKEN: Final = 10**12  # quantities are counted in 1e-12
ITEM: Final = item("acme", "api:x", "x", "gpt-4o", "tokens.input", "Tokens", "", "", "USD")
Name: TypeAlias = tuple[str, str, str]
NAMES: Final = st.tuples(
    st.sampled_from(["acme", "globex", "initech"]),
    st.sampled_from(["gpt-4o", "gpt-5"]),
    st.sampled_from(["tokens.input", "tokens.output", "call.pages"]),
)
RATES: Final = st.integers(10**9, 10**15)  # pico per million tokens
USES: Final = st.dictionaries(NAMES, st.lists(st.integers(0, 10**8), max_size=3), max_size=6)
CHEAP: Final = st.integers(10**11, 10**13)  # so that no minute is extra by what a critical hour is
KNOWN: Final = st.dictionaries(
    NAMES, st.tuples(CHEAP, st.integers(10**5, 10**6), st.booleans()), min_size=1
)
FACTORS: Final = st.fractions(Fraction(101, 100), 3, max_denominator=100)


def cost_of(tokens: int, rate: int) -> int:
    """Return what tokens cost as meter rounds it."""
    return half_even(tokens * rate, TOKEN_DIVISOR)


def line(name: Name, tokens: int, rate: int) -> dict[str, object]:
    """Return a line of tokens at a rate."""
    tenant, model, meter = name
    cost: Decimal = to_decimal(cost_of(tokens, rate))
    quantity = to_bytes(tokens * TOKEN)
    of = {"tenant": tenant, "model": model, "meter": meter, "kind": meter}
    return {"cost": str(cost), "quantity": quantity, **of}


def told(each: Fed) -> list[str]:
    """Return of which models a change of price was told."""
    return sorted(a["model"] or "" for a in each.said if a["kind"] == "price_change")


@given(st.lists(USES, min_size=1, max_size=30), st.data())
def test_whatever_is_used_at_prices_that_stay_no_change_is_told(
    history: Sequence[Mapping[Name, list[int]]], data: st.DataObject
) -> None:
    """Each use is of some lines, of which each is rounded to the pico."""
    names = sorted({name for uses in history for name in uses})
    rates = {name: data.draw(RATES) for name in names}
    each = Fed()
    for minute, uses in enumerate(history):
        drawn = [(name, tokens) for name, lines in uses.items() for tokens in lines]
        each.minute(minute, [line(name, tokens, rates[name]) for name, tokens in drawn])
    assert told(each) == []


@given(KNOWN, FACTORS, st.data())
def test_a_raise_above_the_limit_is_told_in_the_first_minute_that_settled(
    known: Mapping[Name, tuple[int, int, bool]], factor: Fraction, data: st.DataObject
) -> None:
    """The limit is on what all tenants pay more for a model, as much as they use now."""
    each, extra = Fed(), dict.fromkeys(("gpt-4o", "gpt-5"), 0)
    for minute in range(3):
        usual = [line(name, tokens, rate) for name, (rate, tokens, _) in known.items()]
        each.minute(minute, usual)
    lines = []
    for name, (rate, _, is_raised) in known.items():
        tokens = data.draw(st.integers(0, 10**6))
        now = half_even(rate * factor.numerator, factor.denominator) if is_raised else rate
        lines.append(line(name, tokens, now))
        extra[name[1]] += 60 * (cost_of(tokens, now) - cost_of(tokens, rate))
    each.minute(3, lines, "provisional")
    each.minute(4, [line(("acme", "other", "tokens.input"), 1, 1)], "provisional")
    near = {model for model, pico in extra.items() if abs(pico - MIN_PER_HOUR) < 10**6}
    above = {model for model, pico in extra.items() if pico >= MIN_PER_HOUR}
    assert set(told(each)) - near == above - near


@given(st.lists(st.tuples(st.integers(1, 30), st.integers(1, 3)), min_size=1, max_size=6))
def test_first_and_last_of_each_price_say_what_all_that_was_paid_says(
    stretches: Sequence[tuple[int, int]],
) -> None:
    """Prices of some hours each, paid every so many minutes, of what is read at a start."""
    paid: list[tuple[int, Price]] = []
    at_us = 0
    for number, (hours, every) in enumerate(stretches):
        until_us = min(at_us + hours * HOUR_US, LATE_US)
        price = Price((number + 1) * TOKEN, TOKEN)
        paid += [(when, price) for when in range(at_us, until_us, every * 10 * MINUTE_US)]
        at_us = until_us
    seen, summed = Prices(9, LATE_US), Prices(9, LATE_US)
    for when, price in paid:
        bought = {ITEM: Bought(price.quantity, price.pico)}
        seen.learn(Slice(when, when + MINUTE_US, {}, is_final=True, bought=bought))
    summed.remember(
        Paid(ITEM, price, min(times), max(times))
        for price in {price for _, price in paid}
        if (times := [when for when, each in paid if each == price])
    )
    bought = {ITEM: Bought(TOKEN, 9**9 * TOKEN)}
    probe = Slice(at_us, at_us + MINUTE_US, {}, is_final=False, bought=bought)
    assert seen.compared(probe) == summed.compared(probe)

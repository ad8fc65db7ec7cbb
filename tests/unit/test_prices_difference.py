"""What a difference says to people: greatest first, in the words of prices."""

from dataclasses import replace
from fractions import Fraction

from streams.core.charges import Override
from streams.core.commitments import Commitment
from streams.core.price import Price
from streams.core.price_book import Agreements, PriceBook
from streams.core.timeline import FOREVER
from streams.core.uplifts import Uplift
from streams.core.windows import HOUR_US
from streams.prices.difference import difference
from streams.prices.difference_text import difference_text
from streams.prices.plain_price import plain_difference
from tests.builders.terms import book, gpu_price, resource_price, token_price
from tests.builders.usage import T0

JUNE = 1_780_272_000_000_000  # 2026-06-01


def text(old: PriceBook, new: PriceBook) -> str:
    return "\n".join(difference_text(difference(old, new), 0))


def said(*old_and_new: tuple[Price, ...]) -> list[str]:
    """Return the rows, without heads, blanks evened out."""
    old, new = old_and_new
    lines = difference_text(difference(book(*old), book(*new)), 0)
    return [" ".join(line.split()) for line in lines if not line.startswith("  provider")]


def test_a_price_that_ends_for_another_is_one_change() -> None:
    old = token_price("tokens.input", "2.50")
    new = (replace(old, to_us=JUNE), token_price("tokens.input", "2", from_us=JUNE))
    assert said((old,), new) == [
        "prices that change: 1",
        "openai gpt-4o tokens.input 2.50 2.00 1M Tokens -20.0 % from 2026-06-01",
    ]


def test_prices_that_give_their_time_back_are_one_change_each() -> None:
    new = token_price("tokens.input", "2.50")
    old = (replace(new, to_us=JUNE), token_price("tokens.input", "2", from_us=JUNE))
    assert said(old, (new,)) == [
        "prices that change: 1",
        "openai gpt-4o tokens.input 2.00 2.50 1M Tokens +25.0 % from 2026-06-01",
    ]


def test_time_that_loses_its_price_is_said_beside_a_change() -> None:
    old = token_price("tokens.input", "2.50")
    shorter = token_price("tokens.input", "2", from_us=JUNE, to_us=2 * JUNE)
    later = replace(old, from_us=T0, to_us=JUNE)
    for new in ((replace(old, to_us=JUNE), shorter), (later, replace(shorter, to_us=FOREVER))):
        assert [line for line in said((old,), new) if line.startswith("prices")] == [
            "prices that change: 1",
            "prices with other dates: 1",
        ]


def test_the_greatest_change_comes_first_up_or_down() -> None:
    names = ("tokens.input", "tokens.cache_read", "tokens.output")
    old = tuple(token_price(name, "10") for name in names)
    new = tuple(token_price(name, to) for name, to in zip(names, ("9", "25", "4"), strict=True))
    assert [line.split()[2] for line in said(old, new)[1:]] == [
        "tokens.cache_read",  # +150 %
        "tokens.output",  # -60 %
        "tokens.input",  # -10 %
    ]


def test_of_prices_that_stay_dates_and_sources_are_said() -> None:
    price = token_price("tokens.input", "1")
    later, other = replace(price, from_us=T0), replace(price, source="contract 7")
    assert said((price,), (later,)) == [
        "prices with other dates: 1",
        "openai gpt-4o tokens.input 1.00 1.00 1M Tokens from ever -> from 2026-01-01",
    ]
    assert said((price,), (other,)) == [
        "prices with another source: 1",
        "openai gpt-4o tokens.input 1.00 1.00 1M Tokens from ever test -> contract 7",
    ]


def test_every_dimension_of_a_price_is_said() -> None:
    priced = replace(
        token_price("tokens.input", "1", from_tokens=200_001),
        tier="batch",
        region="eu",
        hours=((0, HOUR_US),),
        list_rate=2 * 10**12,
    )
    [_, line] = said((), (priced,))
    assert "region eu, tier batch, prompts from 200,001 tokens, thu 00:00-01:00" in line
    assert "1.00 (list 2.00)" in line


def test_units_are_those_of_the_meter() -> None:
    old = (gpu_price("2"), resource_price("0.09", kind="egress", sku="internet", unit="GB"))
    new = (gpu_price("1"), resource_price("0.08", kind="egress", sku="internet", unit="GB"))
    assert said(old, new)[1:] == [
        "any NVIDIA H100 80GB HBM3 gpu 2.00 1.00 GPU-Hour -50.0 % from ever",
        "any internet resource.egress 0.09 0.08 1 GB -11.1 % from ever",
    ]


def test_from_nothing_there_are_no_percent() -> None:
    found = said((token_price("tokens.input", "0"),), (token_price("tokens.input", "3"),))
    assert found[1] == "openai gpt-4o tokens.input 0.00 3.00 1M Tokens from ever"


def test_agreements_are_compared_too() -> None:
    uplift = Uplift("eu", Fraction(11, 10), "openai", ("gpt-5*",), 0, FOREVER, "page")
    of_bought = "an hour for 1,000,000 of work (tokens.output x 3), from ever (c)"
    terms = (Fraction(17, 20), None, ())
    override = Override("search", None, None, None, *terms, 0, FOREVER, "contract")
    work = (("tokens.output", 3000),)
    bought = Commitment("ptu-1", "azure", ("gpt-4o*",), work, 10**9, 45 * 10**11, 0, FOREVER, "c")
    old = book(agreements=Agreements((uplift,), (override,), (bought,)))
    dearer = (replace(uplift, factor=Fraction(6, 5)),), (), (replace(bought, rate=5 * 10**12),)
    assert text(old, book(agreements=Agreements(*dearer))).splitlines() == [
        "uplifts that change: 1",
        "  - uplift of openai, gpt-5*, in eu: times 1.10, from ever (page)",
        "  + uplift of openai, gpt-5*, in eu: times 1.20, from ever (page)",
        "overrides that change: 1",
        "  - override of search, everything: cost times 0.85, from ever (contract)",
        "commitments that change: 1",
        f"  - commitment ptu-1 of azure, gpt-4o*: 4.50 {of_bought}",
        f"  + commitment ptu-1 of azure, gpt-4o*: 5.00 {of_bought}",
    ]


def test_long_sections_are_cut_and_counted() -> None:
    new = book(*(token_price("tokens.input", "1", model=f"m{number}") for number in range(5)))
    lines = difference_text(difference(book(), new), 2)
    assert len(lines) == 1 + 1 + 2 + 1  # title, heads, two rows, what is left out
    assert lines[-1] == "  ... and 3 more"


def test_another_currency_is_a_difference() -> None:
    old, new = book(), PriceBook("v", "EUR", ())
    assert text(old, new) == "currency: USD -> EUR; no figure below is comparable"
    assert not plain_difference(difference(old, new))["same"]


def test_as_json_a_change_has_both_sides_and_exact_figures() -> None:
    old = token_price("tokens.input", "2.50")
    new = (replace(old, to_us=JUNE), token_price("tokens.input", "2.75", from_us=JUNE))
    found = plain_difference(difference(book(old), book(*new)))
    added, ended = sorted(found["prices"], key=lambda change: str(change["change"]))
    assert (added["change"], added["percent"], added["from"]) == (
        "added",
        "10.000000",
        "2026-06-01",
    )
    assert (added["was"]["price"], added["becomes"]["price"]) == ("2.50", "2.75")
    assert (ended["change"], ended["only_makes_room"]) == ("dates", True)
    assert ended["new"]["effective_to"] == "2026-06-01"

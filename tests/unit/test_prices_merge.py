"""Importing maps into a book: what changes, what stays, and what is refused."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from schemas.decimals import ONE
from streams.config.price_book import load_price_book, price_book_of
from streams.config.price_document import Document
from streams.config.price_yaml import to_yaml
from streams.core.price_book import PriceBook
from streams.prices.amounts import ATOM
from streams.prices.errors import ImportRefused
from streams.prices.litellm import read_map
from streams.prices.map_entries import place_of_thing
from streams.prices.merge import Merged, import_into

EMPTY = Document(currency="USD", prices=())
AUGUST = datetime(2025, 8, 1, tzinfo=UTC)
NOVEMBER = datetime(2026, 11, 1, tzinfo=UTC)
DECEMBER = datetime(2026, 12, 1, tzinfo=UTC)


def importing(
    into: Document,
    begin: datetime,
    models: dict[str, dict[str, object]] | None = None,
    **fields: object,
) -> Merged:
    """Return a book with a map in it; fields are those of the map's one model, acme/m."""
    content = models or {"acme/m": fields}
    described = {k: {"litellm_provider": "acme", "mode": "chat", **v} for k, v in content.items()}
    return import_into(into, read_map(json.dumps(described)), begin)


def costs(
    book: PriceBook, at: datetime, meter: str = "tokens.input", prompt: int = 0
) -> Decimal | None:
    """Return what a million units of acme's m cost at an instant."""
    rates = book.call_rates("acme", "m", None, None).at(int(at.timestamp()) * 10**6).at(prompt)
    rate = rates.get((meter, "Tokens"))
    return None if rate is None else Decimal(rate.cost) / ONE


def own(text: str) -> Document:
    """Return a book that a site wrote itself."""
    entry = {"effective_from": "2025-01-01T00:00:00Z", "source": "our contract"}
    return Document.model_validate(
        {
            "currency": "USD",
            "prices": [{"unit": "Tokens", "per": 10**6, **entry, **json.loads(text)}],
        }
    )


def test_a_map_imported_twice_changes_nothing() -> None:
    first = importing(EMPTY, AUGUST, input_cost_per_token=2e-06, output_cost_per_token=4e-06)
    again = importing(
        first.document, AUGUST, input_cost_per_token=2e-06, output_cost_per_token=4e-06
    )
    later = importing(
        first.document, NOVEMBER, input_cost_per_token=2e-06, output_cost_per_token=4e-06
    )
    assert again.document is first.document
    assert later.document is first.document
    assert (again.same, again.added, again.changed) == (2, (), ())


def test_a_price_that_changed_ends_where_the_new_one_begins() -> None:
    first = importing(EMPTY, AUGUST, input_cost_per_token=2e-06, output_cost_per_token=4e-06)
    second = importing(
        first.document, NOVEMBER, input_cost_per_token=3e-06, output_cost_per_token=4e-06
    )
    book = price_book_of(second.document)
    assert [costs(book, at) for at in (AUGUST, NOVEMBER, DECEMBER)] == [2, 3, 3]
    assert [costs(book, at, "tokens.output") for at in (AUGUST, NOVEMBER)] == [4, 4]
    (change,) = second.changed
    assert (change.old.price, change.new.price) == (Decimal(2), Decimal(3))
    assert len(second.document.models) == 3  # input until November, input since, output throughout


def test_a_model_that_vanished_keeps_its_price_and_is_named() -> None:
    first = importing(EMPTY, AUGUST, input_cost_per_token=2e-06)
    second = importing(first.document, NOVEMBER, {"acme/n": {"input_cost_per_token": 1e-06}})
    assert costs(price_book_of(second.document), NOVEMBER) == 2
    assert [entry.model for entry in second.vanished] == ["m"]


def test_a_step_that_a_map_drops_costs_what_smaller_prompts_cost_and_can_come_back() -> None:
    stepped: dict[str, object] = {
        "input_cost_per_token": 2e-06,
        "input_cost_per_token_above_128k_tokens": 4e-06,
    }
    book = importing(EMPTY, AUGUST, {"acme/m": stepped}).document
    book = importing(book, NOVEMBER, input_cost_per_token=3e-06).document
    book = importing(book, DECEMBER, {"acme/m": stepped}).document
    checked = price_book_of(book)  # no gap between dated entries
    large = [costs(checked, at, prompt=128_001) for at in (AUGUST, NOVEMBER, DECEMBER)]
    assert large == [4, 3, 4]


def test_reasoning_that_a_map_no_longer_prices_costs_what_output_costs() -> None:
    book = importing(
        EMPTY, AUGUST, output_cost_per_token=2e-06, output_cost_per_reasoning_token=8e-06
    )
    book = importing(book.document, NOVEMBER, output_cost_per_token=3e-06)
    assert costs(price_book_of(book.document), NOVEMBER, "tokens.reasoning") == 3


@pytest.mark.parametrize("provider", ['"provider": "acme", ', ""], ids=["provider", "any provider"])
def test_what_the_site_wrote_itself_is_never_touched(provider: str) -> None:
    yours = own(f'{{"meter": "tokens.input", {provider}"model": "m", "price": "1"}}')
    merged = importing(yours, NOVEMBER, input_cost_per_token=2e-06, output_cost_per_token=4e-06)
    book = price_book_of(merged.document)
    assert costs(book, NOVEMBER) == 1
    assert costs(book, NOVEMBER, "tokens.output") == 4
    assert [found.thing.meter for found in merged.kept_yours] == ["tokens.input"]
    assert merged.document.prices == yours.prices


def test_a_model_the_site_prices_itself_is_not_raised_by_an_imported_uplift() -> None:
    yours = own('{"meter": "tokens.input", "model": "m", "price": "1"}')
    merged = importing(yours, NOVEMBER, regional_processing_uplift_multiplier_eu=1.1)
    assert merged.document.uplifts == ()


def test_an_uplift_that_changed_ends_where_the_new_one_begins() -> None:
    first = importing(
        EMPTY, AUGUST, input_cost_per_token=1e-06, regional_processing_uplift_multiplier_eu=1.1
    )
    second = importing(
        first.document,
        NOVEMBER,
        input_cost_per_token=1e-06,
        regional_processing_uplift_multiplier_eu=1.2,
    )
    price_book_of(second.document)
    found = [
        (u.region, u.factor, u.effective_from, u.effective_to) for u in second.document.uplifts
    ]
    assert found == [
        ("eu", Decimal("1.1"), AUGUST, NOVEMBER),
        ("eu", Decimal("1.2"), NOVEMBER, None),
    ]


@pytest.mark.parametrize("begin", [AUGUST, NOVEMBER], ids=["older", "same date, other prices"])
def test_prices_already_in_the_book_are_not_rewritten(begin: datetime) -> None:
    book = importing(EMPTY, NOVEMBER, input_cost_per_token=2e-06).document
    with pytest.raises(ImportRefused, match=r"expected effective_from .* (order|later date)"):
        importing(book, begin, input_cost_per_token=3e-06)


@pytest.mark.shared
def test_both_real_maps_make_one_dated_book_with_every_price_exact(shared_data: Path) -> None:
    old, new = (
        read_map((shared_data / "prices" / f"litellm_{month}.json").read_text(encoding="utf-8"))
        for month in ("2025-08", "2026-11")
    )
    first = import_into(EMPTY, old, AUGUST)
    second = import_into(first.document, new, NOVEMBER)
    book = load_price_book(to_yaml(second.document))
    assert import_into(second.document, new, DECEMBER).document is second.document
    for reading, at in ((old, AUGUST), (new, NOVEMBER)):
        at_us = int(at.timestamp()) * 10**6
        rates = {
            (p.meter, p.unit, p.provider, p.model, p.region, p.tier, p.from_tokens, p.hours): p.rate
            for p in book.prices
            if p.holds_at(at_us)
        }
        by_place: dict[tuple[object, ...], set[int]] = {}
        for place, rate in rates.items():
            by_place.setdefault(place[:7], set()).add(rate)
        for found in reading.prices:
            expected = round(found.price / ATOM)  # a million of 1e-12 is 1e-18; a tie to even
            assert expected in by_place[place_of_thing(found.thing)[:7]]

"""Whatever a price map says: no field that speaks of money is lost, and nothing raises."""

import json
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.config.document import read
from streams.config.price_book import price_book_of
from streams.config.price_document import Document
from streams.config.price_yaml import to_yaml
from streams.core.windows import SECOND_US
from streams.prices.amounts import ATOM
from streams.prices.found import Path, Taken
from streams.prices.litellm import read_map
from streams.prices.map_entries import place_of_thing
from streams.prices.merge import import_into

HEADS = st.sampled_from([
    "input_cost_per_token", "output_cost_per_token", "cache_read_input_token_cost",
    "cache_creation_input_token_cost", "input_cost_per_audio_token", "output_cost_per_image",
    "output_cost_per_second", "ocr_cost_per_page", "moon_cost_per_phase", "tiered_pricing",
    "off_peak_pricing", "search_context_cost_per_query", "guardrail_cost_per_unit", "discount",
    "regional_processing_uplift_multiplier", "max_tokens", "metadata", "provider_specific_entry",
])  # fmt: skip
TAILS = st.sampled_from(
    ["", "_above_128k_tokens", "_above_1hr", "_priority", "_batches", "_720p", "_eu", "_x", "_cost"]
)
NAMES = st.one_of(st.builds(lambda h, t, u: h + t + u, HEADS, TAILS, TAILS), st.text(max_size=12))
AMOUNTS = st.one_of(
    st.decimals(0, 1000, allow_nan=False, places=9).map(float),
    st.integers(-5, 10**6),
    st.none(),
    st.booleans(),
    st.text(max_size=6),
    st.just(float("nan")),
    st.sampled_from([1e-18, 3.3333333333333335e-05, 999999999.9999999, 1e9, 1.1]),
)
VALUES = st.recursive(
    AMOUNTS,
    lambda below: st.one_of(st.lists(below, max_size=3), st.dictionaries(NAMES, below, max_size=3)),
    max_leaves=6,
)
DAYS = st.lists(st.integers(0, 8), max_size=3)
HOURS = st.lists(
    st.sampled_from(["00:00-06:00", "04:00-08:00", "16:30-00:30", "00:00-00:00", "25:00-26:00"]),
    max_size=3,
)
OFF_PEAK = st.builds(
    lambda price, zone, windows: {"input_cost_per_token": price, "windows": windows, **zone},
    AMOUNTS,
    st.sampled_from([{}, {"weekday_timezone": "Asia/Shanghai"}, {"weekday_timezone": "Mars"}]),
    st.lists(st.builds(lambda h, d: {"hours_utc": h, "weekdays": d}, HOURS, DAYS), max_size=3),
)
BANDS = st.lists(
    st.builds(
        lambda low, price: {"range": [low, low + 9], "input_cost_per_token": price},
        st.integers(-1, 3),
        AMOUNTS,
    ),
    max_size=4,
)
FACTORS = st.dictionaries(st.sampled_from(["us", "eu", "fast", "frames"]), AMOUNTS, max_size=3)
UNITS = st.dictionaries(st.sampled_from(["requests", "topicUnits", "x-y"]), AMOUNTS, max_size=2)
PROVIDERS = st.sampled_from(["openai", "bedrock", "vertex_ai-language-models", "acme"])
MODELS = st.one_of(
    VALUES,
    st.builds(
        lambda provider, price, off_peak, bands, factors, units: {
            "litellm_provider": provider,
            "input_cost_per_token": price,
            "output_cost_per_token_standard": price,
            "input_cost_per_token_standard": 1e-06,
            "off_peak_pricing": off_peak,
            "tiered_pricing": bands,
            "provider_specific_entry": factors,
            "guardrail_cost_per_unit": units,
        },
        PROVIDERS,
        AMOUNTS,
        OFF_PEAK,
        BANDS,
        FACTORS,
        UNITS,
    ),
    st.builds(
        lambda provider, fields: {"litellm_provider": provider, **fields},
        PROVIDERS,
        st.dictionaries(NAMES, VALUES, max_size=8),
    ),
)
KEYS = st.sampled_from(["gpt-4o", "azure/eu/m", "bedrock/*/1-month-commitment/m", "openai/gpt-4o"])
MAPS = st.dictionaries(st.one_of(KEYS, st.text(max_size=8)), MODELS, max_size=5)
BEGIN, LATER = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
FEW = settings(max_examples=50)  # each makes, writes and reads whole books
SPOKEN = ("cost", "pricing", "discount", "multiplier")  # words that the names above are made of
CONDITIONS = {"hours_utc", "range", "windows", "weekdays", "weekday_timezone"}


@given(MAPS)
def test_every_field_that_speaks_of_money_has_exactly_one_fate(content: dict[str, object]) -> None:
    fates = read_map(json.dumps(content)).fates
    fated = Counter((fate.leaf.key, fate.leaf.path) for fate in fates)
    assert set(fated.values()) <= {1}
    for key, entry in content.items():
        expected = money(entry) if isinstance(entry, dict) else [()]
        assert {(key, path) for path in expected} <= set(fated)


@given(MAPS)
def test_a_price_is_the_number_that_its_field_says(content: dict[str, object]) -> None:
    text = json.dumps(content)
    written = json.loads(text, parse_float=Decimal, parse_int=Decimal)
    reading = read_map(text)
    for taken in reading.taken():
        value = written[taken.leaf.key]
        for name in taken.leaf.path:
            value = value[int(name)] if isinstance(value, list) else value[name]
        assert isinstance(value, Decimal)
        if "provider_specific_entry" not in taken.leaf.path:  # a factor
            assert all(price.price in {value, *others(taken)} for price in taken.prices)


@FEW
@given(MAPS)
def test_whatever_a_map_says_the_book_of_it_is_valid_and_importing_again_changes_nothing(
    content: dict[str, object],
) -> None:
    reading = read_map(json.dumps(content))
    book = import_into(Document(currency="USD", prices=()), reading, BEGIN).document
    assert len(price_book_of(book).prices) == len(reading.prices)
    assert import_into(book, reading, LATER).document is book
    assert (
        price_book_of(read(Document, to_yaml(book), "price book")).version
        == price_book_of(book).version
    )


@FEW
@given(MAPS, MAPS)
def test_a_map_after_another_makes_a_valid_book_in_which_its_prices_hold(
    first: dict[str, object], second: dict[str, object]
) -> None:
    reading = read_map(json.dumps(second))
    book = import_into(Document(currency="USD", prices=()), read_map(json.dumps(first)), BEGIN)
    after = price_book_of(import_into(book.document, reading, LATER).document)
    later_us = int(LATER.timestamp()) * SECOND_US
    held = {(p.model, p.meter, p.rate) for p in after.prices if p.holds_at(later_us)}
    for found in reading.prices:
        place = place_of_thing(found.thing)
        assert (place.model, place.meter, round(found.price / ATOM)) in held


def others(taken: Taken) -> set[Decimal]:
    """Return what other fields said of the same thing, which count where a field says 0."""
    return {price.price for price in taken.prices if price.path != taken.leaf.path}


def money(value: object, path: Path = (), *, spoken: bool = False) -> list[Path]:
    """Return where values are whose name, or whose part's name, is made of words about money."""
    if isinstance(value, dict):
        return [
            place
            for name, below in value.items()
            if name not in CONDITIONS
            for place in money(
                below,
                (*path, name),
                spoken=spoken or bool(set(name.lower().split("_")) & set(SPOKEN)),
            )
        ]
    if isinstance(value, list):
        return [
            place
            for index, below in enumerate(value)
            for place in money(below, (*path, str(index)), spoken=spoken)
        ]
    return [path] if spoken else []

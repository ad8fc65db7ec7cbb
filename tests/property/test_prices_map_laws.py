"""Whatever a price map says: no field that speaks of money is lost, and nothing raises."""

import json
from collections import Counter
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from streams.prices.amounts import whole
from streams.prices.found import Path, Taken
from streams.prices.litellm import read_map

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
)
VALUES = st.recursive(
    AMOUNTS,
    lambda below: st.one_of(st.lists(below, max_size=3), st.dictionaries(NAMES, below, max_size=3)),
    max_leaves=6,
)
PROVIDERS = st.sampled_from(["openai", "bedrock", "vertex_ai-language-models", "acme"])
MODELS = st.one_of(
    VALUES,
    st.builds(
        lambda provider, fields: {"litellm_provider": provider, **fields},
        PROVIDERS,
        st.dictionaries(NAMES, VALUES, max_size=8),
    ),
)
KEYS = st.sampled_from(["gpt-4o", "azure/eu/m", "bedrock/*/1-month-commitment/m", "openai/gpt-4o"])
MAPS = st.dictionaries(st.one_of(KEYS, st.text(max_size=8)), MODELS, max_size=5)
SPOKEN = ("cost", "pricing", "discount", "multiplier")  # words that the names above are made of
CONDITIONS = {"hours_utc", "range", "windows", "weekdays", "period"}


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
            assert all(whole(price.price) == price.price for price in taken.prices)


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

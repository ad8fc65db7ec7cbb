"""Reading whole LiteLLM maps, real ones and broken ones."""

import json
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from streams.prices.errors import InvalidMap
from streams.prices.found import Path as Place
from streams.prices.json_text import MAX_CHARACTERS
from streams.prices.litellm import read_map

MAPS = ("litellm_2025-08.json", "litellm_2026-11.json")


def entry(**fields: object) -> dict[str, object]:
    """Return a model of a map."""
    return {"litellm_provider": "acme", "mode": "chat", **fields}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "expected JSON"),
        ("{", "expected JSON"),
        ("[]", "expected an object of models"),
        ("3", "expected an object of models"),
        ("[" * 100_000, "expected at most 32 levels"),
        ('{"m": ' * 40 + "1" + "}" * 40, "expected at most 32 levels"),
        (" " * (MAX_CHARACTERS + 1), "expected at most"),
    ],
    ids=["empty", "broken", "list", "number", "deeper than JSON", "deep", "huge"],
)
def test_what_is_no_map_is_refused_with_what_was_expected(text: str, said: str) -> None:
    with pytest.raises(InvalidMap, match=said):
        read_map(text)


def test_a_model_that_is_no_object_is_reported() -> None:
    reading = read_map('{"m": [1], "n": {"input_cost_per_token": 1}}')
    assert [fate.leaf.key for fate in reading.not_understood()] == ["m", "n"]


def test_the_maps_own_template_is_no_model() -> None:
    reading = read_map(json.dumps({"sample_spec": entry(input_cost_per_token=0.1)}))
    assert not reading.prices
    assert [fate.why for fate in reading.aside()] == ["the map's own template, no model"]


def test_a_number_keeps_every_digit_it_was_written_with() -> None:
    reading = read_map(
        '{"m": {"litellm_provider": "acme", "input_cost_per_token": 0.100000000000000000000000001}}'
    )
    assert reading.prices[0].price == Decimal("0.100000000000000000000000001")


def test_keys_said_twice_with_different_values_are_named() -> None:
    assert read_map('{"a": 1, "a": 2, "b": 1, "b": 1}').twice == ("a",)


def test_of_two_keys_of_one_model_the_providers_own_counts_and_the_other_is_reported() -> None:
    reading = read_map(
        json.dumps(
            {
                "m": entry(input_cost_per_token=1, output_cost_per_token=2),
                "acme/m": entry(input_cost_per_token=3, output_cost_per_token=2),
            }
        )
    )
    assert {p.thing.meter: p.price for p in reading.prices} == {
        "tokens.input": 3,
        "tokens.output": 2,
    }
    assert [(c.kept.key, c.dropped.key) for c in reading.conflicts] == [("acme/m", "m")]


def test_of_two_keys_that_raise_a_model_differently_one_counts_and_the_other_is_reported() -> None:
    field = "regional_processing_uplift_multiplier_eu"
    reading = read_map(json.dumps({"m": entry(**{field: 1.1}), "acme/m": entry(**{field: 1.2})}))
    assert [raised.factor for raised in reading.raises] == [Decimal("1.1")]
    assert [fate.leaf.key for fate in reading.not_understood()] == ["acme/m"]


def test_searches_cost_the_same_in_every_tier_of_a_model() -> None:
    reading = read_map(
        json.dumps(
            {
                "acme/m": entry(
                    input_cost_per_token=1,
                    input_cost_per_token_batches=0.5,
                    google_maps_grounding_cost_per_query=0.025,
                )
            }
        )
    )
    found = {(p.thing.meter, p.thing.tier): p.price for p in reading.prices}
    assert found == {
        ("tokens.input", None): Decimal(1),
        ("tokens.input", "batch"): Decimal("0.5"),
        ("call.map_queries", None): Decimal("0.025"),
        ("call.map_queries", "batch"): Decimal("0.025"),
    }


@pytest.mark.parametrize("key", ["", "acme/", "a\ud800", "a\nb"])
def test_a_key_that_names_no_model_has_no_price(key: str) -> None:
    reading = read_map(json.dumps({key: entry(input_cost_per_token=1)}))
    assert not reading.prices
    assert len(list(reading.not_understood())) == 1


@pytest.mark.shared
@pytest.mark.parametrize("name", MAPS)
def test_a_real_map_is_understood_but_for_less_than_two_percent(
    name: str, shared_data: Path
) -> None:
    reading = read_map((shared_data / "prices" / name).read_text(encoding="utf-8"))
    fates = Counter(type(fate).__name__ for fate in reading.fates)
    assert fates["NotUnderstood"] < 0.02 * fates.total()
    assert fates["Taken"] > 0.96 * fates.total()


@pytest.mark.shared
@pytest.mark.parametrize("name", MAPS)
def test_every_money_field_of_a_real_map_has_one_fate(name: str, shared_data: Path) -> None:
    text = (shared_data / "prices" / name).read_text(encoding="utf-8")
    reading = read_map(text)
    fated = Counter((fate.leaf.key, fate.leaf.path) for fate in reading.fates)
    assert set(fated.values()) == {1}
    missing = {
        (key, path)
        for key, content in json.loads(text).items()
        for path in figures(content)
        if any("cost" in name or "pricing" in name or "multiplier" in name for name in path)
    } - set(fated)
    # Bounds of the ranges that prices hold in; nothing else that has a figure is left out.
    conditions = {"range", "max_results_range", "weekdays"}
    assert [place for _, place in missing if not conditions & set(place)] == []


@pytest.mark.shared
@pytest.mark.parametrize("name", MAPS)
def test_every_price_taken_from_a_real_map_is_the_number_written_there(
    name: str, shared_data: Path
) -> None:
    text = (shared_data / "prices" / name).read_text(encoding="utf-8")
    written = json.loads(text, parse_float=Decimal, parse_int=Decimal)
    for taken in read_map(text).taken():
        value = written[taken.leaf.key]
        for step in taken.leaf.path:
            value = value[int(step)] if isinstance(value, list) else value[step]
        for found in taken.prices:
            if taken.leaf.path[0] == "provider_specific_entry":  # a factor on other prices
                assert found.thing.tier == "fast"
            elif value or found.path == taken.leaf.path:
                assert found.price == value
            else:  # 0 in one of two fields, the other of which has all of the price
                assert found.thing.meter in {"call.pixels_output", "call.audio_seconds_input"} or (
                    found.thing.meter.startswith("call.pixels_output_")
                )
        assert all(raised.factor == value for raised in taken.raises)


def figures(value: object, path: Place = ()) -> list[Place]:
    """Return where all numbers below a value are, found another way than the importer's."""
    if isinstance(value, dict):
        return [place for name, below in value.items() for place in figures(below, (*path, name))]
    if isinstance(value, list):
        return [p for index, below in enumerate(value) for p in figures(below, (*path, str(index)))]
    return [path] if isinstance(value, int | float) and not isinstance(value, bool) else []

"""What each way of naming a price in a LiteLLM map means."""

# ruff: noqa: E501 - rows of tables stay on one line

import json
from decimal import Decimal

import pytest

from streams.prices.found import Aside, Fate, NotUnderstood, Stretch, Taken
from streams.prices.json_text import parse
from streams.prices.litellm import read_model
from streams.prices.money_words import speaks_of_money

IN, OUT = "tokens.input", "tokens.output"


def read(content: str, key: str = "acme/m", provider: str = "acme") -> dict[str, Fate]:
    """Return the fate of each field of a model, by its path; numbers are kept as text."""

    fields, _ = parse(content)
    fates, _ = read_model(key, {"litellm_provider": provider, "mode": "chat", **fields})
    return {".".join(fate.leaf.path): fate for fate in fates}


def one(field: str, mode: str = "chat", key: str = "acme/m", provider: str = "acme") -> Fate:
    """Return the fate of a field with the price 0.5."""
    return read(json.dumps({field: 0.5, "mode": mode}), key, provider)[field]


@pytest.mark.parametrize(
    ("field", "mode", "meter", "unit", "when"),
    [
        ("input_cost_per_token", "chat", IN, "Tokens", (None, None)),
        ("output_cost_per_token", "chat", OUT, "Tokens", (None, None)),
        ("output_cost_per_reasoning_token", "chat", "tokens.reasoning", "Tokens", (None, None)),
        ("input_cost_per_audio_token", "chat", "tokens.input_audio", "Tokens", (None, None)),
        ("input_cost_per_image_token", "chat", "tokens.input_image", "Tokens", (None, None)),
        ("output_cost_per_video_token", "chat", "tokens.output_video", "Tokens", (None, None)),
        ("cache_read_input_token_cost", "chat", "tokens.cache_read", "Tokens", (None, None)),
        ("input_cost_per_token_cache_hit", "chat", "tokens.cache_read", "Tokens", (None, None)),
        ("cache_read_input_audio_token_cost", "chat", "tokens.cache_read_audio", "Tokens", (None, None)),
        ("cache_read_input_image_token_cost", "chat", "tokens.cache_read_image", "Tokens", (None, None)),
        ("cache_creation_input_token_cost", "chat", "tokens.cache_write_5m", "Tokens", (None, None)),
        ("cache_creation_input_audio_token_cost", "chat", "tokens.cache_write_audio", "Tokens", (None, None)),
        ("cache_creation_input_token_cost_above_1hr", "chat", "tokens.cache_write_1h", "Tokens", (None, None)),
        ("cache_creation_input_token_cost_above_12hr_above_272k_tokens_flex", "chat", "tokens.cache_write_12h", "Tokens", ("flex", 272_000)),
        ("cache_creation_input_token_cost_above_1hr_above_200k_tokens", "chat", "tokens.cache_write_1h", "Tokens", (None, 200_000)),
        ("input_cost_per_token_above_128k_tokens", "chat", IN, "Tokens", (None, 128_000)),
        ("input_cost_per_token_above_1m_tokens", "chat", IN, "Tokens", (None, 1_000_000)),
        ("input_cost_per_token_batches", "chat", IN, "Tokens", ("batch", None)),
        ("input_cost_per_token_batch_requests", "chat", IN, "Tokens", ("batch", None)),
        ("output_cost_per_token_above_272k_tokens_priority", "chat", OUT, "Tokens", ("priority", 272_000)),
        ("output_cost_per_token_priority_above_272k_tokens", "chat", OUT, "Tokens", ("priority", 272_000)),
        ("input_cost_per_character", "chat", "call.characters_input", "Characters", (None, None)),
        ("input_cost_per_image_above_128k_tokens", "chat", "call.images_input", "Images", (None, 128_000)),
        ("input_cost_per_audio_per_second", "chat", "call.audio_seconds_input", "Seconds", (None, None)),
        ("input_cost_per_video_per_second", "chat", "call.video_seconds_input", "Seconds", (None, None)),
        ("input_cost_per_request", "chat", "call.requests", "Requests", (None, None)),
        ("input_cost_per_query", "rerank", "call.queries", "Queries", (None, None)),
        ("google_maps_grounding_cost_per_query", "chat", "call.map_queries", "Queries", (None, None)),
        ("citation_cost_per_token", "chat", "call.citation_tokens", "Tokens", (None, None)),
        ("code_interpreter_cost_per_session", "chat", "call.sessions", "Sessions", (None, None)),
        ("input_cost_per_text_message", "realtime", "call.messages", "Messages", (None, None)),
        ("input_cost_per_second", "realtime", "call.seconds", "Seconds", (None, None)),
        ("ocr_cost_per_page", "ocr", "call.pages", "Pages", (None, None)),
        ("annotation_cost_per_page_batches", "ocr", "call.annotated_pages", "Pages", ("batch", None)),
        ("ocr_cost_per_credit", "ocr", "call.credits", "Credits", (None, None)),
        ("input_cost_per_second", "audio_transcription", "call.audio_seconds_input", "Seconds", (None, None)),
        ("output_cost_per_second", "audio_transcription", "call.audio_seconds_input", "Seconds", (None, None)),
        ("output_cost_per_second", "audio_speech", "call.audio_seconds_output", "Seconds", (None, None)),
        ("output_cost_per_second", "video_generation", "call.video_seconds_output", "Seconds", (None, None)),
        ("output_cost_per_second_720p", "video_generation", "call.video_seconds_output_720p", "Seconds", (None, None)),
        ("output_cost_per_video_per_second", "video_generation", "call.video_seconds_output", "Seconds", (None, None)),
        ("output_cost_per_image", "image_generation", "call.images_output", "Images", (None, None)),
        ("output_cost_per_image_0.5K", "image_generation", "call.images_output_0.5k", "Images", (None, None)),
        ("output_cost_per_image_premium_image", "image_generation", "call.images_output_premium_image", "Images", (None, None)),
        ("input_cost_per_pixel", "image_generation", "call.pixels_output", "Pixels", (None, None)),
        ("input_cost_per_image", "image_generation", "call.images_output", "Images", (None, None)),
        ("input_cost_per_image", "embedding", "call.images_input", "Images", (None, None)),
    ],
)  # fmt: skip
def test_a_name_says_what_is_priced_and_when(
    field: str, mode: str, meter: str, unit: str, when: tuple[str | None, int | None]
) -> None:
    fate = one(field, mode)
    assert isinstance(fate, Taken), fate
    (found,) = fate.prices
    thing = found.thing
    assert (thing.meter, thing.unit) == (meter, unit)
    assert (thing.tier, thing.above_tokens) == when
    assert found.price == Decimal("0.5")


@pytest.mark.parametrize(
    "field",
    [
        "input_cost_per_token_thinking",  # no output price with the same word
        "input_cost_per_video_per_second_above_8s_interval",
        "explicit_cache_read_input_token_cost",
        "cache_creation_input_token_cost_above_3hr",
        "cache_read_input_token_cost_above_1hr",
        "input_cost_per_token_720p",
        "input_cost_per_fortnight",
        "discount",
        "regional_uplift",
        "vector_store_cost_per_gb_per_day",
        "search_free_requests",
    ],
)
def test_what_no_rule_reads_is_reported_not_guessed(field: str) -> None:
    assert isinstance(one(field), NotUnderstood)


def test_a_providers_own_word_is_a_tier_where_input_and_output_have_it() -> None:
    fates = read('{"input_cost_per_token_ultrafast": 3, "output_cost_per_token_ultrafast": 4}')
    assert [p.thing.tier for f in fates.values() if isinstance(f, Taken) for p in f.prices] == [
        "ultrafast",
        "ultrafast",
    ]


def test_a_picture_size_in_the_key_is_part_of_the_meter() -> None:
    fate = one("input_cost_per_pixel", "image_generation", "azure/hd/1024-x-1792/dall-e-3", "azure")
    assert isinstance(fate, Taken)
    assert fate.prices[0].thing.meter == "call.pixels_output_hd_1024x1792"
    assert fate.prices[0].thing.model == "dall-e-3"


def test_a_price_by_the_picture_of_a_model_that_makes_sound_is_not_taken() -> None:
    fates = read('{"output_cost_per_image": 0.06, "supported_output_modalities": ["audio"]}')
    assert isinstance(fates["output_cost_per_image"], NotUnderstood)


def test_reserved_throughput_is_a_resource_sold_by_the_second_once() -> None:
    content = '{"input_cost_per_second": 0.01, "output_cost_per_second": 0.01}'
    fates = read(content, "bedrock/us-east-1/1-month-commitment/anthropic.claude-v1", "bedrock")
    found = {p.thing for f in fates.values() if isinstance(f, Taken) for p in f.prices}
    assert [(thing.meter, thing.model) for thing in found] == [
        ("resource.provisioned_throughput", "us-east-1/1-month-commitment/anthropic.claude-v1")
    ]


def test_searches_have_a_meter_by_size_only_where_sizes_differ_in_price() -> None:
    same = '{"search_context_cost_per_query": {"search_context_size_low": 1, "search_context_size_high": 1}}'
    differ = '{"search_context_cost_per_query": {"search_context_size_low": 1, "search_context_size_high": 2}}'
    assert meters(read(same)) == {"call.web_searches"}
    assert meters(read(differ)) == {"call.web_searches_low", "call.web_searches_high"}


def meters(fates: dict[str, Fate]) -> set[str]:
    """Return what was priced."""
    return {p.thing.meter for f in fates.values() if isinstance(f, Taken) for p in f.prices}


def test_a_band_of_prompt_sizes_holds_for_more_tokens_than_its_lower_bound() -> None:
    fates = read(
        '{"tiered_pricing": [{"range": [0, 32000.0], "input_cost_per_token": 1},'
        ' {"range": [32000.0, 128000], "input_cost_per_token": 2}, {"input_cost_per_token": 3}]}'
    )
    steps = [(p.thing.above_tokens, p.price) for f in fates.values() if isinstance(f, Taken) for p in f.prices]  # fmt: skip
    assert steps == [(None, Decimal(1)), (32_000, Decimal(2))]
    assert isinstance(fates["tiered_pricing.2.input_cost_per_token"], NotUnderstood)


def test_off_peak_hours_are_stretches_of_utc_days() -> None:
    # Weekdays are those of Shanghai, eight hours ahead: its Monday begins on Sunday 16:00 UTC.
    fates = read(
        '{"off_peak_pricing": {"input_cost_per_token": 1, "weekday_timezone": "Asia/Shanghai",'
        ' "windows": [{"hours_utc": ["15:00-17:00"], "weekdays": [1]}]}}'
    )
    (fate,) = fates.values()
    assert isinstance(fate, Taken)
    assert [price.thing.hours for price in fate.prices] == [
        Stretch((0,), 15 * 60, 16 * 60),
        Stretch((6,), 16 * 60, 17 * 60),
    ]


def test_hours_that_reach_over_midnight_are_two_stretches() -> None:
    fates = read('{"off_peak_pricing": {"input_cost_per_token": 1, "hours_utc": "16:30-00:30"}}')
    (fate,) = fates.values()
    assert isinstance(fate, Taken)
    assert [p.thing.hours and (p.thing.hours.begin_minute, p.thing.hours.end_minute) for p in fate.prices] == [(0, 30), (990, 1440)]  # fmt: skip


def test_off_peak_hours_that_meet_are_one_stretch() -> None:
    fates = read(
        '{"off_peak_pricing": {"input_cost_per_token": 1, "windows": ['
        '{"hours_utc": ["00:00-06:00"], "weekdays": [1]},'
        '{"hours_utc": ["04:00-08:00"], "weekdays": [1]}]}}'
    )
    (fate,) = fates.values()
    assert isinstance(fate, Taken)
    assert [price.thing.hours for price in fate.prices] == [Stretch((0,), 0, 8 * 60)]


def test_a_tier_called_standard_is_the_regular_one() -> None:
    fates = read('{"input_cost_per_token_standard": 1, "output_cost_per_token_standard": 2}')
    tiers = {p.thing.tier for f in fates.values() if isinstance(f, Taken) for p in f.prices}
    assert tiers == {None}


def test_off_peak_days_of_a_zone_that_changes_its_clocks_are_not_understood() -> None:
    fates = read(
        '{"off_peak_pricing": {"input_cost_per_token": 1, "weekday_timezone": "Europe/Berlin",'
        ' "windows": [{"hours_utc": "15:00-17:00"}]}}'
    )
    assert all(isinstance(fate, NotUnderstood) for fate in fates.values())


def test_a_regional_multiplier_is_an_uplift_and_a_speed_a_tier() -> None:
    fates = read(
        '{"input_cost_per_token": 0.5, "regional_processing_uplift_multiplier_eu": 1.1,'
        ' "regional_endpoint_uplift_multiplier": 1.2,'
        ' "provider_specific_entry": {"us": 1.3, "fast": 6, "frames": 24, "shape": "480p"}}'
    )
    raises = {r.region: r.factor for f in fates.values() if isinstance(f, Taken) for r in f.raises}
    assert raises == {"eu": Decimal("1.1"), "[!g]*": Decimal("1.2"), "us": Decimal("1.3")}
    fast = fates["provider_specific_entry.fast"]
    assert isinstance(fast, Taken)
    assert [(p.thing.tier, p.price) for p in fast.prices] == [("fast", Decimal(3))]  # 6 x 0.5
    assert isinstance(fates["provider_specific_entry.frames"], NotUnderstood)
    assert "provider_specific_entry.shape" not in fates


def test_guardrails_have_a_meter_for_every_kind_of_unit() -> None:
    fates = read('{"guardrail_cost_per_unit": {"contentPolicyUnits": 0.5}}')
    assert meters(fates) == {"call.content_policy_units"}


def test_databricks_units_and_repeated_prices_are_put_aside() -> None:
    fates = read(
        '{"input_cost_per_token": 1, "input_dbu_cost_per_token": 2, "output_db_cost_per_token": 3,'
        ' "metadata": {"original_pricing_per_minute": 60}}'
    )
    assert [name for name, fate in fates.items() if isinstance(fate, Aside)] == [
        "input_dbu_cost_per_token",
        "output_db_cost_per_token",
        "metadata.original_pricing_per_minute",
    ]


@pytest.mark.parametrize(
    ("key", "provider", "mode", "taken"),
    [
        ("acme/m", "acme", "chat", False),
        ("ollama/m", "ollama", "chat", True),
        ("acme/m:free", "acme", "chat", True),
        ("gemini/gemini-2.0-flash-exp", "gemini", "chat", True),
        ("acme/m-expert", "acme", "chat", False),
        ("omni-moderation", "openai", "moderation", True),
    ],
)
def test_nothing_but_zeros_is_a_price_only_where_something_says_it_is_free(
    key: str, provider: str, mode: str, *, taken: bool
) -> None:
    content = json.dumps({"input_cost_per_token": 0, "output_cost_per_token": 0.0, "mode": mode})
    fates = read(content, key, provider).values()
    assert all(isinstance(fate, Taken if taken else Aside) for fate in fates)


def test_a_zero_beside_a_price_is_a_price() -> None:
    fates = read('{"input_cost_per_token": 1, "output_cost_per_token": 0.0, "mode": "embedding"}')
    assert meters(fates) == {IN, OUT}


def test_of_two_fields_that_disagree_one_is_taken_and_the_other_reported() -> None:
    fates = read('{"cache_read_input_token_cost": 1, "input_cost_per_token_cache_hit": 2}')
    assert isinstance(fates["cache_read_input_token_cost"], Taken)
    assert isinstance(fates["input_cost_per_token_cache_hit"], NotUnderstood)


@pytest.mark.parametrize("value", ['"0.1"', "-1", "1e400", "NaN", "Infinity", "true", "[]", "1e-30", "1" * 70])  # fmt: skip
def test_what_is_no_amount_is_reported_with_what_was_expected(value: str) -> None:
    fates = read(f'{{"input_cost_per_token": {value}}}')
    if value != "[]":  # a list of no values has no price to report
        (fate,) = fates.values()
        assert isinstance(fate, NotUnderstood)
        assert fate.why.startswith("expected")


@pytest.mark.parametrize(
    ("name", "spoken"),
    [
        ("input_cost_per_token", True),
        ("tieredPricing", True),
        ("audioSurcharge", True),
        ("supports_moderation", False),
        ("generate_separately", False),
    ],
)
def test_names_speak_of_money_by_whole_words(name: str, *, spoken: bool) -> None:
    assert speaks_of_money(name) is spoken

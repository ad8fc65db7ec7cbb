"""Anthropic's dialect: cached tokens added, cumulative stream usage taken once."""

from decimal import Decimal
from typing import Any

import pytest

from agents.gateway.normalise.anthropic import Stream, answer, usage
from agents.gateway.normalise.usage import Quantity, Usage


def test_cached_tokens_are_added_to_the_input() -> None:
    found = usage({
        "input_tokens": 100, "cache_read_input_tokens": 50, "cache_creation_input_tokens": 30,
        "cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20},
        "output_tokens": 7, "service_tier": "standard",
    })  # fmt: skip
    # 100 + 50 + 10 + 20 = 180
    assert (found.input_tokens, found.cache_read_tokens) == (180, 50)
    assert (found.cache_write_5m_tokens, found.cache_write_1h_tokens) == (10, 20)
    assert (found.output_tokens, found.service_tier) == (7, "standard")


def test_what_was_written_without_a_lifetime_was_written_for_five_minutes() -> None:
    found = usage({"input_tokens": 1, "cache_creation_input_tokens": 30, "output_tokens": 7})
    assert (found.cache_write_5m_tokens, found.cache_write_1h_tokens) == (30, None)
    assert (found.input_tokens, found.cache_read_tokens) == (31, None)


def test_thinking_is_part_of_the_output() -> None:
    found = usage({"output_tokens": 90, "output_tokens_details": {"thinking_tokens": 60}})
    assert (found.output_tokens, found.reasoning_tokens) == (90, 60)


def test_tokens_of_a_compaction_are_added_and_those_of_turns_are_not() -> None:
    found = usage({
        "input_tokens": 45, "output_tokens": 1234,
        "iterations": [
            {"type": "compaction", "input_tokens": 180_000, "output_tokens": 3500,
             "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0},
            {"type": "message", "input_tokens": 45, "output_tokens": 1234},
            {"type": "advisor_message", "model": "other", "input_tokens": 9, "output_tokens": 9},
        ],
    })  # fmt: skip
    # 45 + 180,000; 1,234 + 3,500
    assert (found.input_tokens, found.output_tokens) == (180_045, 4734)


@pytest.mark.parametrize(
    ("raw", "tier", "region"),
    [
        ({"service_tier": "batch", "speed": "standard"}, "batch", None),
        ({"service_tier": "standard", "speed": "fast"}, "fast", None),
        ({"speed": "fast", "inference_geo": "us"}, "fast", "us"),
        ({"service_tier": "priority", "inference_geo": "global"}, "priority", None),
        ({}, None, None),
    ],
)
def test_tier_and_region_are_what_a_price_book_calls_them(
    raw: dict[str, Any], tier: str | None, region: str | None
) -> None:
    found = usage({"output_tokens": 1, **raw})
    assert (found.service_tier, found.region) == (tier, region)


def test_searches_are_counted() -> None:
    found = usage({"server_tool_use": {"web_search_requests": 3, "web_fetch_requests": 1}})
    assert found.quantities == (Quantity("call.web_searches", "Queries", Decimal(3)),)


START = {
    "type": "message_start",
    "message": {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5",
        "content": [],
        "usage": {"input_tokens": 25, "cache_read_input_tokens": 1000,
                  "cache_creation_input_tokens": 0, "output_tokens": 1,
                  "cache_creation": {"ephemeral_5m_input_tokens": 0,
                                     "ephemeral_1h_input_tokens": 0}},
    },
}  # fmt: skip
TEXT = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "hi"}}


def delta(**used: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever a server writes
    return {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": used}


def streamed(*events: dict[str, Any]) -> Usage:
    stream = Stream()
    for event in events:
        stream.add(event)
    found = stream.answer()
    assert (found.response_id, found.model) == ("msg_1", "claude-sonnet-4-5")
    assert found.usage is not None
    return found.usage


@pytest.mark.parametrize(
    "deltas",
    [
        [delta(output_tokens=15)],
        [delta(output_tokens=7), delta(output_tokens=15)],
        [delta(output_tokens=15, input_tokens=25, cache_read_input_tokens=1000)],
        [delta(output_tokens=15, input_tokens=0, cache_read_input_tokens=None)],
    ],
    ids=["once", "cumulative", "input again", "input as zero"],
)
def test_usage_of_a_stream_is_taken_once(deltas: list[dict[str, Any]]) -> None:
    found = streamed(START, TEXT, *deltas, {"type": "message_stop"})
    assert (found.input_tokens, found.cache_read_tokens, found.output_tokens) == (1025, 1000, 15)


def test_input_that_grew_while_tools_ran_is_the_last_one_told() -> None:
    found = streamed(START, delta(output_tokens=15, input_tokens=400))
    assert found.input_tokens == 1400


def test_a_stream_that_broke_tells_what_it_told_so_far() -> None:
    found = streamed(START, TEXT, {"type": "error", "error": {"type": "overloaded_error"}})
    assert (found.input_tokens, found.output_tokens) == (1025, 1)


def test_an_error_is_named_by_its_class_only() -> None:
    found = answer({"type": "error", "error": {"type": "rate_limit_error", "message": "secret"}})
    assert (found.error_type, found.usage) == ("rate_limit_error", None)
    stream = Stream()
    stream.add({"type": "error", "error": {"type": "overloaded_error", "message": "secret"}})
    assert stream.answer().error_type == "overloaded_error"

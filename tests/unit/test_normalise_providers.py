"""Gemini, Bedrock, Cohere and TGI, by table of what they write and what it means."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from agents.gateway.normalise import bedrock, cohere, gemini, tgi
from agents.gateway.normalise.usage import Answer, Usage, parts_of, some
from agents.gateway.normalise.values import Unfit

CASES: list[tuple[str, Callable[[dict[str, Any]], Answer], dict[str, Any], Usage]] = [
    (
        "gemini: thoughts beside candidates, tools beside the prompt, cached within",
        gemini.answer,
        {
            "responseId": "r-1", "modelVersion": "gemini-2.5-pro",
            "candidates": [{"content": {"parts": [{"text": "secret"}]}}],
            "usageMetadata": {
                "promptTokenCount": 100, "cachedContentTokenCount": 60,
                "toolUsePromptTokenCount": 7,
                "candidatesTokenCount": 20, "thoughtsTokenCount": 30, "totalTokenCount": 157,
                "trafficType": "ON_DEMAND",
            },
        },
        # 100 + 7; 20 + 30
        Usage(input_tokens=107, cache_read_tokens=60, output_tokens=50, reasoning_tokens=30,
              service_tier="on_demand"),
    ),
    (
        "gemini: audio and images, 40 of the audio cached",
        gemini.answer,
        {
            "usageMetadata": {
                "promptTokenCount": 300, "cachedContentTokenCount": 90,
                "candidatesTokenCount": 1290,
                "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 100},
                                        {"modality": "AUDIO", "tokenCount": 100},
                                        {"modality": "IMAGE", "tokenCount": 100}],
                "cacheTokensDetails": [{"modality": "TEXT", "tokenCount": 50},
                                       {"modality": "AUDIO", "tokenCount": 40}],
                "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 1290}],
                "trafficType": "ON_DEMAND_FLEX",
            },
        },
        Usage(input_tokens=300, cache_read_tokens=90, output_tokens=1290, service_tier="flex",
              quantities=parts_of([("input_audio", 60), ("input_image", 100),
                                          ("cache_read_audio", 40), ("output_image", 1290)])),
    ),
    (
        "gemini: a prompt that was refused has no candidates",
        gemini.answer,
        {"usageMetadata": {"promptTokenCount": 12, "totalTokenCount": 12}},
        Usage(input_tokens=12),
    ),
    (
        "bedrock: cached beside the input, 30 of 50 for an hour",
        bedrock.answer,
        {
            "output": {"message": {"content": [{"text": "secret"}]}},
            "usage": {"inputTokens": 100, "outputTokens": 20, "totalTokens": 240,
                      "cacheReadInputTokens": 70, "cacheWriteInputTokens": 50,
                      "cacheDetails": [{"ttl": "1h", "inputTokens": 30},
                                       {"ttl": "5m", "inputTokens": 20}]},
            "metrics": {"latencyMs": 900}, "serviceTier": {"type": "priority"},
        },
        # 100 + 70 + 50
        Usage(input_tokens=220, cache_read_tokens=70, cache_write_5m_tokens=20,
              cache_write_1h_tokens=30, output_tokens=20, service_tier="priority"),
    ),
    (
        "bedrock: the event that ends a stream",
        bedrock.answer,
        {"metadata": {"usage": {"inputTokens": 5, "outputTokens": 6, "totalTokens": 11}}},
        Usage(input_tokens=5, output_tokens=6),
    ),
    (
        "cohere chat, version 2: what is billed, not what was processed",
        cohere.answer,
        {"id": "c-1", "message": {"content": [{"text": "secret"}]},
         "usage": {"billed_units": {"input_tokens": 5.0, "output_tokens": 418.0},
                   "tokens": {"input_tokens": 71, "output_tokens": 418}}},
        Usage(input_tokens=5, output_tokens=418),
    ),
    (
        "cohere rerank, version 1",
        cohere.answer,
        {"id": "c-2", "results": [], "meta": {"billed_units": {"search_units": 2}}},
        Usage(quantities=some(("call.queries", "Queries", 2))),
    ),
    (
        "cohere embed with images: billed beside the text",
        cohere.answer,
        {"id": "c-3", "meta": {"billed_units": {"input_tokens": 4, "images": 1,
                                                "image_tokens": 258}}},
        Usage(input_tokens=262, quantities=some(("tokens.input_image", "Tokens", 258))),
    ),
    (
        "cohere: the event that ends a stream",
        cohere.answer,
        {"type": "message-end", "delta": {"finish_reason": "COMPLETE", "usage": {
            "billed_units": {"input_tokens": 1, "output_tokens": 2}}}},
        Usage(input_tokens=1, output_tokens=2),
    ),
    (
        "tgi: the last event of a stream",
        tgi.answer,
        {"token": {"text": "secret"}, "generated_text": "secret", "details": {
            "finish_reason": "length", "generated_tokens": 20, "input_length": 9, "seed": None}},
        Usage(input_tokens=9, output_tokens=20),
    ),
    (
        "tgi: an answer with its prompt, token by token",
        tgi.answer,
        {"generated_text": "secret", "details": {
            "generated_tokens": 2, "seed": 42, "prefill": [{"id": 1, "text": "secret"}] * 3,
            "tokens": [{"text": "secret"}]}},
        Usage(input_tokens=3, output_tokens=2),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("read", "body", "expected"), [c[1:] for c in CASES],
                         ids=[c[0] for c in CASES])  # fmt: skip
def test_usage_means_what_its_writer_says(
    read: Callable[[dict[str, Any]], Answer], body: dict[str, Any], expected: Usage
) -> None:
    found = read(body).usage
    assert found is not None
    assert found.raw
    assert found == Usage(**{**_fields(expected), "raw": found.raw})
    assert "secret" not in repr(read(body))


def _fields(used: Usage) -> dict[str, Any]:
    return {field: getattr(used, field) for field in Usage.__slots__}


def test_gemini_repeats_its_usage_and_the_last_one_counts() -> None:
    stream = gemini.Stream()
    for output in (3, 6, 9):
        told = {"promptTokenCount": 4, "candidatesTokenCount": output}
        stream.add({"responseId": "r", "modelVersion": "gemini-2.5-flash", "usageMetadata": told})
    found = stream.answer()
    assert (found.response_id, found.model) == ("r", "gemini-2.5-flash")
    assert found.usage is not None
    assert (found.usage.input_tokens, found.usage.output_tokens) == (4, 9)


@pytest.mark.parametrize("read", [gemini.answer, bedrock.answer, cohere.answer, tgi.answer])
def test_an_answer_without_usage_has_none(read: Callable[[dict[str, Any]], Answer]) -> None:
    assert read({"text": "an answer"}).usage is None


def test_a_broken_count_is_refused() -> None:
    with pytest.raises(Unfit, match="expected outputTokens as a whole number >= 0, got str"):
        bedrock.usage({"inputTokens": 5, "outputTokens": "many"})
    with pytest.raises(Unfit, match="expected cacheDetails as a list of objects, got str"):
        bedrock.usage({"cacheDetails": "none"})


def test_fractions_of_what_is_not_tokens_are_kept() -> None:
    found = cohere.usage({"search_units": 1.25})
    assert [q.quantity for q in found.quantities] == [Decimal("1.25")]

"""OpenAI's dialects, as OpenAI, vLLM, DeepSeek, xAI and LiteLLM write them, by table."""

from decimal import Decimal
from typing import Any

import pytest

from agents.gateway.normalise import openai_chat, openai_images, openai_responses
from agents.gateway.normalise.openai_usage import usage
from agents.gateway.normalise.usage import Quantity, Usage
from agents.gateway.normalise.values import Unfit

# name, usage object, what it means
CASES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (
        "openai chat: cached within prompt, reasoning within completion",
        {
            "prompt_tokens": 2006, "completion_tokens": 300, "total_tokens": 2306,
            "prompt_tokens_details": {"cached_tokens": 1920, "audio_tokens": 0},
            "completion_tokens_details": {
                "reasoning_tokens": 192, "audio_tokens": 0, "accepted_prediction_tokens": 5,
                "rejected_prediction_tokens": 3,
            },
        },
        {"input_tokens": 2006, "cache_read_tokens": 1920, "output_tokens": 300,
         "reasoning_tokens": 192},
    ),
    (
        "openai chat: written to the cache",
        {"prompt_tokens": 100, "completion_tokens": 1,
         "prompt_tokens_details": {"cached_tokens": 20, "cache_write_tokens": 70}},
        {"input_tokens": 100, "cache_read_tokens": 20, "cache_write_5m_tokens": 70,
         "output_tokens": 1},
    ),
    (
        "openai chat with audio",
        {"prompt_tokens": 50, "completion_tokens": 40,
         "prompt_tokens_details": {"audio_tokens": 30, "cached_tokens": 0},
         "completion_tokens_details": {"audio_tokens": 25, "reasoning_tokens": 0}},
        {"input_tokens": 50, "cache_read_tokens": 0, "output_tokens": 40, "reasoning_tokens": 0,
         "quantities": {"tokens.input_audio": 30, "tokens.output_audio": 25}},
    ),
    (
        "openai embeddings: no output at all, which is not an output of zero",
        {"prompt_tokens": 8, "total_tokens": 8},
        {"input_tokens": 8},
    ),
    (
        "vllm: nothing cached is left out, and is not zero",
        {"prompt_tokens": 12, "total_tokens": 20, "completion_tokens": 8,
         "prompt_tokens_details": None},
        {"input_tokens": 12, "output_tokens": 8},
    ),
    (
        "vllm with --enable-prompt-tokens-details",
        {"prompt_tokens": 1200, "total_tokens": 1208, "completion_tokens": 8,
         "prompt_tokens_details": {"cached_tokens": 1024}},
        {"input_tokens": 1200, "cache_read_tokens": 1024, "output_tokens": 8},
    ),
    (
        "tgi by openai's route",
        {"prompt_tokens": 17, "completion_tokens": 12, "total_tokens": 29},
        {"input_tokens": 17, "output_tokens": 12},
    ),
    (
        "deepseek: cached beside the details",
        {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110,
         "prompt_cache_hit_tokens": 64, "prompt_cache_miss_tokens": 36},
        {"input_tokens": 100, "cache_read_tokens": 64, "output_tokens": 10},
    ),
    (
        "xai: reasoning beside the completion: 10 + 5 + 200 = 215",
        {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 215,
         "completion_tokens_details": {"reasoning_tokens": 200}},
        {"input_tokens": 10, "output_tokens": 205, "reasoning_tokens": 200},
    ),
    (
        "openai responses",
        {"input_tokens": 36, "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
         "output_tokens": 87, "output_tokens_details": {"reasoning_tokens": 64},
         "total_tokens": 123},
        {"input_tokens": 36, "cache_read_tokens": 0, "cache_write_5m_tokens": 0,
         "output_tokens": 87, "reasoning_tokens": 64},
    ),
    (
        "openai realtime: 300 of audio, 100 of them cached",
        {"total_tokens": 500, "input_tokens": 400, "output_tokens": 100,
         "input_token_details": {"text_tokens": 100, "audio_tokens": 300, "cached_tokens": 150,
                                 "cached_tokens_details": {"text_tokens": 50, "audio_tokens": 100}},
         "output_token_details": {"text_tokens": 20, "audio_tokens": 80}},
        {"input_tokens": 400, "cache_read_tokens": 150, "output_tokens": 100,
         "quantities": {"tokens.input_audio": 200, "tokens.cache_read_audio": 100,
                        "tokens.output_audio": 80}},
    ),
    (
        "openai transcription by tokens",
        {"type": "tokens", "input_tokens": 14, "input_token_details": {"text_tokens": 0,
         "audio_tokens": 14}, "output_tokens": 45, "total_tokens": 59},
        {"input_tokens": 14, "output_tokens": 45, "quantities": {"tokens.input_audio": 14}},
    ),
    (
        "openai transcription by duration",
        {"type": "duration", "seconds": 9.1},
        {"quantities": {"call.audio_seconds_input": Decimal("9.1")}},
    ),
    (
        "litellm, of anthropic: 100 + 50 read + 30 written, 20 of them for an hour",
        {"prompt_tokens": 180, "completion_tokens": 7, "total_tokens": 187,
         "prompt_tokens_details": {
             "cached_tokens": 50, "text_tokens": 100, "cache_creation_tokens": 30,
             "cache_creation_token_details": {"ephemeral_5m_input_tokens": 10,
                                              "ephemeral_1h_input_tokens": 20}}},
        {"input_tokens": 180, "cache_read_tokens": 50, "cache_write_5m_tokens": 10,
         "cache_write_1h_tokens": 20, "output_tokens": 7},
    ),
]  # fmt: skip


def seen(found: Usage) -> dict[str, Any]:
    """Return what was found, without what was not reported and without the raw counts."""
    fields = {
        "input_tokens": found.input_tokens,
        "cache_read_tokens": found.cache_read_tokens,
        "cache_write_5m_tokens": found.cache_write_5m_tokens,
        "cache_write_1h_tokens": found.cache_write_1h_tokens,
        "output_tokens": found.output_tokens,
        "reasoning_tokens": found.reasoning_tokens,
        "service_tier": found.service_tier,
        "quantities": {q.meter: q.quantity for q in found.quantities} or None,
    }
    return {field: value for field, value in fields.items() if value is not None}


@pytest.mark.parametrize(("raw", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_usage_means_what_its_writer_says(raw: dict[str, Any], expected: dict[str, Any]) -> None:
    assert seen(usage(raw)) == expected


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ({"prompt_tokens": "a prompt"}, "expected prompt_tokens as a whole number >= 0, got str"),
        ({"prompt_tokens": True}, "expected prompt_tokens as a whole number >= 0, got bool"),
        ({"prompt_tokens": 1.5}, "expected prompt_tokens as a whole number >= 0, got float"),
        ({"completion_tokens": -1}, "expected completion_tokens as a whole number >= 0, got int"),
        ({"completion_tokens": 2**63}, "expected completion_tokens as a whole number"),
        ({"prompt_tokens_details": [1]}, "expected prompt_tokens_details as an object, got list"),
        ({"seconds": float("nan")}, "expected seconds as a decimal >= 0"),
        ({"seconds": float("inf")}, "expected seconds as a decimal >= 0"),
    ],
)
def test_what_is_no_count_is_refused_and_its_value_not_told(raw: dict[str, Any], said: str) -> None:
    with pytest.raises(Unfit, match=said) as raised:
        usage(raw)
    assert "a prompt" not in str(raised.value)


def test_an_answer_names_its_id_model_and_tier() -> None:
    body = {
        "id": "chatcmpl-1", "object": "chat.completion", "model": "gpt-4o-2024-08-06",
        "service_tier": "priority", "choices": [{"message": {"content": "secret answer"}}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
    }  # fmt: skip
    found = openai_chat.answer(body)
    assert (found.response_id, found.model, found.error_type) == (
        "chatcmpl-1", "gpt-4o-2024-08-06", None,
    )  # fmt: skip
    assert found.usage is not None
    assert found.usage.service_tier == "priority"
    assert found.usage.raw == '{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}'
    assert "secret" not in repr(found)


def chunk(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever a server writes
    return {"id": "c-1", "object": "chat.completion.chunk", "model": "m", "choices": [], **fields}


def test_a_stream_tells_its_usage_in_the_last_chunk() -> None:
    stream = openai_chat.Stream()
    for each in [
        chunk(choices=[{"delta": {"content": "he"}}], usage=None),
        chunk(choices=[{"delta": {"content": "y"}}], usage=None, service_tier="flex"),
        chunk(usage={"prompt_tokens": 5, "completion_tokens": 2}),
    ]:
        stream.add(each)
    assert stream.answer().usage == usage({"prompt_tokens": 5, "completion_tokens": 2}, "flex")


def test_usage_repeated_in_every_chunk_is_counted_once() -> None:
    stream = openai_chat.Stream()
    for output in range(1, 5):
        stream.add(chunk(usage={"prompt_tokens": 5, "completion_tokens": output}))
    assert stream.answer().usage == usage({"prompt_tokens": 5, "completion_tokens": 4})


def test_a_stream_that_was_not_asked_for_usage_has_none() -> None:
    stream = openai_chat.Stream()
    stream.add(chunk(choices=[{"delta": {"content": "a long answer"}}]))
    assert stream.answer().usage is None


def test_an_error_in_a_stream_is_named_by_its_class_only() -> None:
    stream = openai_chat.Stream()
    stream.add({"error": {"message": "your prompt 'x' is bad", "type": "server_error"}})
    assert stream.answer().error_type == "server_error"


@pytest.mark.parametrize("end", ["response.completed", "response.incomplete", "response.failed"])
def test_every_terminal_event_of_a_response_carries_its_usage(end: str) -> None:
    response = {"id": "resp_1", "model": "gpt-5", "service_tier": "default"}
    used = {"input_tokens": 3, "output_tokens": 4}
    stream = openai_responses.Stream()
    stream.add({"type": "response.created", "response": {**response, "usage": None}})
    stream.add({"type": "response.output_text.delta", "delta": "text"})
    stream.add({"type": end, "response": {**response, "usage": used}})
    found = stream.answer()
    assert (found.response_id, found.model) == ("resp_1", "gpt-5")
    assert found.usage == usage(used, "default")


def test_searches_of_a_response_are_counted() -> None:
    found = openai_responses.answer({
        "output": [{"type": "web_search_call"}, {"type": "message"}, {"type": "web_search_call"}],
        "usage": {"input_tokens": 3, "output_tokens": 4},
    })  # fmt: skip
    assert found.usage is not None
    assert found.usage.quantities == (Quantity("call.web_searches", "Queries", Decimal(2)),)


def test_images_are_billed_by_tokens_where_they_are_told() -> None:
    used = {"input_tokens": 50, "output_tokens": 4160, "total_tokens": 4210,
            "input_tokens_details": {"text_tokens": 10, "image_tokens": 40}}  # fmt: skip
    found = openai_images.images({"data": [{"b64_json": "aaaa"}], "usage": used}).usage
    assert found is not None
    assert seen(found) == {
        "input_tokens": 50, "output_tokens": 4160,
        "quantities": {"tokens.input_image": 40, "tokens.output_image": 4160},
    }  # fmt: skip


def test_images_are_billed_by_the_piece_where_no_tokens_are_told() -> None:
    found = openai_images.images({"data": [{"url": "u"}, {"url": "v"}]}).usage
    assert found is not None
    assert seen(found) == {"quantities": {"call.images_output": 2}}
    assert openai_images.images({"data": []}).usage is None

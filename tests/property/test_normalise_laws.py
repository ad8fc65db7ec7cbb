"""Whatever a provider writes, no text of it comes out of a normaliser, and nothing but Unfit."""

import json
from collections.abc import Callable
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.gateway.normalise import (
    anthropic,
    bedrock,
    cohere,
    gemini,
    openai_chat,
    openai_images,
    openai_responses,
    tgi,
)
from agents.gateway.normalise.reading import RAW_BYTES, counts_only
from agents.gateway.normalise.usage import Answer
from agents.gateway.normalise.values import Unfit

CANARY = "the prompt said XYZZY"
FIELDS = [
    "usage", "usageMetadata", "meta", "billed_units", "details", "delta", "response", "message",
    "metadata", "error", "type", "id", "model", "service_tier", "prompt_tokens", "input_tokens",
    "completion_tokens", "output_tokens", "prompt_tokens_details", "cached_tokens", "audio_tokens",
    "iterations", "cache_creation", "promptTokenCount", "promptTokensDetails", "modality", "ttl",
    "cacheDetails", "prefill", "seconds", "search_units", "data", "output", "speed", "unit",
]  # fmt: skip
leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.just(CANARY),
    st.sampled_from(["flex", "1h", "AUDIO", "compaction", "message_start", "message_delta"]),
)
documents = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*FIELDS, CANARY]), inner, max_size=6)
    ),
    max_leaves=30,
)
bodies = st.dictionaries(st.sampled_from(FIELDS), documents, max_size=8)

Read = Callable[[dict[str, Any]], Answer]


def streamed(dialect: Any) -> Read:  # noqa: ANN401 - a module
    def read(body: dict[str, Any]) -> Answer:
        stream = dialect.Stream()
        stream.add(body)
        return cast("Answer", stream.answer())

    return read


READERS: list[Read] = [
    openai_chat.answer,
    openai_responses.answer,
    openai_images.images,
    openai_images.transcription,
    anthropic.answer,
    gemini.answer,
    bedrock.answer,
    cohere.answer,
    tgi.answer,
    *map(streamed, (openai_chat, openai_responses, anthropic, gemini)),
]


@pytest.mark.parametrize("read", READERS)
@given(body=bodies)
def test_no_text_comes_out_whatever_goes_in(read: Read, body: dict[str, Any]) -> None:
    try:
        said = repr(read(body))
    except Unfit as error:
        said = str(error)
    assert "XYZZY" not in said


@given(body=bodies)
def test_raw_usage_is_small_valid_json_without_text(body: dict[str, Any]) -> None:
    raw = counts_only(body)
    if raw is not None:
        assert len(raw.encode()) <= RAW_BYTES
        assert "XYZZY" not in raw
        assert json.loads(raw)

"""A provider's whole answer, as JSON has it, as the fields of an event."""

from collections.abc import Callable, Mapping
from typing import Final

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
from agents.gateway.normalise.usage import Answer, Usage

# vLLM and many others speak openai_chat.
DIALECTS: Final[Mapping[str, Callable[[Mapping[str, object]], Answer]]] = {
    "anthropic": anthropic.answer,
    "bedrock": bedrock.answer,
    "cohere": cohere.answer,
    "gemini": gemini.answer,
    "openai_chat": openai_chat.answer,
    "openai_images": openai_images.images,
    "openai_responses": openai_responses.answer,
    "openai_transcription": openai_images.transcription,
    "tgi": tgi.answer,
}


def told_by(dialect: str, body: Mapping[str, object]) -> dict[str, object]:
    """Return what an answer tells of its call. Raises Unfit, or KeyError for another dialect."""
    answer = DIALECTS[dialect](body)
    used = answer.usage or Usage()
    told: dict[str, object] = {
        **used.counted(),
        "response_id": answer.response_id,
        "status": "ok" if answer.error_type is None else "error",
        "error_type": answer.error_type,
        "usage_source": "provider" if used.is_reported else "none",
    }
    return told if answer.model is None else {**told, "model": answer.model}

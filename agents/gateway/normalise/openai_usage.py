"""OpenAI's usage objects, under both families of names, and what others added to them.

Cached tokens are inside the prompt, reasoning is inside the completion (openai-python 2.54,
`completion_usage.py`, `response_usage.py`). vLLM, TGI, DeepSeek, xAI and LiteLLM write the same
with words of their own. vLLM leaves out what was cached when it was nothing, so absent is not zero.
"""

from typing import Final

from agents.gateway.normalise.reading import Json, amount, count, counts_only, part
from agents.gateway.normalise.usage import Quantity, Usage, parts_of, some

KINDS: Final = ("audio", "image", "video")
CACHED_KINDS: Final = ("audio", "image")
TOLD_APART: Final = frozenset({"cached_tokens_details", *(f"{kind}_tokens" for kind in KINDS)})
OF_PROMPT: Final = ("prompt_tokens_details", "input_tokens_details", "input_token_details")
OF_ANSWER: Final = (
    "completion_tokens_details",
    "output_tokens_details",
    "output_token_details",
)


def usage(raw: Json, service_tier: str | None = None) -> Usage:
    """Read a usage object of chat, completions, embeddings, responses, images, audio or realtime.

    `service_tier` stands beside it in an answer. Raises Unfit.
    """
    prompt = _first_part(raw, *OF_PROMPT)
    spent = _first_part(raw, *OF_ANSWER)
    written = part(prompt, "cache_creation_token_details")  # LiteLLM's, of Anthropic
    return Usage(
        input_tokens=_input(raw),
        cache_read_tokens=_either(
            count(prompt, "cached_tokens"),
            count(raw, "prompt_cache_hit_tokens"),  # DeepSeek's
        ),
        cache_write_5m_tokens=_either(
            count(written, "ephemeral_5m_input_tokens"),
            None if written else _first(prompt, "cache_write_tokens", "cache_creation_tokens"),
        ),
        cache_write_1h_tokens=count(written, "ephemeral_1h_input_tokens"),
        output_tokens=_output(raw, spent),
        reasoning_tokens=count(spent, "reasoning_tokens"),
        service_tier=service_tier,
        quantities=_kinds(prompt, spent)
        + some(("call.audio_seconds_input", "Seconds", amount(raw, "seconds"))),
        raw=counts_only(raw),
    )


def _input(raw: Json) -> int | None:
    return _first(raw, "prompt_tokens", "input_tokens")


def _output(raw: Json, spent: Json) -> int | None:
    """Return the output, reasoning included.

    xAI counts reasoning beside the completion; the total in its usage object shows it.
    """
    output = _first(raw, "completion_tokens", "output_tokens")
    reasoning = count(spent, "reasoning_tokens")
    if output is None or not reasoning:
        return output
    is_beside = count(raw, "total_tokens") == (_input(raw) or 0) + output + reasoning
    return output + reasoning if is_beside else output


def _kinds(prompt: Json, spent: Json) -> tuple[Quantity, ...]:
    """Return the parts that may have prices of their own; those of the input are uncached."""
    if TOLD_APART.isdisjoint(prompt) and TOLD_APART.isdisjoint(spent):
        return ()
    cached = part(prompt, "cached_tokens_details")  # realtime's
    kinds = [(f"input_{kind}", _uncached(prompt, cached, f"{kind}_tokens")) for kind in KINDS]
    kinds += [(f"cache_read_{kind}", count(cached, f"{kind}_tokens")) for kind in CACHED_KINDS]
    kinds += [(f"output_{kind}", count(spent, f"{kind}_tokens")) for kind in KINDS]
    return parts_of(kinds)


def _uncached(prompt: Json, cached: Json, field: str) -> int | None:
    told = count(prompt, field)
    return None if told is None else told - (count(cached, field) or 0)


def _first(raw: Json, *names: str) -> int | None:
    return _either(*(count(raw, each) for each in names))


def _either(*counts: int | None) -> int | None:
    return next((each for each in counts if each is not None), None)


def _first_part(raw: Json, *names: str) -> Json:
    return next((found for each in names if (found := part(raw, each))), {})

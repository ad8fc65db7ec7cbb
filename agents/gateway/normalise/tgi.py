"""Hugging Face's TGI by its own routes; by OpenAI's it speaks OpenAI's dialect.

Only `details` count, the last event of a stream has them. It reports nothing of caches.
"""

from agents.gateway.normalise.reading import Json, count, counts_only, part
from agents.gateway.normalise.usage import Answer, Usage

TEXTS = frozenset({"prefill", "tokens", "top_tokens", "best_of_sequences"})


def usage(raw: Json) -> Usage:
    """Read `details`. Raises Unfit."""
    told = count(raw, "input_length")
    prefill = raw.get("prefill")  # the prompt's tokens, one by one, with their text
    if told is None and isinstance(prefill, list) and prefill:
        told = len(prefill)
    return Usage(
        input_tokens=told,
        output_tokens=count(raw, "generated_tokens"),
        raw=counts_only({field: v for field, v in raw.items() if field not in TEXTS}),
    )


def answer(body: Json) -> Answer:
    """Read an answer, or the event that ends a stream. Raises Unfit."""
    told = part(body, "details")
    return Answer(usage=usage(told) if told else None)

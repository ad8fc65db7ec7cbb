"""Cohere's chat, embed, rerank and classify: what is billed, not what was processed.

`billed_units` differ from `tokens`, which count what Cohere adds to a prompt. Image tokens are
billed beside the text's, and are added to the input.
"""

from agents.gateway.normalise.reading import Json, amount, count, counts_only, name, part
from agents.gateway.normalise.usage import Answer, Usage, some, total


def usage(raw: Json) -> Usage:
    """Read `billed_units`. Raises Unfit."""
    images = count(raw, "image_tokens")
    return Usage(
        input_tokens=total(count(raw, "input_tokens"), images),
        output_tokens=count(raw, "output_tokens"),
        quantities=some(
            ("tokens.input_image", "Tokens", images),
            ("call.queries", "Queries", amount(raw, "search_units")),
            ("call.classifications", "Classifications", amount(raw, "classifications")),
            ("call.pages", "Pages", amount(raw, "pages")),
            ("call.images_input", "Images", None if images else amount(raw, "images")),
        ),
        raw=counts_only(raw),
    )


def answer(body: Json) -> Answer:
    """Read an answer of version 1 or 2, or the event that ends a stream. Raises Unfit."""
    told = _billed(body) or _billed(part(body, "delta")) or _billed(part(body, "response"))
    return Answer(
        response_id=name(body, "id") or name(body, "generation_id"),
        usage=usage(told) if told else None,
    )


def _billed(body: Json) -> Json:
    """Find what was billed: in `usage` of version 2, in `meta` of version 1."""
    return part(part(body, "usage"), "billed_units") or part(part(body, "meta"), "billed_units")

"""Amazon Bedrock's Converse and ConverseStream. Cached tokens are beside the input, and added."""

from agents.gateway.normalise.reading import Json, count, counts_only, part, parts
from agents.gateway.normalise.usage import Answer, Usage, total

ONE_HOUR = "1h"


def usage(raw: Json, service_tier: str | None = None) -> Usage:
    """Read a usage object. Raises Unfit."""
    read = count(raw, "cacheReadInputTokens")
    written = count(raw, "cacheWriteInputTokens")
    for_an_hour = total(
        *(count(d, "inputTokens") for d in parts(raw, "cacheDetails") if d.get("ttl") == ONE_HOUR)
    )
    return Usage(
        input_tokens=total(count(raw, "inputTokens"), read, written),
        cache_read_tokens=read,
        cache_write_5m_tokens=None if written is None else written - (for_an_hour or 0),
        cache_write_1h_tokens=for_an_hour,
        output_tokens=count(raw, "outputTokens"),
        service_tier=service_tier,
        raw=counts_only(raw),
    )


def answer(body: Json) -> Answer:
    """Read a whole answer, or the `metadata` event that ends a stream. Raises Unfit."""
    whole = part(body, "metadata") or body
    told = part(whole, "usage")
    tier = part(whole, "serviceTier").get("type")
    return Answer(usage=usage(told, tier if isinstance(tier, str) else None) if told else None)

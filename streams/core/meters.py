"""Everything a model call is metered and priced by: names, units, and what is part of what."""

TOKENS = "Tokens"

# The totals of a call, disjoint: cached tokens are not in `tokens.input`.
TOTALS = (
    "tokens.input",
    "tokens.cache_read",
    "tokens.cache_write_5m",
    "tokens.cache_write_1h",
    "tokens.output",
)

# Tokens that a total includes, and which one. Where such a part has no price of its own, it costs
# what the total's other tokens cost.
PARTS = {
    "tokens.reasoning": "tokens.output",
    "tokens.input_audio": "tokens.input",
    "tokens.input_image": "tokens.input",
    "tokens.input_video": "tokens.input",
    "tokens.cache_read_audio": "tokens.cache_read",
    "tokens.cache_read_image": "tokens.cache_read",
    "tokens.cache_write_audio": "tokens.cache_write_5m",
    "tokens.cache_write_12h": "tokens.cache_write_1h",
    "tokens.output_audio": "tokens.output",
    "tokens.output_image": "tokens.output",
    "tokens.output_video": "tokens.output",
}

TOKEN_METERS = (*TOTALS, *PARTS)

# Anything else a call is counted by. Producers may send more kinds than these, in units of their
# own; these have a usual unit. Requests are counted here, not by producers.
CALL_PREFIX = "call."
REQUESTS = "call.requests"
CALL_UNITS = {
    REQUESTS: "Requests",
    "call.images_input": "Images",
    "call.images_output": "Images",
    "call.pixels_input": "Pixels",
    "call.pixels_output": "Pixels",
    "call.audio_seconds_input": "Seconds",
    "call.audio_seconds_output": "Seconds",
    "call.video_seconds_input": "Seconds",
    "call.video_seconds_output": "Seconds",
    "call.seconds": "Seconds",
    "call.characters_input": "Characters",
    "call.characters_output": "Characters",
    "call.pages": "Pages",
    "call.annotated_pages": "Pages",
    "call.queries": "Queries",
    "call.web_searches": "Queries",
    "call.map_queries": "Queries",
    "call.sessions": "Sessions",
    "call.messages": "Messages",
    "call.credits": "Credits",
    "call.citation_tokens": "Tokens",
}

# What providers call the tier that has no name in a price book.
REGULAR_TIERS = frozenset({"", "default", "standard", "auto", "on_demand", "on-demand"})


def tier_of(reported: str | None) -> str | None:
    """Return the tier by which a call is priced; None is the regular one.

    >>> tier_of("Standard"), tier_of(None), tier_of("Batch")
    (None, None, 'batch')
    """
    if reported is None:
        return None
    tier = reported.lower()
    return None if tier in REGULAR_TIERS else tier

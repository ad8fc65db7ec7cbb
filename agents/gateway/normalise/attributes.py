"""The names under which OpenTelemetry's GenAI conventions, old ones, and OpenInference tell a call.

Newest first. Source: open-telemetry/semantic-conventions-genai and its changelog, OpenInference
semantic conventions, OpenLLMetry; read 2026-11. What is not here is never looked at, so prompts and
answers, which travel as other attributes and as events, cannot get further.
"""

OPERATION = ("gen_ai.operation.name",)
PROVIDER = ("gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system")
MODEL = ("gen_ai.response.model", "gen_ai.request.model", "llm.model_name", "embedding.model_name")
RESPONSE_ID = ("gen_ai.response.id",)
TIER = (
    "openai.response.service_tier",
    "gen_ai.openai.response.service_tier",
    "gen_ai.response.service_tier",
)
IS_STREAM = ("gen_ai.request.stream", "gen_ai.request.streaming", "llm.is_streaming")
TO_FIRST_S = ("gen_ai.response.time_to_first_chunk", "gen_ai.server.time_to_first_token")
ERROR = ("error.type",)
ADDRESS = ("server.address",)

INPUT = (
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.prompt_tokens",
    "llm.token_count.prompt",
    "llm.usage.prompt_tokens",
)
OUTPUT = (
    "gen_ai.usage.output_tokens",
    "gen_ai.usage.completion_tokens",
    "llm.token_count.completion",
    "llm.usage.completion_tokens",
)
CACHE_READ = (
    "gen_ai.usage.cache_read.input_tokens",
    "gen_ai.usage.cache_read_input_tokens",
    "llm.token_count.prompt_details.cache_read",
)
CACHE_WRITE = (
    "gen_ai.usage.cache_write.input_tokens",
    "gen_ai.usage.cache_creation.input_tokens",
    "gen_ai.usage.cache_creation_input_tokens",
    "llm.token_count.prompt_details.cache_write",
)
REASONING = (
    "gen_ai.usage.reasoning.output_tokens",
    "gen_ai.usage.output_tokens.reasoning",
    "gen_ai.usage.reasoning_tokens",
    "llm.token_count.completion_details.reasoning",
)
# Parts of the totals that price books may price apart, by meter.
PARTS = {
    "tokens.input_audio": (
        "gen_ai.usage.audio.input_tokens",
        "llm.token_count.prompt_details.audio",
    ),
    "tokens.input_image": ("gen_ai.usage.image.input_tokens",),
    "tokens.cache_read_audio": ("gen_ai.usage.audio.cache_read.input_tokens",),
    "tokens.cache_read_image": ("gen_ai.usage.image.cache_read.input_tokens",),
    "tokens.output_audio": (
        "gen_ai.usage.audio.output_tokens",
        "llm.token_count.completion_details.audio",
    ),
    "tokens.output_image": ("gen_ai.usage.image.output_tokens",),
}
COUNTS = (INPUT, OUTPUT, CACHE_READ, CACHE_WRITE, REASONING, *PARTS.values())

# Operations that are one call of a model. Others are totals over several, or no call.
LEAVES = frozenset({"chat", "text_completion", "generate_content", "embeddings"})
# Conventions from before operations had names: the kind that stands for one.
KINDS = {
    ("openinference.span.kind", "LLM"): "chat",
    ("openinference.span.kind", "EMBEDDING"): "embeddings",
    ("llm.request.type", "chat"): "chat",
    ("llm.request.type", "completion"): "text_completion",
    ("llm.request.type", "embedding"): "embeddings",
}
# The event that carries what a span does, for programs without spans.
DETAILS_EVENT = "gen_ai.client.inference.operation.details"

KNOWN = frozenset(
    name
    for names in (
        OPERATION, PROVIDER, MODEL, RESPONSE_ID, TIER, IS_STREAM, TO_FIRST_S, ERROR, ADDRESS,
        *COUNTS,
        tuple(name for name, _ in KINDS), ("event.name",),
    )
    for name in names
)  # fmt: skip

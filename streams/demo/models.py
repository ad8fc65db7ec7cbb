"""The models the demo calls: who serves them, how long calls are, how often a cache is hit.

Sizes are log-normal. Medians and spreads are chosen to look like chat, coding, extraction and
embedding traffic; they are not measurements.
"""

from dataclasses import dataclass
from math import exp
from random import Random

from schemas.records import InferenceUsage

MAX_INPUT_TOKENS = 120_000  # below every provider's step for long contexts
MAX_OUTPUT_TOKENS = 16_000


@dataclass(frozen=True, slots=True)
class Model:
    """One model as tenants use it. Tokens are medians; spreads are sigmas of their logarithm."""

    provider: str
    name: str
    endpoint: str | None = None  # ours; None: the provider's API
    input_tokens: int = 900
    input_spread: float = 1.0
    output_tokens: int | None = 220  # None: the call answers with no tokens
    output_spread: float = 0.8
    cache_hit_ratio: float = 0.0  # of calls; 0: the provider reports no cache
    cache_write_ratio: float = 0.0  # of calls
    reasoning_ratio: float = 0.0  # of output tokens; 0: not reported


MODELS = (
    Model("openai", "gpt-4o", None, 1_100, 1.1, 240, 0.9, 0.45),
    Model("openai", "gpt-4o-mini", None, 700, 1.0, 180, 0.8, 0.35),
    Model("openai", "gpt-5-mini", None, 1_500, 1.1, 600, 0.9, 0.40, reasoning_ratio=0.6),
    Model("openai", "text-embedding-3-small", None, 380, 0.7, None),
    Model("anthropic", "claude-sonnet-4-5", None, 4_200, 1.2, 420, 0.9, 0.60, 0.15),
    Model("anthropic", "claude-haiku-4-5", None, 1_300, 1.0, 200, 0.8, 0.40, 0.10),
    Model("gcp.gemini", "gemini-2.5-flash", None, 2_000, 1.2, 260, 0.9, 0.30),
    Model("mistral_ai", "mistral-large-latest", None, 1_200, 1.0, 300, 0.8, 0.20),
    Model("self_hosted", "llama-3.3-70b-instruct", "llama-70b-prod", 1_400, 1.0, 320, 0.8, 0.50),
    Model("self_hosted", "qwen2.5-coder-32b", "qwen-coder-32b", 3_000, 1.1, 380, 0.9, 0.55),
)
UNKNOWN = Model("openai", "gpt-preview-unlisted")  # in no price book: its calls stay unpriced


def call(
    model: Model, tenant: str | None, at_us: int, request_id: str, rng: Random
) -> InferenceUsage:
    """Return one call of a model, with sizes drawn from its distributions."""
    tokens_in = size(model.input_tokens, model.input_spread, MAX_INPUT_TOKENS, rng)
    tokens_out = None
    if model.output_tokens is not None:
        tokens_out = size(model.output_tokens, model.output_spread, MAX_OUTPUT_TOKENS, rng)
    read, write = cached(model, tokens_in, rng)
    reasoning = None
    if model.reasoning_ratio and tokens_out:
        reasoning = int(tokens_out * model.reasoning_ratio * rng.random())
    return {
        "at_us": at_us,
        "tenant": tenant,
        "project": None,
        "provider": model.provider,
        "model": model.name,
        "endpoint": model.endpoint,
        "request_id": request_id,
        "input_tokens": tokens_in,
        "cache_read_tokens": read,
        "cache_write_5m_tokens": write,
        "cache_write_1h_tokens": None,
        "output_tokens": tokens_out,
        "reasoning_tokens": reasoning,
        "region": None,
        "service_tier": None,
        "quantities": None,
    }


def size(median: int, spread: float, largest: int, rng: Random) -> int:
    """Draw a log-normal count of tokens in 1..largest."""
    return max(1, min(largest, int(median * exp(rng.gauss(0.0, spread)))))


def cached(model: Model, tokens_in: int, rng: Random) -> tuple[int | None, int | None]:
    """Draw (read, written) cached tokens, together at most the input; None where not reported."""
    if not model.cache_hit_ratio:
        return None, None
    read = 0
    if rng.random() < model.cache_hit_ratio:
        read = int(tokens_in * rng.uniform(0.3, 0.95))
    if not model.cache_write_ratio:
        return read, None
    write = 0
    if rng.random() < model.cache_write_ratio:
        write = int((tokens_in - read) * rng.uniform(0.2, 0.9))
    return read, write

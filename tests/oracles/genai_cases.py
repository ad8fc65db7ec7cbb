"""Calls that both this product and the genai-prices library can price, from a map and its date."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from genai_prices import types as theirs
from genai_prices.data import providers

from schemas.decimals import ONE, to_bytes
from schemas.records import InferenceUsage
from streams.core.meters import TOKENS
from streams.core.price_book import PriceBook
from streams.core.windows import SECOND_US
from tests.builders.usage import call

# Providers by our name and by theirs, where the two price the same API.
PROVIDERS = {
    "anthropic": "anthropic",
    "aws.bedrock": "aws",
    "azure.ai.inference": "azure",
    "azure.ai.openai": "azure",
    "baseten": "baseten",
    "cerebras": "cerebras",
    "cloudflare": "cloudflare",
    "cohere": "cohere",
    "databricks": "databricks",
    "deepseek": "deepseek",
    "fireworks_ai": "fireworks",
    "gcp.gemini": "google",
    "gcp.vertex_ai": "google",
    "github_copilot": "github-copilot",
    "groq": "groq",
    "meta": "meta",
    "minimax": "minimax",
    "mistral_ai": "mistral",
    "moonshot": "moonshotai",
    "novita": "novita",
    "openai": "openai",
    "openrouter": "openrouter",
    "ovhcloud": "ovhcloud",
    "perplexity": "perplexity",
    "together_ai": "together",
    "typesafe": "typesafe",
    "voyage": "voyageai",
    "x_ai": "x-ai",
    "zai": "zai",
}
# A kind of tokens by our name, by their price's and by their usage's; parts of input or output.
PARTS = {
    "tokens.cache_read": ("cache_read_mtok", "cache_read_tokens"),
    "tokens.cache_write_5m": ("cache_write_mtok", "cache_write_tokens"),
    "tokens.cache_write_1h": ("cache_write_1h_mtok", "cache_write_1h_tokens"),
    "tokens.input_audio": ("input_audio_mtok", "input_audio_tokens"),
    "tokens.input_image": ("input_image_mtok", "input_image_tokens"),
    "tokens.output_audio": ("output_audio_mtok", "output_audio_tokens"),
    "tokens.reasoning": ("output_reasoning_mtok", "output_reasoning_tokens"),
}
# Those that usage events have a field for; others are among their quantities.
FIELDS = {
    "tokens.cache_read": "cache_read_tokens",
    "tokens.cache_write_5m": "cache_write_5m_tokens",
    "tokens.cache_write_1h": "cache_write_1h_tokens",
    "tokens.reasoning": "reasoning_tokens",
}
# Service tiers by our name, and how a request of theirs says so.
TIERS = {
    "batch": {"processing": "batch"},
    "priority": {"service_tier": "priority"},
    "flex": {"service_tier": "flex"},
    "fast": {"speed": "fast"},
}
WHOLE = {"tokens.input": "input_mtok", "tokens.output": "output_mtok"}
SMALL, LARGE, PART, ANSWER = 1_000, 9_000, 3_001, 777  # tokens; odd enough to tell kinds apart


@dataclass(frozen=True, slots=True)
class Case:
    """One call, as both count it."""

    provider: str
    model: str
    name: str
    tier: str | None
    tokens_in: int
    tokens_out: int
    parts: Mapping[str, int] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """What sets it apart from other calls to its model."""
        return f"{self.tier} {self.name}" if self.tier else self.name

    def event(self, at_us: int) -> InferenceUsage:
        """Return it as a usage event."""
        counts = {FIELDS[meter]: count for meter, count in self.parts.items() if meter in FIELDS}
        others = [
            {"meter": meter, "unit": "Tokens", "quantity": to_bytes(count * ONE)}
            for meter, count in self.parts.items()
            if meter not in FIELDS
        ]
        return call(
            at_us=at_us,
            provider=self.provider,
            model=self.model,
            service_tier=self.tier,
            input_tokens=self.tokens_in,
            output_tokens=self.tokens_out,
            quantities=others or None,
            **{name: counts.get(name) for name in FIELDS.values()},
        )


def cases_of(book: PriceBook, at: datetime) -> Iterator[tuple[Case, "Theirs"]]:
    """Yield calls to every model that both have prices of, in and out."""
    for provider, model in sorted({(p.provider or "", p.model) for p in book.prices}):
        other = find(provider, model)
        for tier in (None, *TIERS) if other else ():
            if other:
                named = Case(provider, model, "in and out", tier, SMALL, ANSWER)
                yield from ((case, other) for case in _cases(named, book, other, at))


def _cases(plain: Case, book: PriceBook, other: "Theirs", at: datetime) -> Iterator[Case]:
    """Yield a plain call, one with each part that both price, and two at each step in size."""
    prices = other.prices(at, plain.tier)
    rates = book.call_rates(plain.provider, plain.model, None, plain.tier)
    by_size = rates.at(int(at.timestamp()) * SECOND_US)
    ours = by_size.at(0)
    if prices is None or not all(
        (meter, TOKENS) in ours and has(prices, name) for meter, name in WHOLE.items()
    ):
        return
    yield plain
    both = [m for m, (name, _) in PARTS.items() if (m, TOKENS) in ours and has(prices, name)]
    for meter in both:
        parts = {meter: PART}
        yield replace(plain, name=meter, tokens_in=LARGE, tokens_out=LARGE, parts=parts)
    for tokens in (size for step in by_size.edges for size in (step - 1, step)):
        yield replace(plain, name=f"{tokens:,} in", tokens_in=tokens)
        if "tokens.cache_read" in both:
            parts = {"tokens.cache_read": PART}
            yield replace(plain, name=f"{tokens:,} in, cached", tokens_in=tokens, parts=parts)


def has(prices: theirs.ModelPrice, name: str) -> bool:
    """Whether they have a price."""
    return getattr(prices, name) is not None


@dataclass(frozen=True, slots=True)
class Theirs:
    """A model of theirs."""

    provider: theirs.Provider
    model: theirs.ModelInfo

    def prices(self, at: datetime, tier: str | None) -> theirs.ModelPrice | None:
        """Return the prices of a tier; None when they have none for it."""
        if tier is None:
            return self.model.get_prices(at)
        wanted = TIERS[tier]
        if not any(
            variant.when == wanted and (variant.constraint is None or variant.constraint.active(at))
            for variant in self.model.price_variants or ()
        ):
            return None
        return self.model.get_prices(at, wanted)

    def cost_pico(self, case: Case, at: datetime) -> int:
        """Return what they say a call costs, rounded half-even to 1e-12."""
        counts: dict[str, Any] = {"input_tokens": case.tokens_in, "output_tokens": case.tokens_out}
        counts |= {PARTS[meter][1]: count for meter, count in case.parts.items()}
        if "cache_write_1h_tokens" in counts:  # their name for all writes, whatever they live
            counts["cache_write_tokens"] = counts["cache_write_1h_tokens"]
        done = self.model.calc_price(
            theirs.Usage(**counts),
            self.provider,
            genai_request_timestamp=at,
            price_context=TIERS[case.tier] if case.tier else None,
        )
        cost_pico: int = round(done.total_price * ONE)
        return cost_pico


def find(provider: str, model: str) -> Theirs | None:
    """Return the model of theirs that has exactly this name, not one that looks like it."""
    found = next((each for each in providers if each.id == PROVIDERS.get(provider)), None)
    for each in found.models if found else ():
        if each.id == model or is_named(each.match, model):
            return Theirs(found, each) if found else None
    return None


def is_named(clause: object, model: str) -> bool:
    """Whether a clause of theirs names a model, and does not just match it."""
    if isinstance(clause, theirs.ClauseOr):
        return any(is_named(each, model) for each in clause.or_)
    return isinstance(clause, theirs.ClauseEquals) and clause.equals.lower() == model.lower()

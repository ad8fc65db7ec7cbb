"""Google's generateContent. Thoughts are beside the candidates, prompts of tools beside the prompt.

Cached content is inside the prompt. Every chunk of a stream repeats the usage; the last one counts.
Its `trafficType` names the tier. Keeping a cache is billed by the hour, apart from calls.
"""

from typing import Final

from agents.gateway.normalise.openai_chat import error_type
from agents.gateway.normalise.reading import Json, count, counts_only, name, part, parts
from agents.gateway.normalise.usage import Answer, Quantity, Usage, parts_of, total

KINDS: Final = ("AUDIO", "IMAGE", "VIDEO")
CACHED_KINDS: Final = ("AUDIO", "IMAGE")
TIERS: Final = "ON_DEMAND_"  # ON_DEMAND_PRIORITY is priority


def usage(raw: Json) -> Usage:
    """Read a `usageMetadata`. Raises Unfit."""
    thoughts = count(raw, "thoughtsTokenCount")
    candidates = count(raw, "candidatesTokenCount")
    if candidates is None:
        candidates = count(raw, "responseTokenCount")  # live API
    return Usage(
        input_tokens=total(count(raw, "promptTokenCount"), count(raw, "toolUsePromptTokenCount")),
        cache_read_tokens=count(raw, "cachedContentTokenCount"),
        output_tokens=total(candidates, thoughts),
        reasoning_tokens=thoughts,
        service_tier=_tier(raw),
        quantities=_kinds(raw),
        raw=counts_only(raw),
    )


def answer(body: Json) -> Answer:
    """Read a whole answer. Raises Unfit."""
    stream = Stream()
    stream.add(body)
    return stream.answer()


class Stream:
    """The chunks of one answer, added in order."""

    def __init__(self) -> None:
        self._response_id: str | None = None
        self._model: str | None = None
        self._usage: Json = {}
        self._error_type: str | None = None

    def add(self, chunk: Json) -> None:
        """Take what a chunk tells. Raises Unfit."""
        self._response_id = name(chunk, "responseId") or self._response_id
        self._model = name(chunk, "modelVersion") or self._model
        self._usage = part(chunk, "usageMetadata") or self._usage
        if chunk.get("error") is not None:
            self._error_type = error_type(chunk)

    def answer(self) -> Answer:
        """Return what was told so far. Raises Unfit."""
        return Answer(
            response_id=self._response_id,
            model=self._model,
            usage=usage(self._usage) if self._usage else None,
            error_type=self._error_type,
        )


def _kinds(raw: Json) -> tuple[Quantity, ...]:
    """Return the parts that may have prices of their own; those of the input are uncached."""
    prompt = _by_kind(raw, "promptTokensDetails", "toolUsePromptTokensDetails")
    cached = _by_kind(raw, "cacheTokensDetails")
    answered = _by_kind(raw, "candidatesTokensDetails", "responseTokensDetails")
    kinds: list[tuple[str, int | None]]
    kinds = [(f"input_{k.lower()}", prompt.get(k, 0) - cached.get(k, 0)) for k in KINDS]
    kinds += [(f"cache_read_{k.lower()}", cached.get(k)) for k in CACHED_KINDS]
    kinds += [(f"output_{k.lower()}", answered.get(k)) for k in KINDS]
    return parts_of(kinds)


def _by_kind(raw: Json, *lists: str) -> dict[str, int]:
    """Add up the tokens of each modality."""
    found: dict[str, int] = {}
    for each in (each for listed in lists for each in parts(raw, listed)):
        kind = name(each, "modality") or ""
        found[kind] = found.get(kind, 0) + (count(each, "tokenCount") or 0)
    return found


def _tier(raw: Json) -> str | None:
    traffic = name(raw, "trafficType")
    return None if traffic is None else traffic.removeprefix(TIERS).lower()

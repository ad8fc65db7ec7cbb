"""Anthropic's Messages. Cached tokens are beside the input and are added to it.

A stream tells usage in `message_start` and again, cumulatively, in each `message_delta`, which may
state the input anew, or as zero (envoyproxy/ai-gateway#2116, #2290): the largest of each counts,
once. Tokens of a compaction are not in the totals and are added (`beta_iterations_usage.py`,
anthropic-python 2.14); those of an advisor are another model's and stay in `raw`.
"""

from collections.abc import Mapping
from typing import Final

from agents.gateway.normalise.openai_chat import error_type
from agents.gateway.normalise.reading import Json, count, counts_only, name, part, parts
from agents.gateway.normalise.usage import Answer, Usage, some, total

REGULAR: Final = "standard"


def usage(raw: Json) -> Usage:
    """Read a usage object. Raises Unfit."""
    billed = [raw, *(each for each in parts(raw, "iterations") if each.get("type") == "compaction")]
    write_5m = total(*(_written_5m(each) for each in billed))
    write_1h = total(*(_written_1h(each) for each in billed))
    read = total(*(count(each, "cache_read_input_tokens") for each in billed))
    uncached = total(*(count(each, "input_tokens") for each in billed))
    searches = count(part(raw, "server_tool_use"), "web_search_requests")
    return Usage(
        input_tokens=total(uncached, read, write_5m, write_1h),
        cache_read_tokens=read,
        cache_write_5m_tokens=write_5m,
        cache_write_1h_tokens=write_1h,
        output_tokens=total(*(count(each, "output_tokens") for each in billed)),
        reasoning_tokens=count(part(raw, "output_tokens_details"), "thinking_tokens"),
        region=region_of(raw),
        service_tier=tier_of(raw),
        quantities=some(("call.web_searches", "Queries", searches)),
        raw=counts_only(raw),
    )


def answer(body: Json) -> Answer:
    """Read a whole message. Raises Unfit."""
    told = part(body, "usage")
    return Answer(
        response_id=name(body, "id"),
        model=name(body, "model"),
        usage=usage(told) if told else None,
        error_type=error_type(body) if body.get("error") is not None else None,
    )


class Stream:
    """The events of one message, added in order."""

    def __init__(self) -> None:
        self._message: Json = {}
        self._usage: dict[str, object] = {}

    def add(self, event: Json) -> None:
        """Take what an event tells. Raises Unfit."""
        match event.get("type"):
            case "message_start":
                self._message = part(event, "message")
                _raise_to(self._usage, part(self._message, "usage"))
            case "message_delta":
                _raise_to(self._usage, part(event, "usage"))
            case "error":
                self._message = {**self._message, "error": event.get("error")}

    def answer(self) -> Answer:
        """Return what was told so far. Raises Unfit."""
        return answer({**self._message, "usage": self._usage})


def _raise_to(known: dict[str, object], told: Json) -> None:
    """Bring cumulative counts up to what was told; words and lists are replaced."""
    for field, value in told.items():
        before = known.get(field)
        match before, value:
            case int(), int():
                known[field] = max(before, value)
            case dict(), Mapping():
                _raise_to(before, value)
            case _, Mapping():
                known[field] = dict(value)
            case _, None:
                pass
            case _:
                known[field] = value


def _written_5m(raw: Json) -> int | None:
    """Return what was written for five minutes; all of it, where lifetimes are not told apart."""
    split = part(raw, "cache_creation")
    if split:
        return count(split, "ephemeral_5m_input_tokens")
    return count(raw, "cache_creation_input_tokens")


def _written_1h(raw: Json) -> int | None:
    return count(part(raw, "cache_creation"), "ephemeral_1h_input_tokens")


def region_of(raw: Json) -> str | None:
    """Return where it ran, when that has a price of its own."""
    geo = name(raw, "inference_geo")
    return None if geo in {"global", "not_available"} else geo


def tier_of(raw: Json) -> str | None:
    """Return the tier; fast is one, though it stands in a field of its own."""
    tier, speed = name(raw, "service_tier"), name(raw, "speed")
    return speed if speed not in {None, REGULAR} and tier in {None, REGULAR} else tier

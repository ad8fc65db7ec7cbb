"""OpenAI's Responses. Usage is in the terminal event, whichever it is.

`response.completed`, `.incomplete` and `.failed` all carry it (envoyproxy/ai-gateway#2184).
"""

from typing import Final

from agents.gateway.normalise.openai_chat import error_type
from agents.gateway.normalise.openai_usage import usage
from agents.gateway.normalise.reading import Json, name, part, parts
from agents.gateway.normalise.usage import Answer, Quantity, some

SEARCH: Final = "web_search_call"


def answer(body: Json) -> Answer:
    """Read a whole response. Raises Unfit."""
    told = part(body, "usage")
    tier = name(body, "service_tier")
    read = usage(told, tier) if told else None
    return Answer(
        response_id=name(body, "id"),
        model=name(body, "model"),
        usage=read and read.plus(_searches(body)),
        error_type=error_type(body) if body.get("error") is not None else None,
    )


class Stream:
    """The events of one response, added in order."""

    def __init__(self) -> None:
        self._answer = Answer()

    def add(self, event: Json) -> None:
        """Take what an event tells: the last response tells all. Raises Unfit."""
        response = part(event, "response")
        if response:
            self._answer = answer(response)
        elif event.get("type") == "error":
            self._answer = Answer(error_type=name(event, "code") or "error")

    def answer(self) -> Answer:
        """Return what was told so far."""
        return self._answer


def _searches(body: Json) -> tuple[Quantity, ...]:
    """Return the searches of the web, which are billed beside the tokens."""
    calls = [each for each in parts(body, "output") if each.get("type") == SEARCH]
    return some(("call.web_searches", "Queries", len(calls)))

"""Which paths are calls of a model, and which dialect their answers are in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from agents.gateway.normalise import anthropic, openai_chat, openai_images, openai_responses
from agents.gateway.normalise.usage import Answer


class Stream(Protocol):
    """Puts an answer together from its events."""

    def add(self, event: Mapping[str, object], /) -> None:
        """Take what an event tells. Raises Unfit."""

    def answer(self) -> Answer:
        """Return what was told so far. Raises Unfit."""


TELLING_BYTES: Final = 16 * 1024
WHOLE_BYTES: Final = 256 * 1024  # the last event of a response repeats all of it


@dataclass(frozen=True, slots=True)
class Route:
    """One kind of call. `stream` None: it is answered in one piece only.

    `tail_bytes`: how much of a stream's end is kept; so long may the event be that tells of usage.
    """

    operation: str
    answer: Callable[[Mapping[str, object]], Answer]
    stream: Callable[[], Stream] | None = None
    tail_bytes: int = TELLING_BYTES


CHAT: Final = Route("chat", openai_chat.answer, openai_chat.Stream)
# By the end of the path, so that a server may have a prefix of its own before it.
ROUTES: Final[Mapping[str, Route]] = {
    "/chat/completions": CHAT,
    "/completions": Route("text_completion", openai_chat.answer, openai_chat.Stream),
    "/embeddings": Route("embeddings", openai_chat.answer),
    "/responses": Route("chat", openai_responses.answer, openai_responses.Stream, WHOLE_BYTES),
    "/v1/messages": Route("chat", anthropic.answer, anthropic.Stream),
    "/images/generations": Route("image", openai_images.images),
    "/images/edits": Route("image", openai_images.images),
    "/images/variations": Route("image", openai_images.images),
    "/audio/transcriptions": Route("transcription", openai_images.transcription),
    "/audio/translations": Route("transcription", openai_images.transcription),
}


def route_of(path: str) -> Route | None:
    """Return what a path is; None: not a call of a model."""
    return next((route for end, route in ROUTES.items() if path.endswith(end)), None)

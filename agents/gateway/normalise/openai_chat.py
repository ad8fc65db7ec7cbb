"""OpenAI's Chat Completions, Completions and Embeddings, as many others serve them.

A stream tells its usage in the last chunk, and only if the request asked for it
(`stream_options.include_usage`); vLLM's `continuous_usage_stats` repeats it in every chunk, each
replacing the one before. Without it there is no usage: none is guessed.
"""

from agents.gateway.normalise.openai_usage import usage
from agents.gateway.normalise.reading import Json, name, part
from agents.gateway.normalise.usage import Answer, Usage


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
        self._tier: str | None = None
        self._usage: Json = {}
        self._error_type: str | None = None

    def add(self, chunk: Json) -> None:
        """Take what a chunk tells. Raises Unfit."""
        self._response_id = name(chunk, "id") or self._response_id
        self._model = name(chunk, "model") or self._model
        self._tier = name(chunk, "service_tier") or self._tier
        self._usage = part(chunk, "usage") or self._usage
        if chunk.get("error") is not None:
            self._error_type = error_type(chunk)

    def answer(self) -> Answer:
        """Return what was told so far. Raises Unfit."""
        return Answer(
            response_id=self._response_id,
            model=self._model,
            usage=self._read(),
            error_type=self._error_type,
        )

    def _read(self) -> Usage | None:
        return usage(self._usage, self._tier) if self._usage else None


def error_type(body: Json) -> str:
    """Return the class of an error that an answer holds in place of a result."""
    error = body.get("error")
    found = (name(error, "type") or name(error, "code")) if isinstance(error, dict) else None
    return found or "error"

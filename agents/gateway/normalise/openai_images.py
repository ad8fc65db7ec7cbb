"""OpenAI's Images and Audio: billed by tokens where an answer tells them, else by the piece.

Output tokens of images are image tokens unless the details split them (`images_response.py`,
openai-python 2.54). The answers of speech are audio and say nothing of usage.
"""

from agents.gateway.normalise.openai_usage import usage
from agents.gateway.normalise.reading import Json, count, part, parts
from agents.gateway.normalise.usage import Answer, Usage, some


def images(body: Json) -> Answer:
    """Read what generating, editing or varying images used. Raises Unfit."""
    told = part(body, "usage")
    if told:
        return Answer(usage=_by_tokens(told))
    made = len(parts(body, "data"))
    by_image = some(("call.images_output", "Images", made))
    return Answer(usage=Usage(quantities=by_image) if made else None)


def transcription(body: Json) -> Answer:
    """Read what a transcription or translation used. Raises Unfit."""
    told = part(body, "usage")
    return Answer(usage=usage(told) if told else None)


def _by_tokens(told: Json) -> Usage:
    read = usage(told)
    if part(told, "output_tokens_details"):
        return read
    return read.plus(some(("tokens.output_image", "Tokens", count(told, "output_tokens"))))

"""A model server that speaks OpenAI's and Anthropic's protocols, and writes down what it counted.

A pure ASGI application, run in the peers' environment. Every call has other counts. Models whose
name begins with `fail-<code>` fail with that code; `flaky` fails every other time. The ledger is a
file of JSON lines, one an answer: the independent truth that tests compare with.
"""

import asyncio
import itertools
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ANSWER = "the ANSWERCANARY of the model"
ENDLESS = "endless"  # streams until the client leaves
CUMULATIVE = "claude-cumulative"  # tells usage in more than one delta
WORDS = 8  # chunks of a stream
PAUSE_S = 0.01  # between them, so that a client can leave in the middle
JSON = b"application/json"
SSE = b"text/event-stream"

Json = dict[str, Any]
Send = Callable[[Json], Awaitable[None]]
numbers = itertools.count(1)
flaky = itertools.count()


@dataclass(slots=True)
class Served:
    """One answer, and what it counted."""

    number: int
    path: str
    model: str
    response_id: str
    is_stream: bool
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    reasoning_tokens: int
    status: int = 200
    is_aborted: bool = False
    told_usage: bool = True

    def write(self) -> None:
        line = json.dumps(asdict(self)) + "\n"
        with Path(os.environ["UPSTREAM_LEDGER"]).open("a", encoding="utf-8") as ledger:
            ledger.write(line)


def served(path: str, body: Json) -> Served:
    """Return a new answer. Counts are primes' multiples, so that no two sums are alike."""
    number = next(numbers)
    is_message = path.endswith("/messages")
    return Served(
        number=number,
        path=path,
        model=f"{body['model']}-dated",
        response_id=f"{'msg' if is_message else 'chatcmpl'}-up-{os.getpid()}-{number}",
        is_stream=bool(body.get("stream")),
        input_tokens=1009 + 13 * number,
        cached_tokens=101 + 7 * number,
        output_tokens=0 if path.endswith("/embeddings") else 53 + 3 * number,
        reasoning_tokens=11 + number if counts_reasoning(path) else 0,
    )


def counts_reasoning(path: str) -> bool:
    """Tell whether usage of a path has reasoning apart."""
    return path.endswith(("/completions", "/responses"))


async def app(scope: Json, receive: Callable[[], Awaitable[Json]], send: Send) -> None:
    """Serve one request."""
    if scope["type"] != "http":
        return
    body = json.loads(await whole(receive) or b"{}")
    path = scope["path"]
    if "model" not in body:
        await answer(send, {"ready": True})
        return
    answered = served(path, body)
    code = failure(body["model"])
    if code:
        answered.status = code
        await answer(send, {"error": {"message": json.dumps(body), "type": f"e{code}"}}, code)
    elif answered.is_stream:
        options = body.get("stream_options") or {}
        answered.told_usage = not path.endswith("completions") or bool(options.get("include_usage"))
        await stream(send, receive, answered)
    else:
        await answer(send, whole_answer(answered))
    answered.write()


def failure(model: str) -> int:
    """Return the code a model fails with, 0 when it does not."""
    if model.startswith("fail-"):
        return int(model.removeprefix("fail-"))
    return 500 if model == "flaky" and next(flaky) % 2 == 0 else 0


async def whole(receive: Callable[[], Awaitable[Any]]) -> bytes:
    """Return the body of a request."""
    data: bytes = b""
    while True:
        message = await receive()
        data += message.get("body", b"")
        if not message.get("more_body"):
            return data


async def answer(send: Send, body: Json, code: int = 200) -> None:
    """Answer in one piece."""
    await start(send, JSON, code)
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})


async def start(send: Send, kind: bytes, code: int = 200) -> None:
    """Begin an answer."""
    headers = [(b"content-type", kind)]
    await send({"type": "http.response.start", "status": code, "headers": headers})


async def stream(send: Send, receive: Callable[[], Awaitable[Json]], answered: Served) -> None:
    """Answer chunk by chunk, until the client leaves."""
    gone = asyncio.ensure_future(receive())
    await start(send, SSE)
    async for event in paced(events(answered)):
        if gone.done():
            answered.is_aborted = True
            return
        await send({"type": "http.response.body", "body": event, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
    gone.cancel()


async def paced(all_of: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Yield events with pauses."""
    for event in all_of:
        yield event
        await asyncio.sleep(PAUSE_S)


def events(answered: Served) -> Iterator[bytes]:
    """Return the events of a stream in the dialect of its path."""
    if answered.path.endswith("/messages"):
        return message_events(answered)
    if answered.path.endswith("/responses"):
        return response_events(answered)
    return chat_events(answered)


def data(told: Json, event: str | None = None) -> bytes:
    """Return a server-sent event."""
    name = f"event: {event}\n" if event else ""
    return f"{name}data: {json.dumps(told)}\n\n".encode()


def openai_usage(answered: Served) -> Json:
    """Return usage as chats have it."""
    told: Json = {
        "prompt_tokens": answered.input_tokens,
        "total_tokens": answered.input_tokens + answered.output_tokens,
    }
    if answered.path.endswith("/embeddings"):
        return told
    return {
        **told,
        "completion_tokens": answered.output_tokens,
        "prompt_tokens_details": {"cached_tokens": answered.cached_tokens},
        "completion_tokens_details": {"reasoning_tokens": answered.reasoning_tokens},
    }


def response_usage(answered: Served) -> Json:
    """Return usage as responses have it."""
    return {
        "input_tokens": answered.input_tokens,
        "input_tokens_details": {"cached_tokens": answered.cached_tokens, "cache_write_tokens": 0},
        "output_tokens": answered.output_tokens,
        "output_tokens_details": {"reasoning_tokens": answered.reasoning_tokens},
        "total_tokens": answered.input_tokens + answered.output_tokens,
    }


def message_usage(answered: Served, output: int) -> Json:
    """Return usage as messages have it: cached tokens beside the input."""
    return {
        "input_tokens": answered.input_tokens - answered.cached_tokens,
        "cache_read_input_tokens": answered.cached_tokens,
        "cache_creation_input_tokens": 0,
        "output_tokens": output,
    }


def whole_answer(answered: Served) -> Json:
    """Return an answer in one piece."""
    head = {"id": answered.response_id, "model": answered.model, "created": 1}
    if answered.path.endswith("/messages"):
        return {**message(answered), "content": [{"type": "text", "text": ANSWER}],
                "stop_reason": "end_turn",
                "usage": message_usage(answered, answered.output_tokens)}  # fmt: skip
    if answered.path.endswith("/responses"):
        return response(answered, "completed", response_usage(answered))
    if answered.path.endswith("/embeddings"):
        vector = {"object": "embedding", "index": 0, "embedding": [0.5, 0.25]}
        return {"object": "list", "model": answered.model, "data": [vector],
                "usage": openai_usage(answered)}  # fmt: skip
    choice = {"index": 0, "message": {"role": "assistant", "content": ANSWER},
              "finish_reason": "stop"}  # fmt: skip
    return {**head, "object": "chat.completion", "choices": [choice],
            "usage": openai_usage(answered)}  # fmt: skip


def chat_events(answered: Served) -> Iterator[bytes]:
    """Yield the chunks of a chat; usage at the end, if it was asked for."""
    head = {"id": answered.response_id, "object": "chat.completion.chunk", "created": 1,
            "model": answered.model}  # fmt: skip
    words = itertools.count() if answered.model.startswith(ENDLESS) else range(WORDS)
    for word in words:
        delta = {"role": "assistant", "content": f"ANSWERCANARY-{word} "}
        yield data({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
    yield data({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    if answered.told_usage:
        yield data({**head, "choices": [], "usage": openai_usage(answered)})
    yield b"data: [DONE]\n\n"


def message(answered: Served) -> Json:
    """Return what every message begins with."""
    return {"id": answered.response_id, "type": "message", "role": "assistant",
            "model": answered.model, "content": [], "stop_reason": None,
            "stop_sequence": None, "usage": message_usage(answered, 1)}  # fmt: skip


def message_events(answered: Served) -> Iterator[bytes]:
    """Yield the events of a message; usage is cumulative."""
    yield data({"type": "message_start", "message": message(answered)}, "message_start")
    empty = {"type": "text", "text": ""}
    block = {"type": "content_block_start", "index": 0, "content_block": empty}
    yield data(block, "content_block_start")
    for word in range(WORDS):
        text = {"type": "text_delta", "text": f"ANSWERCANARY-{word} "}
        told = {"type": "content_block_delta", "index": 0, "delta": text}
        yield data(told, "content_block_delta")
    yield data({"type": "content_block_stop", "index": 0}, "content_block_stop")
    total = answered.output_tokens
    outputs = (total // 2, total) if answered.model.startswith(CUMULATIVE) else (total,)
    for output in outputs:
        delta = {"type": "message_delta", "delta": {"stop_reason": "end_turn"},
                 "usage": message_usage(answered, output)}  # fmt: skip
        yield data(delta, "message_delta")
    yield data({"type": "message_stop"}, "message_stop")


def response(answered: Served, status: str, usage: Json | None) -> Json:
    """Return a response of OpenAI's newer API."""
    text = {"type": "output_text", "text": ANSWER, "annotations": []}
    output = {"type": "message", "id": "m", "role": "assistant", "status": "completed",
              "content": [text]}  # fmt: skip
    return {"id": answered.response_id, "object": "response", "created_at": 1, "status": status,
            "model": answered.model, "output": [output], "parallel_tool_calls": True,
            "tool_choice": "auto", "tools": [], "usage": usage}  # fmt: skip


def response_events(answered: Served) -> Iterator[bytes]:
    """Yield the events of a response; the last one carries usage."""
    created = {"type": "response.created", "sequence_number": 0,
               "response": response(answered, "in_progress", None)}  # fmt: skip
    yield data(created, "response.created")
    for word in range(WORDS):
        delta = {"type": "response.output_text.delta", "sequence_number": word + 1,
                 "item_id": "m", "output_index": 0, "content_index": 0,
                 "delta": f"ANSWERCANARY-{word} ", "logprobs": []}  # fmt: skip
        yield data(delta, "response.output_text.delta")
    completed = {"type": "response.completed", "sequence_number": WORDS + 1,
                 "response": response(answered, "completed", response_usage(answered))}  # fmt: skip
    yield data(completed, "response.completed")

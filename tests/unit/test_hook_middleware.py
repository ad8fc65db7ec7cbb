"""The middleware: not a byte is changed or held back, and what the server told is what is told."""

import asyncio
import gzip
import json
import threading
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from agents.gateway.normalise.usage import Answer
from agents.outbox.outbox import Outbox, OutboxConfig
from apportion_hook import Hook
from apportion_hook.asgi import App, Payer, Receive, Scope, Send, UsageMiddleware
from apportion_hook.exchange import Exchange, Message
from apportion_hook.hook import MOST_UNMADE
from apportion_hook.routes import CHAT, ROUTES
from schemas.records import InferenceUsage
from tests.hook_parts import (
    CONFIG,
    Client,
    KeptOutbox,
    UnreadOutbox,
    answering,
    metered,
    run,
    scope_of,
)
from tests.outbox_parts import RECORD, FakeChannel, decode

PROMPT = json.dumps({"model": "asked-for", "messages": [{"content": "my SECRET"}]}).encode()
USAGE = {"prompt_tokens": 1200, "completion_tokens": 80, "total_tokens": 1280,
         "prompt_tokens_details": {"cached_tokens": 1024}}  # fmt: skip
ANSWER = json.dumps({
    "id": "chatcmpl-1", "model": "llama-70b", "choices": [{"message": {"content": "a SECRET"}}],
    "usage": USAGE,
}).encode()  # fmt: skip
JSON = [(b"content-type", b"application/json")]
SSE = [(b"Content-Type", b"text/event-stream; charset=utf-8")]


def chunk(**fields: Any) -> bytes:  # noqa: ANN401 - JSON
    told = {"id": "chatcmpl-2", "model": "llama-70b", "choices": [], **fields}
    return b"data: " + json.dumps(told).encode() + b"\n\n"


WORD = chunk(choices=[{"delta": {"content": "a SECRET"}}], usage=None)
STREAM = [WORD, WORD, chunk(usage=USAGE), b"data: [DONE]\n\n"]


def told(
    app: App, client: Client, path: str = "/v1/chat/completions", **options: Any  # noqa: ANN401
) -> InferenceUsage:  # fmt: skip
    outbox = KeptOutbox()
    run(metered(app, outbox, **options), client, path)
    [event] = outbox.events
    assert "SECRET" not in repr(event)
    return event


def counts(event: Mapping[str, object]) -> tuple[object, ...]:
    return (event["input_tokens"], event["output_tokens"], event["cache_read_tokens"],
            event["usage_source"])  # fmt: skip


COUNTED = (1200, 80, 1024, "provider")


@pytest.mark.parametrize("whole", [ANSWER, b"".join(STREAM)])
@pytest.mark.parametrize("size", [1, 7, 100, 10_000])
def test_not_a_byte_nor_a_boundary_is_changed(whole: bytes, size: int) -> None:
    chunks = [whole[at : at + size] for at in range(0, len(whole), size)]
    headers = SSE if whole is not ANSWER else JSON
    plain, seen = Client(PROMPT), Client(PROMPT)
    app = answering(*chunks, headers=headers)
    run(app, plain)
    run(metered(app, outbox := KeptOutbox()), seen)
    assert seen.copies == plain.copies
    assert [message["body"] for message in seen.messages[1:]] == chunks
    assert [counts(event) for event in outbox.events] == [COUNTED]


def test_a_message_is_passed_on_before_it_is_looked_at() -> None:
    order: list[str] = []

    class Watched(Client):
        async def send(self, message: Any) -> None:  # noqa: ANN401 - a message of ASGI
            order.append("sent")
            await super().send(message)

    outbox = KeptOutbox()
    middleware = metered(answering(ANSWER, headers=JSON), outbox)
    middleware._look = lambda *_: order.append("looked")  # type: ignore[method-assign]
    run(middleware, Watched(PROMPT))
    assert [each for each in order if each == "sent"] == ["sent", "sent"]
    assert order == ["looked", "sent", "looked", "sent", "looked"]  # the first is the request


def test_a_json_answer_is_told() -> None:
    event = told(answering(ANSWER, headers=JSON), Client(PROMPT), endpoint="llama-prod")
    assert counts(event) == COUNTED
    assert (event["tenant"], event["provider"], event["model"]) == ("acme", "vllm", "llama-70b")
    assert (event["endpoint"], event["response_id"]) == ("llama-prod", "chatcmpl-1")
    assert (event["status"], event["is_stream"], event["operation"]) == ("ok", False, "chat")
    assert event["first_token_at_us"] is None
    assert (event["started_at_us"] or 0) <= event["at_us"]


def test_a_stream_is_told_from_what_it_told() -> None:
    event = told(answering(*STREAM, headers=SSE), Client(PROMPT))
    assert counts(event) == COUNTED
    assert event["is_stream"] is True
    assert (event["started_at_us"] or 0) <= (event["first_token_at_us"] or 0) <= event["at_us"]


def test_a_stream_that_was_not_asked_for_usage_has_none_and_none_is_guessed() -> None:
    event = told(answering(WORD, WORD, b"data: [DONE]\n\n", headers=SSE), Client(PROMPT))
    assert counts(event) == (None, None, None, "none")
    assert event["status"] == "ok"


PACKERS = {
    b"gzip": gzip.compress,
    b"deflate": zlib.compress,
    b"identity": lambda data: data,
}


@pytest.mark.parametrize("encoding", PACKERS)
@pytest.mark.parametrize(("body", "headers"), [(ANSWER, JSON), (b"".join(STREAM), SSE)])
def test_a_compressed_answer_is_read(
    encoding: bytes, body: bytes, headers: list[tuple[bytes, bytes]]
) -> None:
    packed = PACKERS[encoding](body)
    chunks = [packed[at : at + 11] for at in range(0, len(packed), 11)]
    app = answering(*chunks, headers=[*headers, (b"content-encoding", encoding)])
    assert counts(told(app, Client(PROMPT))) == COUNTED


@pytest.mark.parametrize("encoding", [b"br", b"zstd", b"gzip"])
def test_what_cannot_be_unpacked_has_no_usage(encoding: bytes) -> None:
    app = answering(b"\x1f\x8bno", b"thing", headers=[*JSON, (b"content-encoding", encoding)])
    assert counts(told(app, Client(PROMPT))) == (None, None, None, "none")


def test_a_bomb_is_unpacked_no_further_than_a_bound() -> None:
    packed = gzip.compress(b"[" + b"0," * 50_000_000 + b"0]", compresslevel=1)
    app = answering(packed, headers=[*JSON, (b"content-encoding", b"gzip")])
    assert counts(told(app, Client(PROMPT))) == (None, None, None, "none")


def test_a_huge_answer_is_read_at_its_ends() -> None:
    body = json.loads(ANSWER)
    body["choices"] = [{"logprobs": [0.125] * 100}] * 5000
    whole = json.dumps(body).encode()
    assert len(whole) > 3_000_000
    chunks = [whole[at : at + 65_536] for at in range(0, len(whole), 65_536)]
    assert counts(told(answering(*chunks, headers=JSON), Client(PROMPT))) == COUNTED


def test_what_is_held_of_a_long_stream_is_little_and_tells_all() -> None:
    """Many are under way at the same time; a response's last event repeats all of it."""
    chat = [WORD] * 5_000 + STREAM[-2:]
    assert counts(told(answering(*chat, headers=SSE), Client(PROMPT))) == COUNTED
    response = {"id": "r", "model": "m", "output": [{"type": "message", "text": "x" * 200_000}],
                "usage": {"input_tokens": 3, "output_tokens": 4}}  # fmt: skip
    last = json.dumps({"type": "response.completed", "response": response}).encode()
    delta = b'data: {"type": "response.output_text.delta", "delta": "a SECRET"}\n\n'
    stream = [*[delta] * 5_000, b"data: " + last + b"\n\n"]
    event = told(answering(*stream, headers=SSE), Client(PROMPT), "/v1/responses")
    assert counts(event) == (3, 4, None, "provider")
    assert (CHAT.tail_bytes, ROUTES["/responses"].tail_bytes) == (16 * 1024, 256 * 1024)


def test_a_client_that_leaves_is_told_with_what_came_until_then() -> None:
    so_far = chunk(usage={"prompt_tokens": 1200, "completion_tokens": 2})
    app = answering(WORD, so_far, WORD, WORD, headers=SSE)
    client = Client(PROMPT, leaves_after=4)
    outbox = KeptOutbox()
    with pytest.raises(OSError, match="the client has gone"):
        run(metered(app, outbox), client)
    [event] = outbox.events
    assert (event["status"], event["error_type"]) == ("client_disconnect", None)
    assert counts(event) == (1200, 2, None, "provider")


def test_a_disconnect_that_the_server_notices_is_one() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        scope["state"] = {"tenant": "acme"}
        await send({"type": "http.response.start", "status": 200, "headers": SSE})
        await send({"type": "http.response.body", "body": WORD, "more_body": True})
        assert (await receive())["type"] == "http.disconnect"

    event = told(app, Client(PROMPT))
    assert (event["status"], event["usage_source"]) == ("client_disconnect", "none")


LAST_EVENTS = [
    b"data: [DONE]\n\n",
    b'event: message_stop\ndata: {"type": "message_stop"}\n\n',
    b'data: {"type":"response.incomplete","response":{"id":"r"}}\n\n',
]


@pytest.mark.parametrize("last", LAST_EVENTS)
def test_a_client_that_leaves_with_the_last_event_had_its_answer(last: bytes) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await answering(WORD, headers=SSE)(scope, receive, sending(send, last))
        assert (await receive())["type"] == "http.disconnect"

    assert told(app, Client(PROMPT))["status"] == "ok"


def sending(send: Send, last: bytes) -> Send:
    """Return a way to send one more event, and never the end of the body."""

    async def more(message: Message) -> None:
        await send({**message, "more_body": True} if "body" in message else message)
        if "body" in message:
            await send({"type": "http.response.body", "body": last, "more_body": True})

    return more


def test_a_disconnect_after_the_answer_is_none() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await answering(ANSWER, headers=JSON)(scope, receive, send)
        assert (await receive())["type"] == "http.disconnect"

    assert told(app, Client(PROMPT))["status"] == "ok"


@pytest.mark.parametrize(
    ("code", "status"),
    [(429, "rate_limited"), (500, "error"), (503, "error"), (504, "timeout"), (408, "timeout")],
)
def test_a_failed_attempt_is_told_with_the_model_that_was_asked_for(code: int, status: str) -> None:
    body = json.dumps({"error": {"message": "a SECRET", "type": "server_error"}}).encode()
    event = told(answering(body, status=code, headers=JSON), Client(PROMPT))
    assert (event["status"], event["error_type"]) == (status, "server_error")
    assert (event["model"], counts(event)) == ("asked-for", (None, None, None, "none"))


@pytest.mark.parametrize("code", [400, 401, 403, 404, 307])
def test_what_was_refused_before_a_model_was_called_is_no_attempt(code: int) -> None:
    outbox = KeptOutbox()
    run(metered(answering(b"{}", status=code), outbox), Client(PROMPT))
    assert outbox.events == []


def test_the_model_of_a_large_failed_request_is_the_servers_or_unknown() -> None:
    failing = answering(b"{}", status=500, headers=JSON)
    large = [PROMPT[:-1], b" " * 20_000, b"}"]
    assert told(failing, Client(*large))["model"] == "unknown"
    assert told(failing, Client(*large), model="llama-70b")["model"] == "llama-70b"


@pytest.mark.parametrize("model", ["m" * 10_000, "\ud800", "my SECRET", 7])
def test_a_model_that_no_event_can_have_does_not_hide_a_failed_call(model: object) -> None:
    failing = answering(b"{}", status=500, headers=JSON)
    asked = json.dumps({"model": model}).encode()
    assert told(failing, Client(asked))["model"] == "unknown"


def test_an_application_that_fails_is_told_and_fails_as_before() -> None:
    async def app(scope: Scope, *_: object) -> None:
        scope["state"] = {"tenant": "acme"}
        raise LookupError("my SECRET")

    outbox = KeptOutbox()
    with pytest.raises(LookupError):
        run(metered(app, outbox), Client(PROMPT))
    [event] = outbox.events
    assert (event["status"], event["error_type"]) == ("error", "LookupError")


@pytest.mark.parametrize(
    ("path", "method", "kind"),
    [("/v1/models", "POST", "http"), ("/v1/threads/t/messages", "POST", "http"),
     ("/v1/chat/completions", "GET", "http"),
     ("/health", "GET", "http"), ("/v1/realtime", "POST", "websocket"), ("", "", "lifespan")],
)  # fmt: skip
def test_what_is_no_call_of_a_model_passes_untouched(path: str, method: str, kind: str) -> None:
    async def app(_: Scope, receive: Receive, send: Send) -> None:
        assert (receive, send) == (client.receive, client.send)

    outbox, client = KeptOutbox(), Client()
    asyncio.run(metered(app, outbox)(scope_of(path, method, kind), client.receive, client.send))
    assert outbox.events == []


@pytest.mark.parametrize(
    ("path", "body", "operation", "expected"),
    [
        ("/v1/embeddings", {"model": "e", "usage": {"prompt_tokens": 8, "total_tokens": 8}},
         "embeddings", (8, None)),
        ("/v1/completions", {"model": "m", "usage": USAGE}, "text_completion", (1200, 80)),
        ("/v1/responses", {"model": "m", "usage": {"input_tokens": 3, "output_tokens": 4}},
         "chat", (3, 4)),
        ("/v1/messages", {"model": "c", "usage": {"input_tokens": 3, "output_tokens": 4,
         "cache_read_input_tokens": 7}}, "chat", (10, 4)),
        ("/openai/deployments/x/chat/completions", {"model": "m", "usage": USAGE}, "chat",
         (1200, 80)),
    ],
)  # fmt: skip
def test_every_kind_of_call_is_read_in_its_dialect(
    path: str, body: dict[str, Any], operation: str, expected: tuple[int | None, int | None]
) -> None:
    event = told(answering(json.dumps(body).encode(), headers=JSON), Client(PROMPT), path)
    assert event["operation"] == operation
    assert (event["input_tokens"], event["output_tokens"]) == expected


def test_who_pays_is_asked_once_the_application_has_authenticated() -> None:
    event = told(answering(ANSWER, headers=JSON), Client(PROMPT), project=lambda _: "search")
    assert (event["tenant"], event["project"]) == ("acme", "search")


@pytest.mark.parametrize("payer", [lambda _: 1 // 0, lambda _: 7, lambda _: "x" * 1_000])
def test_a_payer_that_fails_costs_nobody_the_call(payer: Payer) -> None:
    outbox = KeptOutbox()
    middleware = metered(answering(ANSWER, headers=JSON), outbox, tenant=payer)
    run(middleware, Client(PROMPT))
    assert [event["tenant"] for event in outbox.events] == [None]
    assert middleware._hook.refused == {"payer_failed": 1}


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the threads that read answers, in order."""
    names: list[str] = []
    read = Exchange.answer

    def answer(exchange: Exchange) -> Answer:
        names.append(threading.current_thread().name)
        return read(exchange)

    monkeypatch.setattr(Exchange, "answer", answer)
    return names


def test_an_answer_is_read_beside_the_request_path(tmp_path: Path, threads: list[str]) -> None:
    config = OutboxConfig(
        path=tmp_path / "outbox", source="gw-0", topic="t", record=RECORD, kafka={}
    )
    hook = Hook(CONFIG, opened=lambda _: Outbox(config, channel=channel))
    channel = FakeChannel()
    hook.open()
    run(
        UsageMiddleware(answering(*STREAM, headers=SSE), hook=hook, provider="vllm"), Client(PROMPT)
    )
    hook.close()
    assert threads == ["outbox-gw-0"]
    [batch] = channel.log
    assert [counts(event) for event in decode(batch.payload)["events"]] == [COUNTED]


def test_where_many_answers_wait_the_next_is_read_at_once(threads: list[str]) -> None:
    outbox = UnreadOutbox()
    app = metered(answering(ANSWER, headers=JSON), outbox)
    for _ in range(MOST_UNMADE + 2):
        run(app, Client(PROMPT))
    assert len(threads) == 2
    assert [counts(event) for event in outbox.unread] == [COUNTED] * (MOST_UNMADE + 2)


@pytest.mark.parametrize(
    "body",
    [b'{"usage": {"prompt_tokens": "my SECRET"}}', b'{"usage": "my SECRET"}', b"[1", b""],
)
def test_an_unreadable_answer_is_passed_on_and_counted(
    body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    client = Client(PROMPT)
    event = told(answering(body, headers=JSON), client)
    assert client.copies[-1]["body"] == body
    assert counts(event) == (None, None, None, "none")
    assert "SECRET" not in caplog.text

"""Pieces for the tests of the hook: an outbox in memory, and an ASGI server with a hasty client."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from agents.outbox.limits import Limits
from agents.outbox.outbox import Outbox
from agents.outbox.stats import Left, Stats
from apportion_hook import Hook, HookConfig
from apportion_hook.asgi import App, Receive, Scope, Send, UsageMiddleware
from apportion_hook.exchange import Message
from schemas.codec import Codec
from schemas.records import InferenceUsage

CONFIG = HookConfig(source="gw", directory=Path("/nowhere"), kafka={})


@dataclass
class KeptOutbox:
    """Takes events and keeps them, as the wire would have them."""

    room: int = 10_000
    events: list[InferenceUsage] = field(default_factory=list)
    lost: list[tuple[int, int, int]] = field(default_factory=list)
    is_forked: bool = False
    closings: int = 0
    buffered: int = 0

    def put(self, event: Mapping[str, object]) -> bool:
        if len(self.events) >= self.room:
            return False
        if not event:
            return True
        codec = Codec()
        batch = {"source": "s", "epoch": 1, "seq": 0, "sent_at_us": 1, "losses": []}
        payload = codec.encode("InferenceUsageBatch", {**batch, "events": [event]})
        self.events.append(codec.decode(payload)[1]["events"][0])
        return True

    def flush(self, timeout_s: float) -> bool:
        return timeout_s >= 0

    def stats(self) -> Stats:
        return Stats(accepted=len(self.events))

    def report_lost(self, events: int, first_us: int, last_us: int) -> None:
        self.lost.append((events, first_us, last_us))

    def leave_after_fork(self) -> None:
        self.is_forked = True

    def close(self, timeout_s: float) -> Left:
        self.closings += timeout_s > 0
        return Left(batches=0, events=0, payload_bytes=0, unreported_losses=0)


@dataclass
class UnreadOutbox(KeptOutbox):
    """Takes events and does not look at them: its thread is busy."""

    unread: list[Mapping[str, object]] = field(default_factory=list)

    def put(self, event: Mapping[str, object]) -> bool:
        self.unread.append(event)
        self.buffered += 1
        return True


def hook_with(outbox: KeptOutbox, **changes: Any) -> Hook:  # noqa: ANN401 - of the configuration
    """Return a hook that is open."""
    fields = {name: getattr(CONFIG, name) for name in CONFIG.__slots__}
    hook = Hook(HookConfig(**{**fields, **changes}), opened=lambda _: cast("Outbox", outbox))
    hook.open()
    return hook


def small_limits(events: int) -> Limits:
    """Return limits with little room in memory."""
    return Limits(max_events=1, max_buffered_events=events)


class Client:
    """The server's side of one request: it records each message as it leaves the middleware."""

    def __init__(self, *bodies: bytes, leaves_after: int | None = None) -> None:
        self._requests = [
            {"type": "http.request", "body": body, "more_body": n < len(bodies) - 1}
            for n, body in enumerate(bodies)
        ]
        self._leaves_after = leaves_after
        self.messages: list[Message] = []
        self.copies: list[dict[str, Any]] = []

    async def receive(self) -> Message:
        if self._requests:
            return self._requests.pop(0)
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if self._leaves_after is not None and len(self.messages) >= self._leaves_after:
            raise OSError("the client has gone")
        self.messages.append(message)
        self.copies.append(dict(message))


def answering(
    *chunks: bytes, status: int = 200, headers: Iterable[tuple[bytes, bytes]] = ()
) -> App:
    """Return an application that reads its request and answers in these chunks."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive()).get("more_body"):
            pass
        scope.setdefault("state", {})["tenant"] = "acme"
        await send({"type": "http.response.start", "status": status, "headers": [*headers]})
        for n, chunk in enumerate(chunks):
            more = n < len(chunks) - 1
            await send({"type": "http.response.body", "body": chunk, "more_body": more})

    return app


def scope_of(path: str, method: str = "POST", kind: str = "http") -> Scope:
    """Return the scope of a request."""
    return {"type": kind, "method": method, "path": path, "headers": []}


def authenticated(scope: Scope) -> str | None:
    """Return the tenant that the application authenticated."""
    return cast("str | None", scope["state"]["tenant"])


def metered(app: App, outbox: KeptOutbox, **options: Any) -> UsageMiddleware:  # noqa: ANN401 - its own
    """Return the middleware around an application."""
    options = {"provider": "vllm", "tenant": authenticated, **options}
    return UsageMiddleware(app, hook=hook_with(outbox), **options)


def run(app: App, client: Client, path: str = "/v1/chat/completions") -> None:
    """Serve one request."""
    serve: Callable[[], Any] = lambda: app(scope_of(path), client.receive, client.send)  # noqa: E731
    asyncio.run(serve())

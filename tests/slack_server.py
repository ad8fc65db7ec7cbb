"""Slack's Web API as far as notify uses it, on loopback, which misbehaves as it is told to.

It keeps messages as Slack does: channels with messages and threads, edits, metadata, and ids that
only it knows. What is in `next_of` a method is done instead of, or after, an ordinary answer.
"""

import asyncio
import json
import threading
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

TOKEN = "xoxb-test"  # noqa: S105 - of nobody
CHANNEL = "C024BE91L"
OTHER = "C061EG9SL"
READY_S = 30.0

Done = web.StreamResponse
Deed = Callable[[web.Request, Callable[[], Done]], Awaitable[Done]]


@dataclass
class Message:
    """A message in a channel: its text of now, and how often that changed."""

    channel: str
    ts: str
    content: dict[str, Any]
    thread: str | None = None
    edits: int = 0
    is_shown: bool = False  # in the channel, too

    @property
    def revision(self) -> int:
        return int(self.content["metadata"]["event_payload"]["revision"])

    @property
    def alert(self) -> str:
        return str(self.content["metadata"]["event_payload"]["alert_id"])

    def shown(self) -> dict[str, Any]:
        thread = {"thread_ts": self.thread} if self.thread else {}
        return {"type": "message", "ts": self.ts, **thread, **self.content}


@dataclass
class SlackServer:
    """One workspace."""

    messages: list[Message] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    times_s: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    next_of: dict[str, deque[Deed]] = field(default_factory=lambda: defaultdict(deque))
    channels: set[str] = field(default_factory=lambda: {CHANNEL, OTHER})
    hooks: list[dict[str, Any]] = field(default_factory=list)
    token: str = TOKEN
    url: str = ""

    def misbehave(self, method: str, *deeds: Deed) -> None:
        """Have the next calls of a method end otherwise."""
        self.next_of[method].extend(deeds)

    def first(self, channel: str = CHANNEL) -> list[Message]:
        """Return the messages of a channel that are in no thread."""
        return [each for each in self.messages if each.channel == channel and not each.thread]

    def replies(self, to: Message) -> list[Message]:
        """Return the messages in the thread of another."""
        return [each for each in self.messages if each.thread == to.ts]

    def said(self, channel: str = CHANNEL) -> list[tuple[str, int]]:
        """Return of which alert in which revision each message is, as it was posted."""
        return [(each.alert, each.revision) for each in self.messages if each.channel == channel]

    async def handle(self, request: web.Request) -> Done:
        """Answer one call."""
        method = request.match_info["method"]
        self.calls.append(method)
        said = await request.json() if request.method == "POST" else dict(request.query)
        self.times_s[str(said.get("channel"))].append(asyncio.get_running_loop().time())
        deeds = self.next_of[method]
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return no("invalid_auth")

        def answer() -> Done:
            return self.answer(method, said)

        return await (deeds.popleft()(request, answer) if deeds else ordinary(request, answer))

    def answer(self, method: str, said: dict[str, Any]) -> Done:
        """Do what a call asks for."""
        if said["channel"] not in self.channels:
            return no("channel_not_found")
        match method:
            case "chat.postMessage":
                return self.post(said)
            case "chat.update":
                return self.update(said)
            case "conversations.history":
                found = [each for each in self.first(said["channel"])
                         if float(each.ts) >= float(said.get("oldest", 0))]  # fmt: skip
                return page(list(reversed(found)), said)
            case "conversations.replies":
                parent = self.by_ts(said["channel"], said["ts"])
                return no("thread_not_found") if parent is None else page(
                    [parent, *self.replies(parent)], said
                )  # fmt: skip
        return no("unknown_method")

    def post(self, said: dict[str, Any]) -> Done:
        thread = said.get("thread_ts")
        if thread and self.by_ts(said["channel"], thread) is None:
            return no("thread_not_found")
        ts = f"{1_900_000_000 + len(self.messages)}.000100"
        content = {name: said[name] for name in ("text", "blocks", "metadata")}
        is_shown = bool(said.get("reply_broadcast"))
        self.messages.append(Message(said["channel"], ts, content, thread, is_shown=is_shown))
        return web.json_response({"ok": True, "channel": said["channel"], "ts": ts})

    def update(self, said: dict[str, Any]) -> Done:
        found = self.by_ts(said["channel"], said["ts"])
        if found is None:
            return no("message_not_found")
        found.content = {name: said[name] for name in ("text", "blocks", "metadata")}
        found.edits += 1
        return web.json_response({"ok": True, "channel": said["channel"], "ts": said["ts"]})

    def by_ts(self, channel: str, ts: str) -> Message | None:
        found = [each for each in self.messages if (each.channel, each.ts) == (channel, ts)]
        return found[0] if found else None

    async def hook(self, request: web.Request) -> Done:
        """Take what is posted to an incoming webhook."""
        said = await request.json()
        deeds = self.next_of["hook"]

        def answer() -> Done:
            self.hooks.append(said)
            return web.Response(text="ok")

        return await (deeds.popleft()(request, answer) if deeds else ordinary(request, answer))


def page(messages: list[Message], said: dict[str, Any]) -> Done:
    """Return a page of messages. Without include_all_metadata Slack shows none of it."""
    begin, most = int(said.get("cursor", 0)), int(said["limit"])
    shown = [each.shown() for each in messages[begin : begin + most]]
    if said.get("include_all_metadata") not in {"1", "true", True}:
        shown = [{**each, "metadata": {"event_type": "apportion_alert"}} for each in shown]
    end = begin + most
    cursor = str(end) if end < len(messages) else ""
    return web.json_response(
        {"ok": True, "messages": shown, "response_metadata": {"next_cursor": cursor}}
    )


def no(error: str) -> Done:
    """Return what Slack says where it will not."""
    return web.json_response({"ok": False, "error": error})


async def ordinary(_: web.Request, answer: Callable[[], Done]) -> Done:
    """Do as is asked."""
    return answer()


def status(code: int, retry_after: str | None = None, text: str = "") -> Deed:
    """Answer with a status, and do nothing."""

    async def deed(_: web.Request, __: Callable[[], Done]) -> Done:
        headers = {"Retry-After": retry_after} if retry_after else {}
        return web.Response(status=code, headers=headers, text=text or "upstream error")

    return deed


def refused(error: str) -> Deed:
    """Answer that it is not ok, and do nothing."""

    async def deed(_: web.Request, __: Callable[[], Done]) -> Done:
        return no(error)

    return deed


def text(body: str, kind: str = "application/json") -> Deed:
    """Answer 200 with something that is no answer."""

    async def deed(_: web.Request, __: Callable[[], Done]) -> Done:
        return web.Response(text=body, content_type=kind)

    return deed


def reset(*, after: bool) -> Deed:
    """Close the connection without an answer, before or after doing as is asked."""

    async def deed(request: web.Request, answer: Callable[[], Done]) -> Done:
        if after:
            answer()
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    return deed


def slow(for_s: float, *, after: bool = True) -> Deed:
    """Answer too late, having done as is asked, or not."""

    async def deed(_: web.Request, answer: Callable[[], Done]) -> Done:
        done = answer() if after else no("internal_error")
        await asyncio.sleep(for_s)
        return done

    return deed


def held(entered: threading.Event, released: threading.Event) -> Deed:
    """Do as is asked, say so, and answer only when released."""

    async def deed(_: web.Request, answer: Callable[[], Done]) -> Done:
        done = answer()
        entered.set()
        await asyncio.to_thread(released.wait, READY_S)
        return done

    return deed


async def end(runner: web.AppRunner) -> None:
    """Stop serving; answers that are late are not given any more."""
    await runner.cleanup()
    late = asyncio.all_tasks() - {asyncio.current_task()}
    for task in late:
        task.cancel()
    await asyncio.gather(*late, return_exceptions=True)


@contextmanager
def running() -> Iterator[SlackServer]:
    """Yield a workspace that answers on loopback, in a thread of its own."""
    server = SlackServer()
    loop = asyncio.new_event_loop()
    ready = threading.Event()

    async def serve() -> web.AppRunner:
        app = web.Application()
        app.router.add_route("*", "/api/{method}", server.handle)
        app.router.add_post("/hook", server.hook)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        ready.set()
        return runner

    def run() -> None:
        runner = loop.run_until_complete(serve())
        loop.run_forever()
        loop.run_until_complete(end(runner))
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()

    thread = threading.Thread(target=run, name="slack")
    thread.start()
    assert ready.wait(READY_S)
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


def pretty(content: dict[str, Any]) -> str:
    """Return all text of a message, for assertions."""
    return json.dumps(content, ensure_ascii=False)

"""The same model server twice under one address: plain, and with the hook's middleware.

It answers at once, with the sizes of a short chat: what is measured is what the middleware adds.
"""

import json

from apportion_hook import Hook
from apportion_hook.asgi import App, Receive, Scope, Send, UsageMiddleware
from apportion_hook.settings import from_environment
from tests.peers.upstream import Served, chat_events, whole, whole_answer

SERVED = Served(
    number=1, path="/v1/chat/completions", model="m", response_id="chatcmpl-1", is_stream=False,
    input_tokens=1200, cached_tokens=1024, output_tokens=80, reasoning_tokens=16,
)  # fmt: skip
WHOLE = json.dumps(whole_answer(SERVED)).encode()
EVENTS = [event for _ in range(8) for event in list(chat_events(SERVED))[:8]]  # 64 chunks
EVENTS += list(chat_events(SERVED))[8:]
METERED = "/metered"


async def serve(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a chat, in one piece or as a stream, as the path's end asks."""
    await whole(receive)
    is_stream = b"stream" in scope["query_string"]
    kind = b"text/event-stream" if is_stream else b"application/json"
    headers = [(b"content-type", kind)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    for event in EVENTS if is_stream else ():
        await send({"type": "http.response.body", "body": event, "more_body": True})
    await send({"type": "http.response.body", "body": b"" if is_stream else WHOLE})


metered = UsageMiddleware(serve, hook=Hook(from_environment()), provider="vllm")


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Choose by the path."""
    chosen: App = metered if scope["path"].startswith(METERED) else serve
    await chosen(scope, receive, send)

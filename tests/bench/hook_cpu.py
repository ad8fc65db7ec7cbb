"""What a hook takes of the thread that serves a call, by that thread's own CPU clock.

Calls come at a pace, as a busy server has them: caches are as cold between two, and the outbox's
thread keeps up. `python -m tests.bench.hook_cpu` measures LiteLLM's logger and prints it as JSON,
for it needs an environment with LiteLLM in it.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

from agents.outbox.outbox import Outbox, OutboxConfig
from apportion_hook import Hook, HookConfig
from apportion_hook.asgi import App, Receive, Scope, Send, UsageMiddleware
from apportion_hook.exchange import Message
from apportion_hook.log import StandardLog
from apportion_hook.settings import LIMITS
from tests.bench.figure import Number
from tests.hook_parts import scope_of
from tests.outbox_parts import RECORD, FakeChannel

Call: TypeAlias = Callable[[], Awaitable[object]]

CALLS = 4_000
PACE_S = 0.001  # from one call to the next
PROMPT = json.dumps({"model": "m", "messages": [{"role": "user", "content": "x" * 2000}]}).encode()
PAYLOADS = Path(__file__).parents[1] / "unit" / "payloads" / "litellm-1.106.2.jsonl"
ANSWERS = ("json", "stream")


def added(kind: str) -> dict[str, Number]:
    """Return what the hook adds to a call of a kind, at percentiles with it and without."""
    with tempfile.TemporaryDirectory() as folder, opened(Path(folder)) as hook:
        without, with_it = asyncio.run(timed(calls(kind, hook)))
    before, after = percentiles(without), percentiles(with_it)
    return {f"cpu_{name}_us": (after[name] - before[name]) / 1e3 for name in before}


def calls(kind: str, hook: Hook) -> tuple[Call, Call]:
    """Return a call without the hook and one with it."""
    if kind in ANSWERS:
        app = application(chunks(kind))
        return served(app), served(UsageMiddleware(app, hook=hook, provider="vllm"))
    return nothing, logged(hook) if kind == "logger" else recorded(hook)


async def timed(each: tuple[Call, Call]) -> tuple[list[int], list[int]]:
    """Return the CPU time of each call, of both in turns."""
    took: tuple[list[int], list[int]] = ([], [])
    due_s = time.monotonic()
    for _ in range(CALLS):
        for call, durations in zip(each, took, strict=True):
            due_s += PACE_S
            await asyncio.sleep(due_s - time.monotonic())
            start_ns = time.thread_time_ns()
            await call()
            durations.append(time.thread_time_ns() - start_ns)
    return took


def percentiles(durations_ns: list[int]) -> dict[str, int]:
    """Return the median and the 99th percentile."""
    ordered = sorted(durations_ns)
    return {"p50": ordered[len(ordered) // 2], "p99": ordered[len(ordered) * 99 // 100]}


async def nothing() -> None:
    """Be the call that is measured where a hook is all there is."""


def recorded(hook: Hook) -> Call:
    """Return a call of the plain client, by a provider's whole answer."""
    answer = json.loads(chunks("json")[0])

    async def call() -> None:
        hook.record_answer("openai_chat", answer, provider="openai", tenant="acme")

    return call


def logged(hook: Hook) -> Call:
    """Return a call as LiteLLM's proxy logs it."""
    from apportion_hook.litellm import ApportionLogger  # noqa: PLC0415 - only where LiteLLM is

    logger = ApportionLogger(hook)
    payload = json.loads(PAYLOADS.read_text(encoding="utf-8").splitlines()[0])["payload"]

    async def call() -> None:
        await logger.async_log_success_event({"standard_logging_object": payload}, None, None, None)

    return call


def served(app: App) -> Call:
    """Return a call of a server."""

    async def receive() -> Message:
        return {"type": "http.request", "body": PROMPT}

    async def send(message: Message) -> None:
        pass

    async def call() -> None:
        await app(scope_of("/v1/chat/completions"), receive, send)

    return call


def application(answer: list[bytes]) -> App:
    """Return an application that answers at once."""
    kind = b"application/json" if len(answer) == 1 else b"text/event-stream"

    async def app(_: Scope, receive: Receive, send: Send) -> None:
        await receive()
        start = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind)]}
        await send(start)
        for chunk in answer:
            more = chunk is not answer[-1]
            await send({"type": "http.response.body", "body": chunk, "more_body": more})

    return app


def chunks(kind: str) -> list[bytes]:
    """Return an answer of a kind: in one piece, or 64 words and usage."""
    usage = {"prompt_tokens": 1200, "completion_tokens": 80,
             "prompt_tokens_details": {"cached_tokens": 1024}}  # fmt: skip
    head = {"id": "chatcmpl-1", "model": "m"}
    if kind == "json":
        choices = [{"message": {"role": "assistant", "content": "word " * 300}}]
        return [json.dumps({**head, "choices": choices, "usage": usage}).encode()]
    word = {**head, "choices": [{"delta": {"content": "word "}}], "usage": None}
    told = [*[word] * 64, {**head, "choices": [], "usage": usage}]
    return [
        *(b"data: " + json.dumps(each).encode() + b"\n\n" for each in told),
        b"data: [DONE]\n\n",
    ]


@contextmanager
def opened(folder: Path) -> Iterator[Hook]:
    """Yield a hook whose outbox writes to a real disk, and whose Kafka takes all at once."""
    config = HookConfig(source="gw", directory=folder, kafka={})
    outbox = OutboxConfig(
        path=folder / "outbox.db",
        source="gw",
        topic="bench",
        record=RECORD,
        kafka={},
        limits=LIMITS,
    )
    hook = Hook(
        config, opened=lambda _: Outbox(outbox, channel=FakeChannel(), log=StandardLog("gw"))
    )
    hook.open()
    yield hook
    hook.close()


if __name__ == "__main__":
    sys.stdout.write(json.dumps(added("logger")))

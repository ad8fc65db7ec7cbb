"""What the middleware adds to a call: in CPU by itself, and in latency behind a real server.

Plain and metered calls take turns in random order on the same connections, so that whatever else
the machine does falls on both.
"""

import asyncio
import http.client
import json
import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

from agents.outbox.outbox import Outbox, OutboxConfig
from apportion_hook import Hook, HookConfig
from apportion_hook.asgi import App, Receive, Scope, Send, UsageMiddleware
from apportion_hook.exchange import Message
from apportion_hook.log import StandardLog
from apportion_hook.settings import LIMITS
from tests.bench.figure import Figure, Number, Options, medians
from tests.embedded_broker import free_port
from tests.hook_parts import scope_of
from tests.outbox_parts import RECORD, FakeChannel
from tests.peers.environment import ROOT, program

PROMPT = json.dumps({"model": "m", "messages": [{"role": "user", "content": "x" * 2000}]}).encode()
CONNECTIONS = 4
CALLS_A_SECOND = 400  # about, over all connections, to size a run
IN_PROCESS_CALLS = 20_000
READY_S = 60.0
NOT_SHOWN = (
    "Kafka (it is away, so the outbox keeps all), slow disks, a server that computes beside it; "
    "client, server and hook share the machine's cores"
)
KINDS = ("json", "stream")


def bench(options: Options) -> list[Figure]:
    """Measure rounds of both kinds of answer and return their medians."""
    figures = []
    for kind in KINDS:
        runs = [run(kind, options, number) for number in range(options.rounds)]
        numbers = medians(runs)
        line = (
            f"hook, {kind}: the middleware takes {numbers['cpu_p50_us']:.0f} us p50, "
            f"{numbers['cpu_p99_us']:.0f} us p99 of a call; behind uvicorn "
            f"{numbers['plain_p50_ms']:.2f} ms p50 without it, {numbers['metered_p50_ms']:.2f} "
            f"with; p99 {numbers['plain_p99_ms']:.2f} and {numbers['metered_p99_ms']:.2f}"
        )
        figures.append(Figure(f"hook_{kind}", line, numbers, NOT_SHOWN, runs))
    return figures


def run(kind: str, options: Options, number: int) -> dict[str, Number]:
    """Return the percentiles of one round."""
    plain, metered = served(kind, options, number)
    return {
        **in_process(kind),
        **{f"plain_{name}_ms": ns / 1e6 for name, ns in percentiles(plain).items()},
        **{f"metered_{name}_ms": ns / 1e6 for name, ns in percentiles(metered).items()},
        "calls": len(plain) + len(metered),
    }


def percentiles(durations_ns: list[int]) -> dict[str, int]:
    """Return the median and the 99th percentile."""
    ordered = sorted(durations_ns)
    return {"p50": ordered[len(ordered) // 2], "p99": ordered[len(ordered) * 99 // 100]}


def in_process(kind: str) -> dict[str, Number]:
    """Return what the middleware adds to a call, at each percentile of calls with and without it.

    Of the loop's thread's own CPU time; the outbox works beside it.
    """
    answer = chunks(kind)
    with tempfile.TemporaryDirectory() as folder, opened(Path(folder)) as hook:
        metered: App = UsageMiddleware(application(answer), hook=hook, provider="vllm")
        alone = asyncio.run(timed(application(answer)))
        with_it = asyncio.run(timed(metered))
    before, after = percentiles(alone), percentiles(with_it)
    return {f"cpu_{name}_us": (after[name] - before[name]) / 1e3 for name in before}


async def timed(app: App) -> list[int]:
    """Return the CPU time of each call."""

    async def receive() -> Message:
        return {"type": "http.request", "body": PROMPT}

    async def send(message: Message) -> None:
        pass

    took = []
    for _ in range(IN_PROCESS_CALLS):
        scope = scope_of("/v1/chat/completions")
        start_ns = time.thread_time_ns()
        await app(scope, receive, send)
        took.append(time.thread_time_ns() - start_ns)
    return took


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


def served(kind: str, options: Options, number: int) -> tuple[list[int], list[int]]:
    """Return how long plain and metered calls took at a real server."""
    with tempfile.TemporaryDirectory() as folder, server(Path(folder)) as port:
        calls = round(options.seconds * CALLS_A_SECOND / CONNECTIONS)
        took: list[tuple[bool, int]] = []
        threads = [
            threading.Thread(target=call, args=(port, kind, calls, Random(f"{number}-{n}"), took))
            for n in range(CONNECTIONS)
        ]  # fmt: skip
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return [ns for is_metered, ns in took if not is_metered], [ns for m, ns in took if m]


def call(port: int, kind: str, calls: int, chance: Random, took: list[tuple[bool, int]]) -> None:
    """Call on one connection, plain or metered by chance."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    query = "?stream" if kind == "stream" else ""
    for _ in range(calls):
        is_metered = chance.random() < 0.5
        path = f"{'/metered' if is_metered else ''}/v1/chat/completions{query}"
        start_ns = time.perf_counter_ns()
        connection.request("POST", path, body=PROMPT)
        connection.getresponse().read()
        took.append((is_metered, time.perf_counter_ns() - start_ns))
    connection.close()


@contextmanager
def server(folder: Path) -> Iterator[int]:
    """Yield the port of a server that serves both."""
    port = free_port()
    environment = {
        **os.environ,
        "PYTHONPATH": f"{ROOT}:{ROOT / 'agents' / 'gateway-hook'}",
        "UPSTREAM_LEDGER": str(folder / "ledger"),
        "APPORTION_HOOK_SOURCE": "bench",
        "APPORTION_HOOK_DIRECTORY": str(folder),
        "APPORTION_HOOK_KAFKA": "127.0.0.1:1",
    }
    command = [program("uvicorn"), "tests.peers.bench_app:app", "--port", str(port)]
    quiet = ["--log-level", "critical", "--lifespan", "off"]
    process = subprocess.Popen([*command, *quiet], env=environment, stderr=subprocess.DEVNULL)
    try:
        wait_for(port)
        yield port
    finally:
        process.terminate()
        process.wait()


def wait_for(port: int) -> None:
    """Wait until a server answers."""
    deadline_s = time.monotonic() + READY_S
    while time.monotonic() < deadline_s:
        try:
            call(port, "json", 1, Random(0), [])
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(f"no server on port {port} within {READY_S} s")

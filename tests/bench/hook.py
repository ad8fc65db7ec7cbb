"""What the hook adds to a call: in CPU by itself, and in latency behind a real server.

Plain and metered calls take turns, behind the server in random order on the same connections, so
that whatever else the machine does falls on both.
"""

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

from tests.bench.figure import Figure, Number, Options, medians
from tests.bench.hook_cpu import ANSWERS, PROMPT, added, percentiles
from tests.embedded_broker import free_port
from tests.peers.environment import ROOT, program

CONNECTIONS = 4
CALLS_A_SECOND = 400  # about, over all connections, to size a run
READY_S = 60.0
NOT_SHOWN = (
    "Kafka (it is away, so the outbox keeps all), slow disks, a server that computes beside it; "
    "client, server and hook share the machine's cores"
)
CPU_ONLY = {"client": "record_answer of the plain client", "logger": "LiteLLM's logger"}
PYTHONPATH = f"{ROOT}:{ROOT / 'agents' / 'gateway-hook'}"


def bench(options: Options) -> list[Figure]:
    """Measure rounds of every kind of call and return their medians."""
    behind = [answered(kind, options) for kind in ANSWERS]
    return behind + [called(kind, what, options) for kind, what in CPU_ONLY.items()]


def answered(kind: str, options: Options) -> Figure:
    """Return what the middleware adds to a call that is answered in one way."""
    runs = [run(kind, options, number) for number in range(options.rounds)]
    numbers = medians(runs)
    line = (
        f"hook, {kind}: the middleware takes {cpu(numbers)} of a call; behind uvicorn "
        f"{numbers['plain_p50_ms']:.2f} ms p50 without it, {numbers['metered_p50_ms']:.2f} "
        f"with; p99 {numbers['plain_p99_ms']:.2f} and {numbers['metered_p99_ms']:.2f}"
    )
    return Figure(f"hook_{kind}", line, numbers, NOT_SHOWN, runs)


def called(kind: str, what: str, options: Options) -> Figure:
    """Return what a call takes that the hook is told of."""
    measured = logger if kind == "logger" else added
    runs = [measured(kind) for _ in range(options.rounds)]
    numbers = medians(runs)
    return Figure(f"hook_{kind}", f"hook, {what}: {cpu(numbers)}", numbers, NOT_SHOWN, runs)


def cpu(numbers: dict[str, Number]) -> str:
    """Return the percentiles of CPU in words."""
    return f"{numbers['cpu_p50_us']:.0f} us p50, {numbers['cpu_p99_us']:.0f} us p99 of CPU"


def logger(_: str) -> dict[str, Number]:
    """Return what LiteLLM's logger takes, where LiteLLM is installed."""
    command = [program("python"), "-m", "tests.bench.hook_cpu"]
    environment = {**os.environ, "PYTHONPATH": PYTHONPATH, "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, check=True)
    numbers: dict[str, Number] = json.loads(done.stdout)
    return numbers


def run(kind: str, options: Options, number: int) -> dict[str, Number]:
    """Return the percentiles of one round."""
    plain, metered = served(kind, options, number)
    return {
        **added(kind),
        **{f"plain_{name}_ms": ns / 1e6 for name, ns in percentiles(plain).items()},
        **{f"metered_{name}_ms": ns / 1e6 for name, ns in percentiles(metered).items()},
        "calls": len(plain) + len(metered),
    }


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
        "PYTHONPATH": PYTHONPATH,
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

"""How many events a collector confirms a second, synced to disk, under wrk."""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import psutil

from tests.bench.figure import Figure, Number, Options, medians
from tests.gateway_parts import OWN, TOKEN, hash_of
from tests.gateway_process import CollectorProcess, write_sources

CONNECTIONS = 64
BODIES = (1, 100)  # events of a request
RESULT = re.compile(r"^(\S+) ([0-9.]+)$", re.MULTILINE)
NOT_SHOWN = (
    "TLS, Kafka (nobody is there: events stay on disk), a slower disk, a machine of its own "
    "(wrk and the collector share this one)"
)
# Each request has ids of its own; what is not 200 is counted as failed.
SCRIPT = """
local n, id, tag = 0, 0, 0
local form = {event}
function setup(thread) id = id + 1; thread:set("tag", id) end
function request()
  n = n + 1
  local events = {{}}
  for i = 1, {events} do
    events[i] = string.format(form, string.format("%d-%d-%d", tag, n, i))
  end
  local body = "[" .. table.concat(events, ",") .. "]"
  return wrk.format("POST", "/v1/usage", {{["Authorization"] = "Bearer {token}"}}, body)
end
function done(summary, latency, requests)
  local failed = summary.errors.status + summary.errors.timeout + summary.errors.connect
  io.write(string.format("requests %d\\nfor_us %d\\n", summary.requests, summary.duration))
  io.write(string.format("failed %d\\np50_us %d\\n", failed, latency:percentile(50)))
  io.write(string.format("p99_us %d\\n", latency:percentile(99)))
end
"""


def bench(options: Options) -> list[Figure]:
    """Measure rounds of each size of request and return their medians."""
    if shutil.which("wrk") is None:
        print("collector: wants wrk, which is not here (apt install wrk)", file=sys.stderr)  # noqa: T201
        return []
    return [figure(size, options) for size in BODIES]


def figure(size: int, options: Options) -> Figure:
    """Return the figure of requests of one size."""
    runs = [run(size, options.seconds) for _ in range(options.rounds)]
    numbers = medians(runs)
    line = (
        f"collector: {numbers['events_per_s']:,.0f} events/s confirmed on disk, {size} a request "
        f"({numbers['requests_per_s']:,.0f} requests/s, {CONNECTIONS} connections), answered in "
        f"{numbers['p50_ms']:.1f} ms (p50), {numbers['p99_ms']:.1f} ms (p99); "
        f"{numbers['cpu_us']:.0f} us of a core an event"
    )
    return Figure(f"collector-{size}", line, numbers, NOT_SHOWN, runs)


def run(size: int, seconds: float) -> dict[str, Number]:
    """Return what one run of wrk against a fresh collector measured."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_sources(folder, {"name": "app", "tokens": [hash_of(TOKEN)], "events_per_s": 1e9})
        (folder / "catalog.yaml").write_text("tenants: [acme]\n")
        (folder / "load.lua").write_text(script(size))
        arguments = ("--catalog=catalog.yaml", "--set=outbox.disk_bytes=8000000000")
        collector = CollectorProcess(folder=folder, kafka="127.0.0.1:1", arguments=arguments)
        collector.start()
        try:
            before_s = cpu_s(collector)
            told = wrk(["-s", str(folder / "load.lua")], collector.port, seconds)
            used_s = cpu_s(collector) - before_s
            kept = collector.metric("apportion_collector_events_total")
        finally:
            collector.kill()
    if told["failed"] or kept < told["requests"] * size:
        raise RuntimeError(f"expected all confirmed, got {told} and {kept} events kept")
    for_s = told["for_us"] / 1e6
    return {
        "events_per_s": told["requests"] * size / for_s,
        "requests_per_s": told["requests"] / for_s,
        "cpu_us": used_s / (told["requests"] * size) * 1e6,
        "p50_ms": told["p50_us"] / 1e3,
        "p99_ms": told["p99_us"] / 1e3,
    }


def cpu_s(collector: CollectorProcess) -> float:
    """Return the seconds of a core that a collector has used."""
    assert collector.process is not None
    times = psutil.Process(collector.process.pid).cpu_times()
    return float(times.user + times.system)


def wrk(more: Sequence[str], port: int, seconds: float) -> dict[str, float]:
    """Run wrk and return what its script wrote at the end."""
    url = f"http://127.0.0.1:{port}"
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{max(1, round(seconds))}s"]
    command += ["--timeout", "30s", *more, url]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return {name: float(value) for name, value in RESULT.findall(done.stdout)}


def script(size: int) -> str:
    """Return wrk's script for requests of some events."""
    event = json.dumps({**OWN, "request_id": "%s"})
    return SCRIPT.format(events=size, event=f"'{event}'", token=TOKEN)

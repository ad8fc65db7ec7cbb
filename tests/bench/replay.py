"""A replay of an archive under other prices, on one core and on all, as the command does it.

Beside it, decoding the same number of events with fastavro and summing their tokens: what reading
the log again would cost with no prices at all.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any, cast

import fastavro

from clickhouse.client import Connection, connect
from clickhouse.migrate import migrate
from clickhouse.rows import configs, cost_lines
from clickhouse.writer import Writer
from schemas.catalogue import current
from schemas.codec import HEADER_BYTES
from schemas.records import Config
from streams.config_topic import CATALOG, PRICES
from streams.core.lines import Edition, to_record
from streams.core.metering import Rules
from streams.core.windows import DAY_US, HOUR_US, MINUTE_US, window_start
from streams.replay.archived import Archived
from streams.replay.ask import Direct
from streams.replay.span import Span
from streams.up.memory import rss_bytes
from tests.bench import rated, traffic
from tests.bench.figure import Figure, Number, Options

EVENTS_A_SECOND = 400_000  # asked for by --seconds
CALLS_A_SECOND = 460  # of event time: 20 million calls are half a day
STEP_US = 1_000_000 // CALLS_A_SECOND
AT_ONCE = 2_000_000  # calls inserted by one statement
PLAIN_BATCHES, CALLS = 500, 200
SAMPLE_S = 0.2
NOT_SHOWN = "GPU intervals; a server of its own, where ClickHouse has other cores"
OTHER_PRICES = """
currency: USD
defaults: {effective_from: 2020-01-01T00:00:00Z, source: bench}
models:
  - {provider: openai, model: gpt-4o, per_million_tokens: {input: "2.1", output: "9"}}
  - {provider: openai, model: gpt-4o-mini, per_million_tokens: {input: "0.1", output: "0.5"}}
  - {provider: openai, model: gpt-5, per_million_tokens: {input: "1.1", output: "9.5"}}
"""


def bench(options: Options) -> list[Figure]:
    """Fill an archive, replay it twice, and say how much memory that took."""
    events = int(options.seconds * EVENTS_A_SECOND)
    with tempfile.TemporaryDirectory() as folder:
        data, prices = Path(folder, "data"), Path(folder, "prices.yaml")
        prices.write_text(OTHER_PRICES)
        fill(data, events)
        cores = os.cpu_count() or 1
        one, every = (replayed(data, prices, cpus) for cpus in (1, cores))
    plain = plain_rate(options.seed)
    numbers: dict[str, Number] = {
        "events": events,
        "one_core_per_s": events / one["for_s"],
        "all_cores_per_s": events / every["for_s"],
        "per_cpu_s": events / every["cpu_s"],
        "cores": cores,
        "plain_per_s": plain,
        "peak_mb": every["peak_mb"],
    }
    line = (
        f"replay of {events:,} archived calls: {numbers['one_core_per_s']:,.0f}/s on one core, "
        f"{numbers['all_cores_per_s']:,.0f}/s on {cores} "
        f"({numbers['all_cores_per_s'] / plain:.1f}x decoding and summing them on one: "
        f"{plain:,.0f}/s), {numbers['per_cpu_s']:,.0f} a CPU second, at most "
        f"{numbers['peak_mb']:.0f} MB in all its processes"
    )
    return [Figure("replay", line, numbers, NOT_SHOWN)]


def fill(data: Path, events: int) -> None:
    """Make an archive of so many calls, and the final lines of all its windows."""
    data.mkdir()
    begin_us = window_start(time.time_ns() // 1_000, DAY_US) - DAY_US
    under = rated.rules()
    with connect(f"chdb://{data}/clickhouse") as connection:
        migrate(connection)
        archive(connection, under, events, begin_us)
        writer = Writer(connection.writer)
        for kind, name, version in (
            (PRICES, "price-book", under.book.version),
            (CATALOG, "catalog", under.catalog.version),
        ):
            document: Config = {
                "version": version,
                "published_at_us": begin_us,
                "body": kind.default(),
                "note": None,
            }
            writer.add(configs(cast("Any", name), [document]))
        end_us = begin_us + events * STEP_US
        for hour in range(begin_us, end_us, HOUR_US):
            draw(connection, writer, under, Span(hour, hour + HOUR_US, MINUTE_US))
        writer.flush()


def archive(connection: Connection, under: Rules, events: int, begin_us: int) -> None:
    """Insert the calls."""
    text = Path(__file__).with_name("replay_archive.sql").read_text()
    for first in range(0, events, AT_ONCE):
        params = {
            "first": first,
            "count": min(AT_ONCE, events - first),
            "begin": begin_us,
            "step": STEP_US,
            "price_book": under.book.version,
            "catalog": under.catalog.version,
        }
        connection.writer.command(text, params)


def draw(connection: Connection, writer: Writer, under: Rules, span: Span) -> None:
    """Insert the final lines of a stretch."""
    for where, window in Archived(Direct(connection), span, [under.book]).windows(under).items():
        edition = Edition(
            "USD", under.book.version, under.catalog.version, 0, window.revision, "final"
        )
        lines = window.lines().items()
        writer.add(
            cost_lines([to_record(where, what, figures, edition) for what, figures in lines])
        )
    writer.flush()


def replayed(data: Path, prices: Path, cpus: int) -> dict[str, float]:
    """Run the command on so many cores; return how long it took and its greatest memory."""
    command = [sys.executable, "-m", "streams", "replay", "--data", str(data), "--json"]
    began_s, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    with subprocess.Popen(
        [*command, "--prices", str(prices), "--restart"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: os.sched_setaffinity(0, range(cpus)),  # noqa: PLW1509 - no threads here
    ) as running:
        peak = sampled(running.pid, running.poll)
        text = running.stdout.read() if running.stdout else b""
    for_s, after = time.monotonic() - began_s, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    found = json.loads(text)
    if not found["changes"] or found["changed_windows"] != found["windows"]:
        raise RuntimeError(f"expected every window to change, got {text[:300]!r}")
    return {"for_s": for_s, "cpu_s": cpu_s, "peak_mb": peak / 1e6}


def sampled(pid: int, ended: Callable[[], int | None]) -> int:
    """Return the greatest memory of a process and its children until it ends, bytes."""
    most = 0
    while ended() is None:
        family = [pid, *descendants(pid)]
        most = max(most, sum(rss_bytes(each) or 0 for each in family))
        time.sleep(SAMPLE_S)
    return most


def descendants(pid: int) -> list[int]:
    """Return the children of a process, and theirs."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    try:
        found = [int(each) for each in children.read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []
    return found + [each for child in found for each in descendants(child)]


def plain_rate(seed: int) -> float:
    """Return how many events a second one core decodes with fastavro and sums."""
    load = traffic.Load(PLAIN_BATCHES, CALLS, time.time_ns() // 1_000, seed=seed)
    data = [value for _, value in islice(traffic.encoded(load), PLAIN_BATCHES)]
    schema = current()["InferenceUsageBatch"].parsed
    sums: dict[tuple[str | None, str], int] = {}
    began = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    for each in data:
        batch = cast(
            "dict[str, Any]", fastavro.schemaless_reader(BytesIO(each[HEADER_BYTES:]), schema, None)
        )
        for event in batch["events"]:
            key = (event["tenant"], event["model"])
            tokens = (event["input_tokens"] or 0) + (event["output_tokens"] or 0)
            sums[key] = sums.get(key, 0) + tokens
    return load.events / (resource.getrusage(resource.RUSAGE_SELF).ru_utime - began)

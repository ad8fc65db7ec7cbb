"""Recorded traces as sends: model calls with their own event times, tenants drawn by a seeded skew.

Two formats, told apart by content:
- the Azure LLM inference CSV: TIMESTAMP, ContextTokens, GeneratedTokens;
- the Mooncake JSON lines: timestamp (ms), input_length, output_length, hash_ids (512-token blocks).

Neither says who called. Tokens are exact: the sum over the sends is the sum over the rows.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from random import Random

from schemas.records import InferenceUsage
from schemas.topics import USAGE_INFERENCE
from streams.demo import azure_trace, mooncake_trace, tenants
from streams.demo.chance import stream
from streams.demo.errors import BadTrace
from streams.demo.sends import Batcher, Send
from streams.demo.trace_row import Row

PROVIDER = "openai"
MODEL = "gpt-4o"  # what the built-in price book prices the traces at
SOURCES = tuple(f"trace-gw-{number}" for number in range(4))
FLUSH_US = 10_000_000  # a batch holds at most this much event time
MAX_DISORDER_US = 60_000_000  # rows further out of order could miss their windows


@dataclass(frozen=True, slots=True)
class Format:
    """One kind of trace file, recognised by how its first line begins."""

    begins: str
    rows: Callable[[Path, Iterable[str]], Iterator[Row]]


FORMATS = (
    Format("TIMESTAMP,", azure_trace.rows),
    Format("{", mooncake_trace.rows),
)


def trace(path: Path, seed: int) -> Iterator[Send]:
    """Yield a trace's batches in the order of sending, reading the file as it goes.

    Raises BadTrace when the file is neither format, at the first row that is not what its format
    says, and where rows are more than a minute out of order. OSError as `open` does.
    """
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        rows = format_of(path, file).rows(path, file)
        yield from batches(ordered(path, rows), seed)


def format_of(path: Path, file: TextIOWrapper) -> Format:
    """Return the format of an open file, leaving it at its begin."""
    first = file.readline()
    file.seek(0)
    for known in FORMATS:
        if first.lstrip().startswith(known.begins):
            return known
    raise BadTrace(
        path,
        1,
        "the Azure header 'TIMESTAMP,ContextTokens,GeneratedTokens' or a Mooncake JSON object",
        repr(first.rstrip()) if first else "an empty file",
    )


def ordered(path: Path, rows: Iterable[Row]) -> Iterator[Row]:
    """Yield rows as they are, once they are seen to be about in the order of time."""
    newest_us = 0
    row = None
    for row in rows:
        if row.at_us < newest_us - MAX_DISORDER_US:
            raise BadTrace(
                path,
                row.line,
                "rows in the order of time, to a minute; sort the file",
                f"a row {(newest_us - row.at_us) / 1e6:.0f} s before the latest one",
            )
        newest_us = max(newest_us, row.at_us)
        yield row
    if row is None:
        raise BadTrace(path, 1, "at least one request", "none")


def batches(rows: Iterable[Row], seed: int) -> Iterator[Send]:
    """Yield the rows as calls, in batches of four gateways taking turns."""
    rng = stream(seed, "trace")
    names = tenants.by_size(seed)
    batchers: list[Batcher] = []
    flush_at_us = newest_us = 0
    for number, row in enumerate(rows):
        if not batchers:
            flush_at_us = row.at_us + FLUSH_US
            batchers = [Batcher(USAGE_INFERENCE, source, row.at_us) for source in SOURCES]
        newest_us = max(newest_us, row.at_us)
        if newest_us >= flush_at_us:
            yield from flushed(batchers, newest_us)
            flush_at_us = newest_us + FLUSH_US
        batcher = batchers[number % len(batchers)]
        batcher.add(call(row, number, names, rng))
        if batcher.is_full:
            yield batcher.close(newest_us)
    yield from flushed(batchers, newest_us)


def flushed(batchers: Iterable[Batcher], at_us: int) -> Iterator[Send]:
    """Close what is open."""
    return (batcher.close(at_us) for batcher in batchers if len(batcher))


def call(row: Row, number: int, names: list[str], rng: Random) -> InferenceUsage:
    """Return one row as a call of a drawn tenant."""
    drawn = bisect_right(tenants.CUMULATIVE, rng.randrange(tenants.CUMULATIVE[-1]))
    return {
        "at_us": row.at_us,
        "tenant": names[drawn],
        "project": None,
        "provider": PROVIDER,
        "model": MODEL,
        "endpoint": None,
        "request_id": f"trace-{number}",
        "input_tokens": row.input_tokens,
        "cache_read_tokens": row.cache_read_tokens,
        "cache_write_5m_tokens": None,
        "cache_write_1h_tokens": None,
        "output_tokens": row.output_tokens,
        "reasoning_tokens": None,
        "region": None,
        "service_tier": None,
        "quantities": None,
    }

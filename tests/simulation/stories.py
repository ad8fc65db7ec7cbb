"""Scenarios as people write them: times as m:ss after T0, amounts as decimal strings.

A line of events.jsonl is a batch, `{"source": …, "calls" | "gpus" | "resources": [...]}`, or a
`{"watermark": "m:ss"}` that every origin has reached. Batches between two watermarks are within
grace of each other. A line of expected.jsonl is a final cost line, without its null dimensions, and
with `list` and `billed` where they differ from its cost; or what came `late` or was `rejected`.
"""

import json
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from schemas.codec import Codec
from schemas.decimals import from_bytes
from schemas.records import CostLine, GpuInterval, InferenceUsage, LatePartial, ResourceUsage
from streams.config.catalog import load_catalog
from streams.config.price_book import load_price_book
from streams.core.metering import Rules, meter_batch
from streams.core.policies import OneVersion
from streams.core.windows import MINUTE_US, SECOND_US
from tests.builders.drawing import ORIGIN, text
from tests.builders.terms import MAX_SKEW_US, WINDOW_US
from tests.builders.usage import NOW, T0, batch, call, holder, interval, of_call, quantity
from tests.simulation.broker import Message
from tests.simulation.run import Run

Row = dict[str, Any]  # a JSON line
Orderer = Callable[[Sequence[Row]], Sequence[Row]]

LATENESS_US = 2 * MINUTE_US
REMEMBER_US = 10 * MINUTE_US
DIMENSIONS = ("project", "provider", "model", "endpoint", "job", "region", "service_tier")
CALL_TOKENS = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "output", "reasoning")


@dataclass(frozen=True, slots=True)
class Story:
    """A folder of tests/scenarios, read."""

    rules: Rules
    groups: list[list[Row]]  # of batches, a watermark at the end of each
    expected: list[Row]


def read(folder: Path) -> Story:
    """Read a folder; it shares the price book and catalog of its parent unless it has its own."""
    book, catalog = (
        next(path for path in (folder / name, folder.parent / name) if path.exists()).read_text()
        for name in ("prices.yaml", "catalog.yaml")
    )
    rules = Rules(load_price_book(book), load_catalog(catalog), WINDOW_US, MAX_SKEW_US)
    expected = rows(folder / "expected.jsonl")
    return Story(rules, grouped(rows(folder / "events.jsonl")), sorted(expected, key=json.dumps))


def rows(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text().splitlines() if line.strip()]


def grouped(lines: list[Row]) -> list[list[Row]]:
    """Number the batches of each source, and end a group at each watermark."""
    groups: list[list[Row]] = [[]]
    seqs: dict[str, int] = {}
    for line in lines:
        if "watermark" in line:
            groups[-1].append(line)
            groups.append([])
        else:
            seq = seqs[line["source"]] = seqs.get(line["source"], -1) + 1
            groups[-1].append(line | {"seq": seq})
    return groups


def tell(story: Story, order: Orderer, stop_at: float | None = None) -> list[Row]:
    """Play a story; `stop_at`, a share of its steps, replaces the worker there.

    Returns what expected.jsonl should hold, sorted.
    """
    log, rejected = played(story, order)
    policies = OneVersion(story.rules.book, story.rules.catalog)
    run = Run(log, LATENESS_US, REMEMBER_US, policies)
    if stop_at is not None:
        steps = Run(log, LATENESS_US, REMEMBER_US, policies).finish().steps
        run.go(round(steps * stop_at)).replace_worker()
    broker = run.finish().broker
    finals = {line["line_id"]: line for line in broker.lines if line["status"] == "final"}
    found = [line_row(line) for line in finals.values()]
    found += [{"late": late_row(late)} for late in broker.late]
    found += [{"rejected": row} for row in rejected]
    return sorted({json.dumps(row): row for row in found}.values(), key=json.dumps)


def played(story: Story, order: Orderer) -> tuple[list[Message], list[Row]]:
    """Return the partial log of a story and what metering rejected."""
    log: list[Message] = []
    rejected: list[Row] = []
    for group in story.groups:
        batches = [row for row in group if "watermark" not in row]
        for row in order(batches):
            partials, faults = metered(story.rules, row)
            log += partials
            rejected += faults
        log += [watermark(instant(row["watermark"])) for row in group if "watermark" in row]
    end = NOW + LATENESS_US
    return [*log, watermark(end)], rejected


def metered(rules: Rules, row: Row) -> tuple[list[Message], list[Row]]:
    """Send a batch over the wire and meter it."""
    codec = Codec()
    name, usage = codec.decode(codec.encode(*batch_of(row)))
    outcome = meter_batch(name, usage, ORIGIN, rules, NOW)
    faults = [
        {"batch": f"{row['source']}/{row['seq']}", "event": each.index, "reason": each.reason}
        for each in outcome.rejected
    ]
    return [Message("Partial", each) for each in outcome.partials], faults


def batch_of(row: Row) -> tuple[str, dict[str, Any]]:
    """Return the record name and the batch of a line."""
    source, seq = row["source"], row["seq"]
    if "calls" in row:
        events = map(call_of, row["calls"])
        return "InferenceUsageBatch", batch(*events, source=source, seq=seq)
    if "gpus" in row:
        return "GpuUsageBatch", batch(*map(interval_of, row["gpus"]), source=source, seq=seq)
    return "ResourceUsageBatch", batch(*map(quantity_of, row["resources"]), source=source, seq=seq)


def call_of(row: Row) -> InferenceUsage:
    counts = {f"{kind}_tokens": row.get(kind) for kind in CALL_TOKENS}
    named = {key: row[key] for key in row.keys() - {"at", "quantities", *CALL_TOKENS}}
    quantities = [
        of_call(meter, *amount.split()) for meter, amount in row.get("quantities", {}).items()
    ]
    return call(at_us=instant(row["at"]), quantities=quantities or None, **counts, **named)


def interval_of(row: Row) -> GpuInterval:
    holders = [
        holder(
            for_us(each["held_s"]),
            for_us(each.get("active_s", each["held_s"])),
            **in_us(each, {"no_context_s"}),
            **{key: each[key] for key in each.keys() - {"held_s", "active_s", "no_context_s"}},
        )
        for each in row.get("holders", [])
    ]
    named = {
        key: row[key] for key in row.keys() & {"node", "device", "gpu_model", "purchase_option"}
    }
    return interval(
        *holders,
        start_us=instant(row["from"]),
        end_us=instant(row["to"]),
        **in_us(row, {key for key in row if key.endswith("_s")}),
        **named,
    )


def in_us(row: Row, keys: Set[str]) -> dict[str, int]:
    """Return those fields of seconds that a row has, in microseconds."""
    return {f"{key[:-2]}_us": for_us(row[key]) for key in row.keys() & keys}


def quantity_of(row: Row) -> ResourceUsage:
    named = {key: row[key] for key in row.keys() - {"from", "to", "quantity"}}
    start, end = instant(row["from"]), instant(row["to"])
    return quantity(row["quantity"], start_us=start, end_us=end, **named)


def instant(after: str) -> int:
    """Return T0 + m:ss, the seconds with decimals if need be."""
    minutes, seconds = after.split(":")
    return T0 + int(minutes) * MINUTE_US + for_us(seconds)


def for_us(seconds: str) -> int:
    return int(Decimal(seconds) * SECOND_US)


def watermark(at_us: int) -> Message:
    return Message("Watermark", {"origin": "all", "at_us": at_us, "origins": 1})


def clock(at_us: int) -> str:
    minutes, rest = divmod(at_us - T0, MINUTE_US)
    return f"{minutes}:{rest // SECOND_US:02}"


def line_row(line: CostLine) -> Row:
    """Return a final line as expected.jsonl writes it."""
    given = {key: line[key] for key in DIMENSIONS if line[key] is not None}  # type: ignore[literal-required]  # of the tuple above
    cost = usd(line["cost"])
    other = {key: usd(line[f"{key}_cost"]) for key in ("list", "billed")}  # type: ignore[literal-required]  # of the record
    return {
        "window": clock(line["window_start_us"]),
        "pool": line["pool"],
        "tenant": line["tenant"],
        "kind": line["kind"],
        **({} if line["meter"] == line["kind"] else {"meter": line["meter"]}),
        **given,
        "quantity": f"{text(from_bytes(line['quantity']))} {line['unit']}",
        "cost": cost,
        **{key: amount for key, amount in other.items() if amount != cost},
        "events": line["events"],
    }


def usd(amount: bytes | None) -> str | None:
    """Return an amount of a line as a decimal."""
    return None if amount is None else text(from_bytes(amount))


def late_row(late: LatePartial) -> Row:
    return {
        "window": clock(late["window_start_us"]),
        "pool": late["pool"],
        "batch": f"{late['source']}/{late['seq']}",
        "events": late["events"],
    }

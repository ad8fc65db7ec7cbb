"""Usage batches as rows of the archive: events, the batch itself, its losses. Pure.

Every field is kept, so that `archive` can give the batch back as it came.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, cast

from clickhouse.block import Block, block, pico_column
from schemas.decimals import to_decimal
from schemas.records import (
    CallQuantity,
    GpuInterval,
    GpuUsageBatch,
    InferenceUsage,
    InferenceUsageBatch,
    ResourceUsage,
    ResourceUsageBatch,
)

UsageBatch: TypeAlias = InferenceUsageBatch | GpuUsageBatch | ResourceUsageBatch
UsageEvent: TypeAlias = InferenceUsage | GpuInterval | ResourceUsage
UsageRecord = Literal["InferenceUsageBatch", "GpuUsageBatch", "ResourceUsageBatch"]

KINDS: dict[UsageRecord, str] = {
    "InferenceUsageBatch": "inference",
    "GpuUsageBatch": "gpu",
    "ResourceUsageBatch": "resource",
}

Columns: TypeAlias = dict[str, Sequence[object]]


@dataclass(frozen=True, slots=True)
class Attributed:
    """What metering decided about one event. `tenant` None: allocation decides.

    `list_cost_pico` None: no price was in force, or the event is charged by GPU time.
    `precedence`: which observer of a call its source was, the first being 1.
    """

    pool: str
    tenant: str | None
    list_cost_pico: int | None
    precedence: int = 1


@dataclass(frozen=True, slots=True)
class Position:
    """Where a batch was read."""

    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Versions:
    """What a batch was attributed and rated with."""

    price_book: str
    catalog: str
    currency: str


def usage_rows(
    record: UsageRecord,
    batch: UsageBatch,
    attributed: Sequence[Attributed | None],
    position: Position,
    versions: Versions,
) -> list[Block]:
    """Return a batch as rows of `batches`, `usage_events` and `losses`; empty ones are left out.

    `attributed` has an entry per event; None marks a dead letter, which the archive does not hold.
    Raises ValueError when it has another number of entries: a bug of the caller; and BadRow for a
    quantity that does not fit.
    """
    if len(attributed) != len(batch["events"]):
        raise ValueError(f"expected {len(batch['events'])} attributions, got {len(attributed)}")
    kept = [index for index, each in enumerate(attributed) if each is not None]
    blocks = [batch_row(record, batch, len(batch["events"]) - len(kept), position)]
    if kept:
        columns = shared_columns(record, batch, kept, position, versions)
        columns |= attributed_columns([each for each in attributed if each is not None])
        columns |= event_columns(record, batch, kept)
        blocks.append(block("usage_events", columns))
    if batch["losses"]:
        blocks.append(loss_rows(batch))
    return blocks


def batch_row(record: UsageRecord, batch: UsageBatch, rejected: int, position: Position) -> Block:
    """Return the row of the batch itself."""
    return block(
        "batches",
        {
            "source": [batch["source"]],
            "epoch": [batch["epoch"]],
            "seq": [batch["seq"]],
            "kind": [KINDS[record]],
            "sent_at": [batch["sent_at_us"]],
            "events": [len(batch["events"])],
            "rejected": [rejected],
            "topic": [position.topic],
            "partition": [position.partition],
            "offset": [position.offset],
        },
    )


def loss_rows(batch: UsageBatch) -> Block:
    """Return what the producer lost."""
    losses = batch["losses"]
    count = len(losses)
    return block(
        "losses",
        {
            "source": [batch["source"]] * count,
            "epoch": [batch["epoch"]] * count,
            "seq": [batch["seq"]] * count,
            "loss_index": range(count),
            "events": [x["events"] for x in losses],
            "first_at": [x["first_us"] for x in losses],
            "last_at": [x["last_us"] for x in losses],
            "reason": [x["reason"] for x in losses],
        },
    )


def shared_columns(
    record: UsageRecord,
    batch: UsageBatch,
    kept: list[int],
    position: Position,
    versions: Versions,
) -> Columns:
    """Return what all events of a batch share, and their index."""
    count = len(kept)
    return {
        "source": [batch["source"]] * count,
        "epoch": [batch["epoch"]] * count,
        "seq": [batch["seq"]] * count,
        "event_index": kept,
        "kind": [KINDS[record]] * count,
        "sent_at": [batch["sent_at_us"]] * count,
        "topic": [position.topic] * count,
        "partition": [position.partition] * count,
        "offset": [position.offset] * count,
        "currency": [versions.currency] * count,
        "price_book": [versions.price_book] * count,
        "catalog": [versions.catalog] * count,
    }


def attributed_columns(attributed: list[Attributed]) -> Columns:
    """Return what metering decided."""
    return {
        "pool": [x.pool for x in attributed],
        "tenant": [x.tenant for x in attributed],
        "list_cost": [x.list_cost_pico for x in attributed],
        "precedence": [x.precedence for x in attributed],
    }


def event_columns(record: UsageRecord, batch: UsageBatch, kept: list[int]) -> Columns:
    """Return what the events themselves say."""
    events: Sequence[UsageEvent] = batch["events"]
    if len(kept) < len(events):
        events = [events[index] for index in kept]
    match record:
        case "InferenceUsageBatch":
            return inference_columns(cast("list[InferenceUsage]", events))
        case "GpuUsageBatch":
            return gpu_columns(cast("list[GpuInterval]", events))
        case "ResourceUsageBatch":
            return resource_columns(cast("list[ResourceUsage]", events))


def inference_columns(events: list[InferenceUsage]) -> Columns:
    """Return model calls by column."""
    at = [x["at_us"] for x in events]
    columns: Columns = {
        "started_at": at,
        "ended_at": at,
        "tenant_reported": [x["tenant"] for x in events],
        "project": [x["project"] for x in events],
        "provider": [x["provider"] for x in events],
        "model": [x["model"] for x in events],
        "endpoint": [x["endpoint"] for x in events],
        "request_id": [x["request_id"] for x in events],
        "input_tokens": [x["input_tokens"] for x in events],
        "cache_read_tokens": [x["cache_read_tokens"] for x in events],
        "cache_write_5m_tokens": [x["cache_write_5m_tokens"] for x in events],
        "cache_write_1h_tokens": [x["cache_write_1h_tokens"] for x in events],
        "output_tokens": [x["output_tokens"] for x in events],
        "reasoning_tokens": [x["reasoning_tokens"] for x in events],
        "region": [x["region"] for x in events],
        "service_tier": [x["service_tier"] for x in events],
    }
    columns |= detail_columns(events)
    return columns | quantity_columns([x["quantities"] or [] for x in events])


def detail_columns(events: list[InferenceUsage]) -> Columns:
    """Return what metering does not read; nothing when no call of the batch has any of it."""
    columns: Columns = {
        "response_id": [x["response_id"] for x in events],
        "operation_id": [x["operation_id"] for x in events],
        "attempt": [x["attempt"] for x in events],
        "operation": [x["operation"] for x in events],
        "status": [x["status"] for x in events],
        "error_type": [x["error_type"] for x in events],
        "usage_source": [x["usage_source"] for x in events],
        "gateway_cache": [x["gateway_cache"] for x in events],
        "avoided_input_tokens": [x["avoided_input_tokens"] for x in events],
        "avoided_output_tokens": [x["avoided_output_tokens"] for x in events],
        "call_started_at": [x["started_at_us"] for x in events],
        "first_token_at": [x["first_token_at_us"] for x in events],
        "is_stream": [x["is_stream"] for x in events],
        "reported_cost": pico_column(
            "usage_events", "reported_cost", [x["reported_cost"] for x in events]
        ),
        "reported_currency": [x["reported_currency"] for x in events],
        "gateway": [x["gateway"] for x in events],
        "key_hash": [x["key_hash"] for x in events],
        "user_hash": [x["user_hash"] for x in events],
        "raw_usage": [x["raw_usage"] for x in events],
    }
    is_any = any(each is not None for column in columns.values() for each in column)
    return columns if is_any else {}


def quantity_columns(quantities: list[list[CallQuantity]]) -> Columns:
    """Return what else calls are priced by; arrays of equal length in each row."""
    if not any(quantities):
        return {}
    return {
        "quantities.meter": [[q["meter"] for q in some] for some in quantities],
        "quantities.unit": [[q["unit"] for q in some] for some in quantities],
        "quantities.quantity": [
            [to_decimal(each or 0) for each in quantity_column(some)] for some in quantities
        ],
    }


def quantity_column(quantities: list[CallQuantity]) -> list[int | None]:
    """Return quantities as integers of pico. Raises BadRow for one that does not fit."""
    given = [each["quantity"] for each in quantities]
    return pico_column("usage_events", "quantities.quantity", given)


def gpu_columns(events: list[GpuInterval]) -> Columns:
    """Return GPU intervals by column; holders are arrays of equal length in each row."""
    return {
        "started_at": [x["start_us"] for x in events],
        "ended_at": [x["end_us"] for x in events],
        "model": [x["gpu_model"] for x in events],
        "node": [x["node"] for x in events],
        "device": [x["device"] for x in events],
        "holders.tenant": [[h["tenant"] for h in x["holders"]] for x in events],
        "holders.project": [[h["project"] for h in x["holders"]] for x in events],
        "holders.endpoint": [[h["endpoint"] for h in x["holders"]] for x in events],
        "holders.job": [[h["job"] for h in x["holders"]] for x in events],
        "holders.held_us": [[h["held_us"] for h in x["holders"]] for x in events],
        "holders.active_us": [[h["active_us"] for h in x["holders"]] for x in events],
        "holders.no_context_us": [[h["no_context_us"] for h in x["holders"]] for x in events],
        "holders.instance": [[h["instance"] for h in x["holders"]] for x in events],
        "holders.memory_bytes": [[h["memory_bytes"] for h in x["holders"]] for x in events],
        "holders.attribution": [[h["attribution"] for h in x["holders"]] for x in events],
        "holders.rule": [[h["rule"] for h in x["holders"]] for x in events],
        "holders.evidence": [[h["evidence"] for h in x["holders"]] for x in events],
        "holders.workload": [[h["workload"] for h in x["holders"]] for x in events],
        "unallocated_us": [x["unallocated_us"] for x in events],
        "stranded_us": [x["stranded_us"] for x in events],
        "out_of_service_us": [x["out_of_service_us"] for x in events],
        "unobserved_us": [x["unobserved_us"] for x in events],
        "purchase_option": [x["purchase_option"] for x in events],
        "sharing_mode": [x["sharing_mode"] for x in events],
        "energy_mj": [x["energy_mj"] for x in events],
        "samples_expected": [x["samples_expected"] for x in events],
        "samples_taken": [x["samples_taken"] for x in events],
        "flags": [x["flags"] for x in events],
    }


def resource_columns(events: list[ResourceUsage]) -> Columns:
    """Return resource usage by column."""
    return {
        "started_at": [x["start_us"] for x in events],
        "ended_at": [x["end_us"] for x in events],
        "tenant_reported": [x["tenant"] for x in events],
        "project": [x["project"] for x in events],
        "resource_kind": [x["kind"] for x in events],
        "sku": [x["sku"] for x in events],
        "resource_id": [x["resource_id"] for x in events],
        "quantity": pico_column("usage_events", "quantity", [x["quantity"] for x in events]),
        "unit": [x["unit"] for x in events],
    }

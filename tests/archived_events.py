"""Rows of the archive back to the very events the codec gave: the way back of `usage_rows`."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, TypeAlias, cast

from clickhouse.usage_rows import KINDS, UsageEvent, UsageRecord
from schemas.decimals import to_bytes, to_pico
from schemas.records import CallQuantity, GpuInterval, Holder, InferenceUsage, ResourceUsage

Row: TypeAlias = Mapping[str, Any]  # one row by column name; the migrations type its values

HOLDER = tuple(Holder.__annotations__)  # the fields of a holder, in their order
HOLDER_COLUMNS = tuple(f"holders.{field}" for field in HOLDER)

RECORDS: dict[str, UsageRecord] = {kind: record for record, kind in KINDS.items()}


def usage_event(row: Row) -> UsageEvent:
    """Return the event a row holds."""
    return READERS[str(row["kind"])](row)


def inference_usage(row: Row) -> InferenceUsage:
    """Return a model call."""
    cost = row["reported_cost"]
    return {
        "at_us": row["started_at"],
        "tenant": row["tenant_reported"],
        "project": row["project"],
        "provider": row["provider"],
        "model": row["model"],
        "endpoint": row["endpoint"],
        "request_id": row["request_id"],
        "input_tokens": row["input_tokens"],
        "cache_read_tokens": row["cache_read_tokens"],
        "cache_write_5m_tokens": row["cache_write_5m_tokens"],
        "cache_write_1h_tokens": row["cache_write_1h_tokens"],
        "output_tokens": row["output_tokens"],
        "reasoning_tokens": row["reasoning_tokens"],
        "region": row["region"],
        "service_tier": row["service_tier"],
        "quantities": quantities(row) or None,
        "response_id": row["response_id"],
        "operation_id": row["operation_id"],
        "attempt": row["attempt"],
        "operation": row["operation"],
        "status": row["status"],
        "error_type": row["error_type"],
        "usage_source": row["usage_source"],
        "gateway_cache": row["gateway_cache"],
        "avoided_input_tokens": row["avoided_input_tokens"],
        "avoided_output_tokens": row["avoided_output_tokens"],
        "started_at_us": row["call_started_at"],
        "first_token_at_us": row["first_token_at"],
        "is_stream": row["is_stream"],
        "reported_cost": None if cost is None else to_bytes(to_pico(Decimal(cost))),
        "reported_currency": row["reported_currency"],
        "gateway": row["gateway"],
        "key_hash": row["key_hash"],
        "user_hash": row["user_hash"],
        "raw_usage": row["raw_usage"],
    }


def quantities(row: Row) -> list[CallQuantity]:
    """Return what else a call is priced by, in its order; in the shortest bytes that hold it."""
    parts = zip(
        row["quantities.meter"], row["quantities.unit"], row["quantities.quantity"], strict=True
    )
    return [
        {"meter": meter, "unit": unit, "quantity": to_bytes(to_pico(Decimal(quantity)))}
        for meter, unit, quantity in parts
    ]


def gpu_interval(row: Row) -> GpuInterval:
    """Return a GPU interval."""
    return {
        "start_us": row["started_at"],
        "end_us": row["ended_at"],
        "node": row["node"],
        "device": row["device"],
        "gpu_model": row["model"],
        "holders": holders(row),
        "unallocated_us": row["unallocated_us"],
        "stranded_us": row["stranded_us"],
        "out_of_service_us": row["out_of_service_us"],
        "unobserved_us": row["unobserved_us"],
        "purchase_option": row["purchase_option"],
        "sharing_mode": row["sharing_mode"],
        "energy_mj": row["energy_mj"],
        "samples_expected": row["samples_expected"],
        "samples_taken": row["samples_taken"],
        "flags": row["flags"],
    }


def holders(row: Row) -> list[Holder]:
    """Return the holders of an interval, in their order."""
    parts = zip(*(row[column] for column in HOLDER_COLUMNS), strict=True)
    return [cast("Holder", dict(zip(HOLDER, values, strict=True))) for values in parts]


def resource_usage(row: Row) -> ResourceUsage:
    """Return a resource's usage; its quantity in the shortest bytes that hold it."""
    return {
        "start_us": row["started_at"],
        "end_us": row["ended_at"],
        "tenant": row["tenant_reported"],
        "project": row["project"],
        "kind": row["resource_kind"],
        "sku": row["sku"],
        "resource_id": row["resource_id"],
        "quantity": to_bytes(to_pico(Decimal(row["quantity"]))),
        "unit": row["unit"],
    }


COLUMNS: dict[str, tuple[str, ...]] = {
    "inference": (
        "tenant_reported",
        "project",
        "provider",
        "model",
        "endpoint",
        "request_id",
        "input_tokens",
        "cache_read_tokens",
        "cache_write_5m_tokens",
        "cache_write_1h_tokens",
        "output_tokens",
        "reasoning_tokens",
        "region",
        "service_tier",
        "quantities.meter",
        "quantities.unit",
        "quantities.quantity",
        "response_id",
        "operation_id",
        "attempt",
        "operation",
        "status",
        "error_type",
        "usage_source",
        "gateway_cache",
        "avoided_input_tokens",
        "avoided_output_tokens",
        "call_started_at",
        "first_token_at",
        "is_stream",
        "reported_cost",
        "reported_currency",
        "gateway",
        "key_hash",
        "user_hash",
        "raw_usage",
    ),
    "gpu": (
        "model",
        "node",
        "device",
        *HOLDER_COLUMNS,
        "unallocated_us",
        "stranded_us",
        "out_of_service_us",
        "unobserved_us",
        "purchase_option",
        "sharing_mode",
        "energy_mj",
        "samples_expected",
        "samples_taken",
        "flags",
    ),
    "resource": (
        "tenant_reported",
        "project",
        "resource_kind",
        "sku",
        "resource_id",
        "quantity",
        "unit",
    ),
}

READERS: dict[str, Callable[[Row], UsageEvent]] = {
    "inference": inference_usage,
    "gpu": gpu_interval,
    "resource": resource_usage,
}

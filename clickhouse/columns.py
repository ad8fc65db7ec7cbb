"""The types of the columns we write, so that no insert has to ask the engine.

The migrations are the truth; a test compares the two. Columns with a default are not written.
"""

from collections.abc import Mapping, Sequence
from functools import cache

from clickhouse_connect.datatypes.base import ClickHouseType
from clickhouse_connect.datatypes.registry import get_from_name

from clickhouse.pico import pico_type

INSTANT = "DateTime64(6, 'UTC')"
INSTANT_OR_NULL = "Nullable(DateTime64(6, 'UTC'))"
NAME = "LowCardinality(String)"
NAME_OR_NULL = "LowCardinality(Nullable(String))"
TEXT_OR_NULL = "Nullable(String)"
TOKENS = "Nullable(UInt64)"
GPU_US = "Nullable(Int64)"
PICO = "Decimal(38, 12)"
PICO_OR_NULL = "Nullable(Decimal(38, 12))"

TABLES: Mapping[str, Mapping[str, str]] = {
    "usage_events": {
        "source": NAME,
        "epoch": "Int64",
        "seq": "Int64",
        "event_index": "UInt32",
        "kind": NAME,
        "sent_at": INSTANT,
        "topic": NAME,
        "partition": "Int32",
        "offset": "Int64",
        "started_at": INSTANT,
        "ended_at": INSTANT,
        "pool": NAME,
        "tenant": NAME_OR_NULL,
        "tenant_reported": NAME_OR_NULL,
        "project": NAME_OR_NULL,
        "provider": NAME_OR_NULL,
        "model": NAME_OR_NULL,
        "endpoint": NAME_OR_NULL,
        "request_id": TEXT_OR_NULL,
        "input_tokens": TOKENS,
        "cache_read_tokens": TOKENS,
        "cache_write_5m_tokens": TOKENS,
        "cache_write_1h_tokens": TOKENS,
        "output_tokens": TOKENS,
        "reasoning_tokens": TOKENS,
        "region": NAME_OR_NULL,
        "service_tier": NAME_OR_NULL,
        "quantities.meter": f"Array({NAME})",
        "quantities.unit": f"Array({NAME})",
        "quantities.quantity": f"Array({PICO})",
        "response_id": TEXT_OR_NULL,
        "operation_id": TEXT_OR_NULL,
        "attempt": "Nullable(Int32)",
        "operation": NAME_OR_NULL,
        "status": NAME_OR_NULL,
        "error_type": NAME_OR_NULL,
        "usage_source": NAME_OR_NULL,
        "gateway_cache": NAME_OR_NULL,
        "avoided_input_tokens": TOKENS,
        "avoided_output_tokens": TOKENS,
        "call_started_at": INSTANT_OR_NULL,
        "first_token_at": INSTANT_OR_NULL,
        "is_stream": "Nullable(Bool)",
        "reported_cost": PICO_OR_NULL,
        "reported_currency": NAME_OR_NULL,
        "gateway": NAME_OR_NULL,
        "key_hash": TEXT_OR_NULL,
        "user_hash": TEXT_OR_NULL,
        "raw_usage": TEXT_OR_NULL,
        "resource_kind": NAME_OR_NULL,
        "sku": NAME_OR_NULL,
        "resource_id": TEXT_OR_NULL,
        "quantity": PICO_OR_NULL,
        "unit": NAME_OR_NULL,
        "node": NAME_OR_NULL,
        "device": NAME_OR_NULL,
        "holders.tenant": f"Array({NAME_OR_NULL})",
        "holders.project": f"Array({NAME_OR_NULL})",
        "holders.endpoint": f"Array({NAME_OR_NULL})",
        "holders.job": f"Array({TEXT_OR_NULL})",
        "holders.held_us": "Array(Int64)",
        "holders.active_us": "Array(Int64)",
        "holders.no_context_us": f"Array({GPU_US})",
        "holders.instance": f"Array({TEXT_OR_NULL})",
        "holders.memory_bytes": "Array(Nullable(Int64))",
        "holders.attribution": f"Array({NAME_OR_NULL})",
        "holders.rule": f"Array({NAME_OR_NULL})",
        "holders.evidence": f"Array(Array({NAME}))",
        "holders.workload": f"Array(Map({NAME}, String))",
        "unallocated_us": GPU_US,
        "stranded_us": GPU_US,
        "out_of_service_us": GPU_US,
        "unobserved_us": GPU_US,
        "purchase_option": NAME_OR_NULL,
        "sharing_mode": NAME_OR_NULL,
        "energy_mj": "Nullable(Int64)",
        "samples_expected": "Nullable(Int32)",
        "samples_taken": "Nullable(Int32)",
        "flags": f"Array({NAME})",
        "list_cost": PICO_OR_NULL,
        "currency": NAME,
        "price_book": NAME,
        "catalog": NAME,
    },
    "batches": {
        "source": NAME,
        "epoch": "Int64",
        "seq": "Int64",
        "kind": NAME,
        "sent_at": INSTANT,
        "events": "UInt32",
        "rejected": "UInt32",
        "topic": NAME,
        "partition": "Int32",
        "offset": "Int64",
    },
    "losses": {
        "source": NAME,
        "epoch": "Int64",
        "seq": "Int64",
        "loss_index": "UInt32",
        "events": "Int64",
        "first_at": INSTANT,
        "last_at": INSTANT,
        "reason": NAME,
    },
    "cost_lines": {
        "line_id": "String",
        "window_start": INSTANT,
        "window_end": INSTANT,
        "pool": NAME,
        "tenant": NAME,
        "project": NAME_OR_NULL,
        "kind": NAME,
        "meter": NAME,
        "provider": NAME_OR_NULL,
        "model": NAME_OR_NULL,
        "endpoint": NAME_OR_NULL,
        "job": TEXT_OR_NULL,
        "region": NAME_OR_NULL,
        "service_tier": NAME_OR_NULL,
        "unit": NAME,
        "quantity": PICO,
        "cost": PICO_OR_NULL,
        "list_cost": PICO_OR_NULL,
        "billed_cost": PICO_OR_NULL,
        "currency": NAME,
        "events": "Int64",
        "price_book": NAME,
        "catalog": NAME,
        "generation": "Int64",
        "revision": "Int64",
        "status": NAME,
        "lines_of_generation": "Nullable(Int64)",
        "note": NAME_OR_NULL,
        "edition": "UInt64",
        "version": "UInt64",
    },
    "dead_letters": {
        "topic": NAME,
        "partition": "Int32",
        "offset": "Int64",
        "event_index": "Int32",
        "source": NAME_OR_NULL,
        "epoch": "Nullable(Int64)",
        "seq": "Nullable(Int64)",
        "reason": NAME,
        "detail": "String",
        "at": INSTANT,
        "payload": "String",
    },
    "late_partials": {
        "window_start": INSTANT,
        "window_end": INSTANT,
        "pool": NAME,
        "source": NAME,
        "epoch": "Int64",
        "seq": "Int64",
        "events": "Int64",
        "closed_through": INSTANT,
        "reason": NAME,
    },
    "alerts": {
        "alert_id": "String",
        "tenant": NAME,
        "kind": NAME,
        "state": NAME,
        "since": INSTANT,
        "at": INSTANT,
        "expected": PICO_OR_NULL,
        "actual": PICO_OR_NULL,
        "excess": PICO_OR_NULL,
        "currency": NAME,
        "summary": "String",
    },
    "configs": {
        "kind": NAME,
        "version": "String",
        "published_at": INSTANT,
        "body": "String",
        "note": TEXT_OR_NULL,
    },
}


def column_types(table: str, names: Sequence[str]) -> list[ClickHouseType]:
    """Return how to write the named columns of a table."""
    return [column_type(TABLES[table][name]) for name in names]


@cache
def column_type(name: str) -> ClickHouseType:
    """Return how to write a type; decimals are written from integers of pico."""
    found = get_from_name(name)
    return pico_type(found) if name in {PICO, PICO_OR_NULL} else found

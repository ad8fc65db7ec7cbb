"""The smallest valid usage events and batches; each keyword replaces one field."""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, cast

from schemas.decimals import to_bytes, to_pico
from schemas.records import CallQuantity, GpuInterval, Holder, InferenceUsage, ResourceUsage
from streams.core.windows import HOUR_US, SECOND_US

T0 = 1_767_225_600_000_000  # 2026-01-01T00:00:00Z, the begin of a minute, an hour and a day
NOW = T0 + HOUR_US

Event = InferenceUsage | GpuInterval | ResourceUsage

H100 = "NVIDIA H100 80GB HBM3"

CALL = {
    "at_us": T0,
    "tenant": "acme",
    "project": None,
    "provider": "openai",
    "model": "gpt-4o",
    "endpoint": None,
    "request_id": None,
    "input_tokens": 1000,
    "cache_read_tokens": None,
    "cache_write_5m_tokens": None,
    "cache_write_1h_tokens": None,
    "output_tokens": 100,
    "reasoning_tokens": None,
    "region": None,
    "service_tier": None,
    "quantities": None,
    "response_id": None,
    "operation_id": None,
    "attempt": None,
    "operation": None,
    "status": None,
    "error_type": None,
    "usage_source": None,
    "gateway_cache": None,
    "avoided_input_tokens": None,
    "avoided_output_tokens": None,
    "started_at_us": None,
    "first_token_at_us": None,
    "is_stream": None,
    "reported_cost": None,
    "reported_currency": None,
    "gateway": None,
    "key_hash": None,
    "user_hash": None,
    "raw_usage": None,
}
INTERVAL = {
    "start_us": T0,
    "end_us": T0 + 10 * SECOND_US,
    "node": "gpu-node-1",
    "device": "GPU-0",
    "gpu_model": H100,
    "holders": (),
    "unallocated_us": None,
    "stranded_us": 0,
    "out_of_service_us": 0,
    "unobserved_us": None,
    "purchase_option": None,
    "sharing_mode": None,
    "energy_mj": None,
    "samples_expected": None,
    "samples_taken": None,
    "flags": [],
}
HOLDER: Mapping[str, object] = {
    "tenant": None,
    "project": None,
    "endpoint": None,
    "job": None,
    "no_context_us": None,
    "instance": None,
    "memory_bytes": None,
    "attribution": None,
    "rule": None,
    "evidence": [],
    "workload": {},
}
QUANTITY = {
    "start_us": T0,
    "end_us": T0 + HOUR_US,
    "tenant": "acme",
    "project": None,
    "kind": "storage",
    "sku": "s3-standard",
    "resource_id": None,
    "unit": "GB-Hours",
}


def call(**changes: object) -> InferenceUsage:
    """Return a call of 1,000 input and 100 output tokens by acme to openai's gpt-4o."""
    return cast("InferenceUsage", replaced(CALL, changes))


def interval(*holders: Holder, **changes: object) -> GpuInterval:
    """Return 10 s of one H100; what nobody is said to have is unallocated."""
    event = replaced(INTERVAL, changes) | {"holders": list(holders)}
    if event["unallocated_us"] is None:
        taken = sum(each["held_us"] for each in holders)
        taken += event["stranded_us"] + event["out_of_service_us"] + (event["unobserved_us"] or 0)
        event["unallocated_us"] = event["end_us"] - event["start_us"] - taken
    return cast("GpuInterval", event)


def holder(held_us: int, active_us: int | None = None, **changes: object) -> Holder:
    """Return an owner's part of an interval, all of it worked unless said otherwise."""
    active_us = held_us if active_us is None else active_us
    return cast("Holder", replaced(HOLDER, changes) | {"held_us": held_us, "active_us": active_us})


def quantity(of: str, **changes: object) -> ResourceUsage:
    """Return a quantity of storage of acme over the hour from T0."""
    event = replaced(QUANTITY, changes) | {"quantity": to_bytes(to_pico(Decimal(of)))}
    return cast("ResourceUsage", event)


def of_call(meter: str, of: str, unit: str = "Tokens") -> CallQuantity:
    """Return a quantity of a call beside its totals."""
    return {"meter": meter, "unit": unit, "quantity": to_bytes(to_pico(Decimal(of)))}


def replaced(base: Mapping[str, object], changes: Mapping[str, object]) -> dict[str, Any]:
    unknown = changes.keys() - base.keys()
    if unknown:
        raise KeyError(f"expected fields of {sorted(base)}, got {sorted(unknown)}")
    return {**base, **changes}


def batch(
    *events: Mapping[str, Any], source: str = "gw-1", epoch: int = 1, seq: int = 0
) -> dict[str, Any]:
    """Return a batch as the codec decodes it."""
    return {
        "source": source,
        "epoch": epoch,
        "seq": seq,
        "sent_at_us": NOW,
        "losses": [],
        "events": list(events),
    }


def calls_in(events: Iterable[Event]) -> list[InferenceUsage]:
    """Return the calls among events."""
    return [cast("InferenceUsage", event) for event in events if "at_us" in event]


def intervals_in(events: Iterable[Event]) -> list[GpuInterval]:
    """Return the GPU intervals among events."""
    return [cast("GpuInterval", event) for event in events if "holders" in event]


def quantities_in(events: Iterable[Event]) -> list[ResourceUsage]:
    """Return the quantities of resources among events."""
    return [cast("ResourceUsage", event) for event in events if "quantity" in event]


def with_tenants(event: Event, name: Callable[[str | None], str | None]) -> Event:
    """Return an event with its tenants under other names."""
    for each in intervals_in([event]):
        holders = [{**held, "tenant": name(held["tenant"])} for held in each["holders"]]
        return cast("Event", {**event, "holders": holders})
    tenant = cast("InferenceUsage | ResourceUsage", event)["tenant"]
    return cast("Event", {**event, "tenant": name(tenant)})

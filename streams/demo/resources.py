"""A storage and egress meter: a few quantities of a few tenants every five minutes."""

from collections.abc import Iterator

from schemas.decimals import ONE, to_bytes
from schemas.records import ResourceUsage
from schemas.topics import USAGE_RESOURCE
from streams.demo import tenants
from streams.demo.chance import stream
from streams.demo.plan import MINUTE_US, Plan
from streams.demo.sends import Batcher, Send

SOURCE = "resource-meter"
EVERY_US = 5 * MINUTE_US
HOUR_US = 60 * MINUTE_US
STORED_GB = (42_000, 18_500, 9_200, 3_100)  # by tenant, largest first
EGRESS_GB_PER_HOUR = (30.0, 12.0)


def resource_meter(plan: Plan) -> Iterator[Send]:
    """Yield one batch every five minutes, ascending."""
    rng = stream(plan.seed, SOURCE)
    batcher = Batcher(USAGE_RESOURCE, SOURCE, plan.start_us)
    big = tenants.by_size(plan.seed)
    start = plan.start_us
    while start < plan.end_us:
        end = min(start + EVERY_US, plan.end_us)
        for tenant, stored_gb in zip(big, STORED_GB, strict=False):
            batcher.add(storage(tenant, start, end, stored_gb))
        for tenant, gb_per_hour in zip(big, EGRESS_GB_PER_HOUR, strict=False):
            batcher.add(egress(tenant, end - 1, int(rng.uniform(0, gb_per_hour / 6) * ONE)))
        yield batcher.close(end)
        start = end


def storage(tenant: str, start_us: int, end_us: int, stored_gb: int) -> ResourceUsage:
    """Return a bucket's GB-hours over a stretch of time, in whole pico."""
    gb_hours_pico = stored_gb * ONE * (end_us - start_us) // HOUR_US
    return usage(tenant, (start_us, end_us), ("storage", "s3-standard", "GB-Hours"), gb_hours_pico)


def egress(tenant: str, at_us: int, gb_pico: int) -> ResourceUsage:
    """Return gigabytes that left at an instant, in pico."""
    return usage(tenant, (at_us, at_us), ("egress", "internet", "GB"), gb_pico)


def usage(
    tenant: str, span_us: tuple[int, int], what: tuple[str, str, str], quantity_pico: int
) -> ResourceUsage:
    """Return one metered quantity of (kind, sku, unit)."""
    kind, sku, unit = what
    return {
        "start_us": span_us[0],
        "end_us": span_us[1],
        "tenant": tenant,
        "project": None,
        "kind": kind,
        "sku": sku,
        "resource_id": f"{tenant}-{kind}",
        "quantity": to_bytes(quantity_pico),
        "unit": unit,
    }

"""GPU node agents: one balanced interval a device and minute.

Invariant of every interval: holders' held time + unallocated + out of service = its length,
exactly. The intervals of a device cover the day without gap or overlap.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from uuid import UUID

from schemas.records import GpuInterval, Holder
from schemas.topics import USAGE_GPU
from streams.demo.chance import stream
from streams.demo.curve import busyness
from streams.demo.leases import GPU_MODEL, GPUS_PER_NODE, NODES, Lease, leases, of_device
from streams.demo.plan import MINUTE_US, SECOND_US, Plan
from streams.demo.sends import Batcher, Send

AGENT_PHASE_US = 17 * SECOND_US  # agents do not tick together, nor at window edges
ACTIVE_JITTER = 0.08  # of the mean, standard deviation from minute to minute


@dataclass(frozen=True, slots=True)
class Device:
    """One GPU and everybody who holds it during the day."""

    node: str
    uuid: str
    leases: tuple[Lease, ...]


def node_agent(plan: Plan, node: str) -> Iterator[Send]:
    """Yield one batch a minute of a node, ascending."""
    rng = stream(plan.seed, node)
    batcher = Batcher(USAGE_GPU, node, plan.start_us)
    fleet = devices(plan.seed, node, rng)
    for span_us in ticks(plan, NODES.index(node) * AGENT_PHASE_US):
        for device in fleet:
            batcher.add(interval(plan, device, span_us, rng))
        yield batcher.close(span_us[1])


def devices(seed: int, node: str, rng: Random) -> list[Device]:
    """Return the GPUs of a node."""
    return [
        Device(
            node,
            f"GPU-{UUID(int=rng.getrandbits(128), version=4)}",
            tuple(of_device(leases(seed), node, index)),
        )
        for index in range(GPUS_PER_NODE)
    ]


def ticks(plan: Plan, phase_us: int) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of an agent's intervals: minutes, the first and last one shorter."""
    start = plan.start_us
    end = start + (phase_us or MINUTE_US)
    while start < plan.end_us:
        yield start, min(end, plan.end_us)
        start, end = end, end + MINUTE_US


def interval(plan: Plan, device: Device, span_us: tuple[int, int], rng: Random) -> GpuInterval:
    """Return where one device's time went in [start, end)."""
    start_us, end_us = span_us
    holders: list[Holder] = []
    out_of_service_us = 0
    for lease in device.leases:
        held_us = overlap_us(plan, lease, start_us, end_us)
        if lease.is_out_of_service:
            out_of_service_us += held_us
        elif held_us:
            holders.append(holder(lease, held_us, plan.part(start_us), rng))
    allocated_us = sum(each["held_us"] for each in holders) + out_of_service_us
    return {
        "start_us": start_us,
        "end_us": end_us,
        "node": device.node,
        "device": device.uuid,
        "gpu_model": GPU_MODEL,
        "holders": holders,
        "unallocated_us": end_us - start_us - allocated_us,
        "stranded_us": 0,
        "out_of_service_us": out_of_service_us,
        "unobserved_us": 0,
        "purchase_option": None,
        "sharing_mode": "exclusive",
        "energy_mj": None,
        "samples_expected": None,
        "samples_taken": None,
        "flags": [],
    }


def overlap_us(plan: Plan, lease: Lease, start_us: int, end_us: int) -> int:
    """Return how much of [start, end) a lease covers."""
    begins_us = plan.start_us + int(lease.from_part * plan.for_us)
    ends_us = plan.start_us + int(lease.to_part * plan.for_us)
    return max(0, min(end_us, ends_us) - max(start_us, begins_us))


def holder(lease: Lease, held_us: int, part: float, rng: Random) -> Holder:
    """Return a lease's part of an interval, with how much of it was worked."""
    ratio = lease.active_ratio * (busyness(part) if lease.follows_load else 1.0)
    worked = min(1.0, max(0.0, ratio * rng.gauss(1.0, ACTIVE_JITTER)))
    active_us = int(held_us * worked)
    return {
        "tenant": lease.tenant,
        "project": lease.project,
        "endpoint": lease.endpoint,
        "job": lease.job,
        "held_us": held_us,
        "active_us": active_us,
        "no_context_us": int((held_us - active_us) * lease.no_context_ratio),
        "instance": None,
        "memory_bytes": None,
        "attribution": "allocation",
        "rule": None,
        "evidence": [],
        "workload": {},
    }

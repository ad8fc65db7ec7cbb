"""Who holds which GPU of the demo's pool of sixteen, and when.

Two nodes of eight. Two shared endpoints hold GPUs for everybody; tenants hold others for training
and notebooks; some are free, one is out of service for a while.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from streams.demo import tenants

NODES = ("gpu-node-1", "gpu-node-2")
GPUS_PER_NODE = 8
GPU_MODEL = "NVIDIA H100 80GB HBM3"


@dataclass(frozen=True, slots=True)
class Lease:
    """One holder of some devices of a node over a part (0..1) of the day."""

    node: str
    devices: range
    from_part: float
    to_part: float
    active_ratio: float  # of held time worked, on average; of the day's peak if it follows load
    tenant: str | None = None
    endpoint: str | None = None
    job: str | None = None
    project: str | None = None
    follows_load: bool = False
    is_out_of_service: bool = False
    no_context_ratio: float = 0.0  # of time held and not worked, without any process on the device


def leases(seed: int) -> list[Lease]:
    """Return all leases of the day; no two hold one device at one time."""
    first, second = NODES
    big = tenants.by_size(seed)
    return [
        Lease(first, range(4), 0.0, 1.0, 0.85, endpoint="llama-70b-prod", follows_load=True),
        Lease(first, range(4, 6), 0.0, 1.0, 0.75, endpoint="qwen-coder-32b", follows_load=True),
        notebook(Lease(first, range(6, 7), 0.08, 0.62, 0.30, big[0], job="notebook-a")),
        notebook(Lease(first, range(7, 8), 0.31, 0.88, 0.45, big[5], job="notebook-b")),
        Lease(second, range(4), 0.0, 0.44, 0.93, big[2], job="train-ranker", project="training"),
        Lease(second, range(4), 0.57, 1.0, 0.91, big[4], job="finetune-7b", project="training"),
        Lease(second, range(4, 6), 0.22, 0.81, 0.80, endpoint="llama-70b-prod", follows_load=True),
        Lease(second, range(6, 7), 0.48, 0.76, 0.97, big[1], job="batch-embed", project="batch"),
        Lease(second, range(7, 8), 0.60, 0.64, 0.0, is_out_of_service=True),
    ]


def notebook(lease: Lease) -> Lease:
    """Return a lease of somebody who explores, and closes the kernel more often than the lease."""
    return replace(lease, project="explore", no_context_ratio=0.6)


def of_device(all_leases: list[Lease], node: str, device: int) -> Iterator[Lease]:
    """Yield the leases of one device."""
    return (lease for lease in all_leases if lease.node == node and device in lease.devices)

"""What the kubelet or Slurm has handed out, in the sampler's words: devices, owners, replicas."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from agents.gpu.device_ids import Named, named, named_by_index
from agents.gpu.kubelet import Answer
from agents.gpu.observed import Allocation, DeviceSeen, Owner
from agents.gpu.slurm import Written
from agents.gpu.workloads import Workloads

NAMELESS: Final = frozenset({"device_unresolved", "claim_unresolved"})


@dataclass(frozen=True, slots=True)
class Given:
    """What one allocator says. None as allocations: it is not known any more."""

    allocations: tuple[Allocation, ...] | None
    replicas: Mapping[str, int]
    flags: frozenset[str]

    @property
    def is_whole(self) -> bool:
        """Whether every device that was handed out is known."""
        return not self.flags & NAMELESS


def of_kubelet(answer: Answer, devices: Sequence[DeviceSeen], workloads: Workloads) -> Given:
    """Return what the kubelet has handed out. Pods that have ended hold nothing."""
    flags = {"pod_resources_unreachable": answer.fault is not None}
    handed = answer.handed
    if handed is None:
        return Given(None, {}, raised(flags))
    owned = [(each, workloads.of_held(each)) for each in handed.held]
    living = [(each, owner) for each, owner in owned if owner is not None]
    found = [(owner, named(name, devices)) for each, owner in living for name in each.device_ids]
    flags |= {
        "device_unresolved": any(device is None for _, device in found),
        "claim_unresolved": any(each.claims for each, _ in living),
    }
    if handed.allocatable is None:  # of replicas there are at least those that are held
        total = [device for _, device in found]
        flags["replicas_unknown"] = any(device and device.is_replica for device in total)
    else:
        total = [named(name, devices) for name in handed.allocatable]
    return Given(summed(found), replicas_of(total), raised(flags))


def of_slurm(written: Written, devices: Sequence[DeviceSeen], workloads: Workloads) -> Given:
    """Return what Slurm has handed out. Jobs that share a device have a replica of it each."""
    flags = {"slurm_jobs_unreachable": written.fault is not None}
    if written.jobs is None:
        return Given(None, {}, raised(flags))
    held = {name: jobs for name, jobs in written.jobs.items() if jobs}
    found = {name: named_by_index(name, devices) for name in held}
    flags["device_unresolved"] = None in found.values()
    shared = {
        device.uuid: len(held[name])
        for name, device in found.items()
        if device is not None and len(held[name]) > 1
    }
    owned = [(workloads.of_job(job), found[name]) for name, jobs in held.items() for job in jobs]
    return Given(summed(owned), shared, raised(flags))


def summed(owned: Iterable[tuple[Owner, Named | None]]) -> tuple[Allocation, ...]:
    """Return an allocation for each work and device, however many replicas and containers it has.

    A device that is whole is held once, though several containers of a pod have it.
    """
    owners: dict[tuple[str, tuple[str, ...]], Owner] = {}
    replicas: Counter[tuple[str, tuple[str, ...]]] = Counter()
    for owner, device in owned:
        if device is not None:
            key = (device.uuid, owner.work)
            owners.setdefault(key, owner)
            replicas[key] = replicas[key] + 1 if device.is_replica else 1
    return tuple(Allocation(key[0], owner, replicas[key]) for key, owner in owners.items())


def replicas_of(devices: Iterable[Named | None]) -> dict[str, int]:
    """Return into how many replicas each device is shared that is.

    >>> replicas_of([Named("GPU-a", True), Named("GPU-a", True), Named("GPU-b"), None])
    {'GPU-a': 2}
    """
    return dict(Counter(each.uuid for each in devices if each is not None and each.is_replica))


def raised(flags: Mapping[str, bool]) -> frozenset[str]:
    """Return the flags that are up."""
    return frozenset(flag for flag, is_up in flags.items() if is_up)

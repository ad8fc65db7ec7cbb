"""A made-up node for the sampler's tests: clocks that move when told, devices, holders, looks."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from agents.gpu.observed import (
    Activity,
    Allocation,
    Allotment,
    DeviceSeen,
    Instant,
    MigInstance,
    MigLayout,
    Owner,
    Payer,
    ProcessSeen,
    Standing,
)
from agents.gpu.sampler import Covered, Look, Outcome, Sampler, Terms
from schemas.records import GpuInterval, Holder

SECOND_US = 1_000_000
START_US = 1_767_225_600 * SECOND_US  # 2026-01-01, on every grid
GIB = 2**30
LOST, UNREADABLE = Standing.OUT_OF_SERVICE, Standing.UNREADABLE


@dataclass(frozen=True)
class ByNamespace:
    """The tenant of a pod is its namespace."""

    def at(self, at_us: int) -> "ByNamespace":
        assert at_us > 0
        return self

    def payer(self, owner: Owner) -> Payer:
        tenant = owner.workload.get("namespace")
        return Payer(tenant=tenant, rule="namespace" if tenant else None)


def pod(namespace: str, name: str = "pod-1") -> Owner:
    return Owner({"namespace": namespace, "pod": name}, evidence=("pod_resources",))


def seen_pod(namespace: str, name: str = "pod-1") -> Owner:
    """The same pod as its process tells it."""
    workload = {"namespace": namespace, "pod": name, "container_id": "c" * 64}
    return Owner(workload, evidence=("cgroup",))


def gpu(uuid: str = "GPU-0", **changes: object) -> DeviceSeen:
    plain = {"model": "NVIDIA H100", "standing": Standing.IN_SERVICE, "processes": ()}
    return DeviceSeen(uuid=uuid, **{**plain, **changes})  # type: ignore[arg-type] # as each field says


def given(owner: Owner, device: str = "GPU-0", replicas: int = 1) -> Allocation:
    return Allocation(device, owner, replicas)


def allotted(*allocations: Allocation, **changes: object) -> Allotment:
    return Allotment(allocations=allocations, **changes)  # type: ignore[arg-type] # as each field says


def active(device_us: int | None = None, sm_us: Mapping[int, int] | None = None) -> Activity:
    return Activity(0, 0, device_us, sm_us)


def mig(*instances: tuple[str, int, int], slices: int = 7, memory: int = 8) -> MigLayout:
    """Return a layout of (uuid, compute slices, memory slices)."""
    return MigLayout(tuple(MigInstance(u, f"{c}g", c, m) for u, c, m in instances), slices, memory)


def process(pid: int, memory_bytes: int | None = GIB, instance: str | None = None) -> ProcessSeen:
    return ProcessSeen(pid, memory_bytes, instance)


@dataclass
class Clocks:
    """Three clocks of a node."""

    wall_us: int = START_US
    monotonic_us: int = 1_000 * SECOND_US
    boottime_us: int = 1_000 * SECOND_US

    def go(self, seconds: float) -> None:
        """Let time pass while the node is awake."""
        self.sleep(seconds)
        self.monotonic_us += round(seconds * SECOND_US)

    def sleep(self, seconds: float) -> None:
        """Let time pass while the node is suspended."""
        self.wall_us += round(seconds * SECOND_US)
        self.boottime_us += round(seconds * SECOND_US)

    def set(self, by_s: float) -> None:
        """Set the wall clock forward, or back."""
        self.wall_us += round(by_s * SECOND_US)

    def now(self) -> Instant:
        return Instant(self.wall_us, self.monotonic_us, self.boottime_us)


@dataclass
class FakeNode:
    """A sampler with a node before it. `kept` is what would be on disk."""

    terms: Terms = field(default_factory=lambda: Terms(node="node-1"))
    clocks: Clocks = field(default_factory=Clocks)
    devices: tuple[DeviceSeen, ...] = (gpu(),)
    allotment: Allotment = field(default_factory=allotted)
    owners: dict[int, Owner | None] = field(default_factory=dict)
    kept: list[GpuInterval] = field(default_factory=list)
    covered: dict[str, Covered] = field(default_factory=dict)
    skipped_us: int = 0

    def __post_init__(self) -> None:
        self.sampler = Sampler(self.terms, {}, self.clocks.wall_us)

    def look(self) -> Outcome:
        outcome = self.sampler.look(
            Look(
                at=self.clocks.now(),
                devices=self.devices,
                allotment=self.allotment,
                owners=dict(self.owners),
                rules=ByNamespace(),
            )
        )
        self.keep(outcome)
        return outcome

    def keep(self, outcome: Outcome) -> None:
        self.skipped_us += outcome.skipped_us
        for one in outcome.closed:
            self.kept.append(one.interval)
            self.covered |= one.covered

    def watch(self, seconds: int, *, every_s: float = 1.0) -> None:
        """Look, let time pass, and so on; the last look is at the end."""
        for _ in range(round(seconds / every_s)):
            self.look()
            self.clocks.go(every_s)
        self.look()

    def finish(self) -> list[GpuInterval]:
        self.keep(self.sampler.finish())
        return self.kept

    def restart(self) -> None:
        """Die without a word, and begin with what was kept."""
        self.sampler = Sampler(self.terms, self.covered, self.clocks.wall_us)


def total_us(interval: GpuInterval) -> int:
    """Return the sum of an interval's parts."""
    return sum(one["held_us"] for one in interval["holders"]) + sum(states(interval))


def states(interval: GpuInterval) -> tuple[int, int, int, int]:
    """Return unallocated, stranded, out of service and unobserved."""
    return (
        interval["unallocated_us"],
        interval["stranded_us"],
        interval["out_of_service_us"],
        interval["unobserved_us"] or 0,
    )


def held(interval: GpuInterval) -> dict[str | None, int]:
    """Return the time that each tenant held."""
    times: dict[str | None, int] = {}
    for one in interval["holders"]:
        times[one["tenant"]] = times.get(one["tenant"], 0) + one["held_us"]
    return times


def holder(interval: GpuInterval, tenant: str | None) -> Holder:
    """Return the one holder that is of a tenant."""
    [one] = [each for each in interval["holders"] if each["tenant"] == tenant]
    return one


def span(interval: GpuInterval) -> tuple[float, float]:
    """Return begin and end, in seconds after START_US."""
    start_us, end_us = interval["start_us"] - START_US, interval["end_us"] - START_US
    return start_us / SECOND_US, end_us / SECOND_US

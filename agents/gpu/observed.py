"""What one look at a node sees: the words that reader, owners and sampler share. Plain data.

Quantities are integers in base units: microseconds, bytes, millijoules. None means that it could
not be known; it is never a zero.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple, Protocol


@dataclass(frozen=True, slots=True)
class Instant:
    """One instant by three clocks. Durations come from the steady ones, labels from the wall."""

    wall_us: int  # UTC; may be stepped
    monotonic_us: int  # stands still while the node is suspended
    boottime_us: int  # goes on while the node is suspended


class Standing(Enum):
    """Whether a device can be used at all."""

    IN_SERVICE = "in_service"
    OUT_OF_SERVICE = "out_of_service"  # lost, fallen off the bus, waiting for a reset
    UNREADABLE = "unreadable"  # it is there, but what it does could not be read


class ProcessSeen(NamedTuple):
    """A process with a context on a device."""

    pid: int  # in the initial pid namespace, as NVML reports it
    memory_bytes: int | None = None
    instance: str | None = None  # UUID of the MIG device it is on


@dataclass(frozen=True, slots=True)
class Activity:
    """What ran on a device in (since, until], by the driver's own samples."""

    since_us: int  # wall clock
    until_us: int
    device_us: int | None = None  # time in which at least one kernel ran
    sm_us: Mapping[int, int] | None = None  # by pid; who is not in it did nothing


@dataclass(frozen=True, slots=True)
class MigInstance:
    """One MIG device of a GPU."""

    uuid: str
    profile: str  # e.g. 1g.10gb
    compute_slices: int
    memory_bytes: int
    active_us: int | None = None  # since the look before, where GPM can tell
    gpu_instance: int | None = None  # its number on the GPU


@dataclass(frozen=True, slots=True)
class MigLayout:
    """How a GPU is cut. The instances need not use all of it."""

    instances: tuple[MigInstance, ...]
    compute_slices: int  # of the whole GPU, e.g. 7
    memory_bytes: int  # that its instances can have together


NAMELESS = "unidentified-"  # and its index: a GPU that has never told its UUID to this reader


@dataclass(frozen=True, slots=True)
class DeviceSeen:
    """One physical GPU at one instant."""

    uuid: str
    model: str  # as NVML names it
    standing: Standing
    memory_bytes: int | None = None
    mig: MigLayout | None = None  # None: not cut
    is_mps: bool = False  # its clients run through an MPS server
    processes: tuple[ProcessSeen, ...] | None = None
    activity: Activity | None = None
    energy_mj: int | None = None  # counter of the driver
    energy_epoch: int = 0  # another one: the counter has begun anew
    xids: tuple[int, ...] = ()  # since the look before
    flags: frozenset[str] = frozenset()  # what was wrong with this look, e.g. nvml_timeout
    index: int | None = None  # NVML's number of it; allocators may name a device by it
    minor: int | None = None  # N of /dev/nvidiaN; as above


WORK = (("namespace", "pod"), ("pod_uid",), ("slurm_job",), ("container_id",), ("unit",), ("uid",))


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose work something is, as this node can know it. Tenant rules make a payer of it.

    Labels: None where they could not be asked for, which is not the same as having none.
    """

    workload: Mapping[str, str]  # namespace, pod, pod_uid, container, slurm_job, uid, unit, ...
    labels: Mapping[str, str] | None = field(default_factory=dict)  # of the pod
    namespace_labels: Mapping[str, str] | None = field(default_factory=dict)
    evidence: tuple[str, ...] = ()  # strongest first: pod_resources, cgroup, slurm, uid, ...

    @property
    def work(self) -> tuple[str, ...]:
        """What one piece of work has in common, be it seen as an allocation or as a process.

        >>> Owner({"namespace": "a", "pod": "b", "container": "c"}).work
        ('namespace', 'a', 'pod', 'b')
        """
        for names in WORK:
            if all(map(self.workload.__contains__, names)):
                return tuple(part for name in names for part in (name, self.workload[name]))
        return ()


@dataclass(frozen=True, slots=True)
class Allocation:
    """A device, a MIG device or a replica of either that an allocator has handed out."""

    device: str  # UUID of the GPU or of the MIG device
    owner: Owner
    replicas: int = 1  # how many of its replicas the owner has


@dataclass(frozen=True, slots=True)
class Allotment:
    """What the allocators of this node (kubelet, Slurm) say at one instant.

    None as allocations: there is no allocator, so the processes on a device say who holds it.
    """

    allocations: tuple[Allocation, ...] | None = None
    replicas: Mapping[str, int] = field(default_factory=dict)  # by UUID, where a device is shared
    is_drained: bool = False  # the node takes no new work: unheld time is out of service
    is_known: bool = True  # False: an allocator has been silent for so long that nobody knows
    is_whole: bool = True  # False: some of it names no known device; what seems free may not be
    conflicts: frozenset[str] = frozenset()  # UUIDs of GPUs on which others work than were given it
    flags: frozenset[str] = frozenset()  # what was wrong, e.g. pod_resources_unreachable


@dataclass(frozen=True, slots=True)
class Ownership:
    """Whose everything on the devices is. `owners` has all processes save those that only watch."""

    allotment: Allotment
    owners: Mapping[int, Owner | None]  # by pid; None: gone, and never seen


@dataclass(frozen=True, slots=True)
class Payer:
    """Who pays for what an owner holds, by the tenant rules in force. Null tenant: nobody known."""

    tenant: str | None = None
    project: str | None = None
    endpoint: str | None = None
    job: str | None = None
    rule: str | None = None  # name of the rule that decided
    flags: frozenset[str] = frozenset()  # why nobody could decide, e.g. rule_not_understood


class Reader(Protocol):
    """Looks at the devices."""

    def look(self) -> tuple[DeviceSeen, ...]:
        """Return every device of the node, also those that are lost.

        Raises ReaderStale when only a new process can read on.
        """
        ...


class Owners(Protocol):
    """Looks at who holds the devices."""

    def look(self, devices: Sequence[DeviceSeen]) -> Ownership:
        """Return whose the devices that were just looked at are, and what runs on them."""
        ...


class Ruling(Protocol):
    """The tenant rules in force at one instant. Two that are equal name the same payers."""

    def payer(self, owner: Owner) -> Payer:
        """Return who pays for what an owner holds."""
        ...


class Rules(Protocol):
    """The tenant rules of the catalog."""

    def at(self, at_us: int) -> Ruling:
        """Return those in force at an instant."""
        ...

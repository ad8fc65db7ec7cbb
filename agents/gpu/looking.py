"""One look at the node: clocks, GPUs, allocators and owners, put together for the sampler."""

from collections.abc import Callable
from dataclasses import dataclass

from agents.gpu.observed import DeviceSeen, Instant, Owner, Owners, Reader, Rules
from agents.gpu.sampler import Look
from agents.gpu.sampler.terms import SECOND_US


@dataclass(frozen=True, slots=True)
class Eyes:
    """What the agent sees with."""

    clock: Callable[[], Instant]
    reader: Reader
    owners: Owners
    rules: Rules
    cpu_s: Callable[[], float]  # that the agent has cost so far, the reader's own process included


def look(eyes: Eyes, period_s: float) -> Look:
    """Look once. May block for as long as the reader lets it; raises what the reader raises."""
    at = eyes.clock()  # before looking: what is seen is at least as new
    devices = eyes.reader.look()
    return Look(
        at=at,
        devices=devices,
        allotment=eyes.owners.allotment(devices),
        owners=_owners(eyes.owners, devices),
        rules=eyes.rules,
        period_us=round(period_s * SECOND_US),
    )


def _owners(owners: Owners, devices: tuple[DeviceSeen, ...]) -> dict[int, Owner | None]:
    """Return the owner of every process seen, save of those that only watch."""
    pids = {process.pid for device in devices for process in device.processes or ()}
    return {pid: owners.owner_of(pid) for pid in sorted(pids) if not owners.is_monitor(pid)}

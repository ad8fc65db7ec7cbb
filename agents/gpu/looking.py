"""One look at the node: clocks, GPUs, allocators and owners, put together for the sampler."""

from collections.abc import Callable
from dataclasses import dataclass

from agents.gpu.observed import Instant, Owners, Reader, Rules
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
    whose = eyes.owners.look(devices)
    return Look(
        at=at,
        devices=devices,
        allotment=whose.allotment,
        owners=whose.owners,
        rules=eyes.rules.at(at.wall_us),
        period_us=round(period_s * SECOND_US),
    )

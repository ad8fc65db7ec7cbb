"""All that one look at a node found, with the answers the sampler needs about it."""

from collections.abc import Mapping
from dataclasses import dataclass

from agents.gpu.observed import Allotment, DeviceSeen, Instant, Owner, Ruling
from agents.gpu.sampler.terms import SECOND_US


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look. `owners` has every process seen; None for one whose owner nobody knows."""

    at: Instant
    devices: tuple[DeviceSeen, ...]
    allotment: Allotment
    owners: Mapping[int, Owner | None]
    rules: Ruling
    period_us: int = SECOND_US  # until the next one is due

"""An interval of a device that is filled stretch by stretch, and the record it becomes. Pure.

Invariant: what is closed is balanced: its parts sum to its length, in whole microseconds.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from agents.gpu.sampler.claims import Claim
from agents.gpu.sampler.division import Division, Mode
from schemas.records import GpuInterval, Holder

UNTIMELY_US = 1_000_000  # the driver's samples may be this late; more work than time is a fault


@dataclass(slots=True)
class Spent:
    """What is known of one holder."""

    held_us: int = 0
    unmeasured_us: int = 0  # part of it in which nobody knows what it worked
    without_context_us: int | None = 0  # None: of some part nobody knows it
    worked_us: int = 0


@dataclass(frozen=True, slots=True)
class Device:
    """What stays the same of a device."""

    node: str
    uuid: str
    model: str
    purchase_option: str | None


class Piece(NamedTuple):
    """A piece of a stretch, up to an instant: it lies within one interval."""

    until_us: int
    division: Division
    mode: Mode | None
    worked_us: Mapping[Claim, int]
    energy_mj: int | None  # None: nobody knows
    flags: frozenset[str]


@dataclass(slots=True)
class OpenInterval:
    """An interval up to `end_us`."""

    start_us: int
    end_us: int
    divided: dict[tuple[Division, Mode | None], int] = field(default_factory=dict)
    worked_us: dict[Claim, int] = field(default_factory=dict)
    memory_bytes: dict[Claim, int] = field(default_factory=dict)
    energy_mj: int | None = 0  # None: of some stretch nobody knows it
    flags: set[str] = field(default_factory=set)
    looks: int = 0

    def add(self, piece: Piece) -> None:
        """Go on by a piece of a stretch."""
        key = (piece.division, piece.mode)
        self.divided[key] = self.divided.get(key, 0) + piece.until_us - self.end_us
        for claim, worked_us in piece.worked_us.items():
            self.worked_us[claim] = self.worked_us.get(claim, 0) + worked_us
        if piece.energy_mj is None or self.energy_mj is None:
            self.energy_mj = None
        else:
            self.energy_mj += piece.energy_mj
        self.flags |= piece.flags
        self.end_us = piece.until_us

    def note_memory(self, memory: Iterable[tuple[Claim, int | None]]) -> None:
        """Note the memory that holders have."""
        for claim, held in memory:
            if held is not None:
                self.memory_bytes[claim] = max(held, self.memory_bytes.get(claim, 0))

    def closed(self, device: Device, period_us: int) -> GpuInterval:
        """Return the record of the interval."""
        spent, states = self._spent()
        flags = self.flags | self._overrun(spent)
        return GpuInterval(
            start_us=self.start_us,
            end_us=self.end_us,
            node=device.node,
            device=device.uuid,
            gpu_model=device.model,
            holders=[
                _holder(claim, one, self.memory_bytes.get(claim))
                for claim, one in sorted(spent.items(), key=lambda each: each[0].order())
            ],
            unallocated_us=states[0],
            stranded_us=states[1],
            out_of_service_us=states[2],
            unobserved_us=states[3],
            purchase_option=device.purchase_option,
            sharing_mode=self._mode(),
            energy_mj=self.energy_mj,
            samples_expected=round((self.end_us - self.start_us) / period_us),
            samples_taken=self.looks,
            flags=sorted(flags),
        )

    def _spent(self) -> tuple[dict[Claim, Spent], list[int]]:
        spent: dict[Claim, Spent] = {}
        states = [0, 0, 0, 0]
        for (division, _), for_us in self.divided.items():
            held, rest = division.times(for_us)
            states = [have + more for have, more in zip(states, rest, strict=True)]
            for slot, held_us in zip(division.slots, held, strict=True):
                one = spent.setdefault(slot.claim, Spent())
                one.held_us += held_us
                one.unmeasured_us += 0 if slot.is_measured else held_us
                if slot.has_context is None or one.without_context_us is None:
                    one.without_context_us = None
                elif not slot.has_context:
                    one.without_context_us += held_us
        for claim, worked_us in self.worked_us.items():
            if claim in spent:
                spent[claim].worked_us = worked_us
        return spent, states

    def _overrun(self, spent: Mapping[Claim, Spent]) -> set[str]:
        """Say when one that had all of the device worked more than it held."""
        over = any(
            claim.attribution == "allocation"
            and one.worked_us > one.held_us - one.unmeasured_us + UNTIMELY_US
            for claim, one in spent.items()
        )
        return {"active_over_held"} if over else set()

    def _mode(self) -> Mode | None:
        times: dict[Mode, int] = {}
        for (_, mode), for_us in self.divided.items():
            if mode is not None:
                times[mode] = times.get(mode, 0) + for_us
        return max(times, key=times.__getitem__, default=None)


def _holder(claim: Claim, spent: Spent, memory_bytes: int | None) -> Holder:
    """Return a holder's record. What nobody measured counts as worked, and the interval says so."""
    measured_us = spent.held_us - spent.unmeasured_us
    active_us = min(spent.worked_us, measured_us) + spent.unmeasured_us
    without_us = spent.without_context_us
    return Holder(
        tenant=claim.tenant,
        project=claim.project,
        endpoint=claim.endpoint,
        job=claim.job,
        held_us=spent.held_us,
        active_us=active_us,
        no_context_us=None if without_us is None else min(without_us, spent.held_us - active_us),
        instance=claim.instance,
        memory_bytes=memory_bytes,
        attribution=claim.attribution,
        rule=claim.rule,
        evidence=list(claim.evidence),
        workload=dict(claim.workload),
    )

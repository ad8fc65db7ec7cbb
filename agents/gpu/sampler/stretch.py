"""The time between two looks at a device: whether it was watched, and how it is cut. Pure.

A stretch that was not watched is unobserved as a whole: what a look saw is never stretched over it.
Cut at instants, its parts of anything measured sum to the whole.
"""

from dataclasses import dataclass, field

from agents.gpu.observed import DeviceSeen, Instant, Standing
from agents.gpu.sampler.claims import Claim
from agents.gpu.sampler.division import UNOBSERVED, Division, Mode
from agents.gpu.sampler.elapsed import trouble
from agents.gpu.sampler.holding import Holding
from agents.gpu.sampler.interval import Piece
from agents.gpu.sampler.look import Look
from agents.gpu.sampler.settling import settle
from agents.gpu.sampler.terms import Terms


@dataclass(frozen=True, slots=True)
class Seen:
    """A device as a look saw it."""

    at: Instant
    device: DeviceSeen
    holding: Holding


@dataclass(frozen=True, slots=True)
class Stretch:
    """Time that divides in one way."""

    start_us: int
    end_us: int
    division: Division = UNOBSERVED
    mode: Mode | None = None
    worked_us: dict[Claim, int] = field(default_factory=dict)
    energy_mj: int | None = None
    flags: frozenset[str] = frozenset()

    @property
    def is_unobserved(self) -> bool:
        """Tell whether nobody watched."""
        return self.division is UNOBSERVED

    def piece(self, start_us: int, until_us: int) -> Piece:
        """Return a part of this."""
        return Piece(
            until_us,
            self.division,
            self.mode,
            {claim: self._part(us, start_us, until_us) for claim, us in self.worked_us.items()},
            None if self.energy_mj is None else self._part(self.energy_mj, start_us, until_us),
            self.flags,
        )

    def _part(self, whole: int, start_us: int, until_us: int) -> int:
        """Return what of a quantity is between two instants; parts side by side sum exactly."""
        length_us = self.end_us - self.start_us
        until = whole * (until_us - self.start_us) // length_us
        return until - whole * (start_us - self.start_us) // length_us


def between(before: Seen, look: Look, after: DeviceSeen, terms: Terms) -> Stretch:
    """Return the stretch between two looks. A wall clock set back gives one of no length."""
    start_us, end_us = before.at.wall_us, look.at.wall_us
    energy_mj, reset = _energy(before.device, after)
    why = trouble(before.at, look.at, look.period_us)
    if after.standing is Standing.UNREADABLE:
        why |= after.flags or {"unreadable"}
    flags = why | before.holding.flags | reset
    if why:
        return Stretch(start_us, end_us, energy_mj=energy_mj, flags=flags)
    settled = settle(before.holding, after, end_us - start_us, terms)
    return Stretch(
        start_us,
        end_us,
        settled.division,
        before.holding.mode,
        settled.active_us,
        energy_mj,
        flags | settled.flags,
    )


def _energy(before: DeviceSeen, after: DeviceSeen) -> tuple[int | None, frozenset[str]]:
    """Return the energy between two looks, and whether its counter began anew."""
    if before.energy_mj is None or after.energy_mj is None:
        return None, frozenset()
    used_mj = after.energy_mj - before.energy_mj
    if before.energy_epoch != after.energy_epoch or used_mj < 0:
        return None, frozenset({"counter_reset"})
    return used_mj, frozenset()

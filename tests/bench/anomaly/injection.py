"""What goes wrong, or only looks as if: one thing, to some uses, from one minute to another."""

from dataclasses import dataclass, replace
from decimal import Decimal
from math import exp, log
from typing import Final, Literal, TypeAlias

from streams.core.call_price import Used
from tests.bench.anomaly.customers import Use
from tests.bench.anomaly.gpus import Job
from tests.bench.anomaly.priced import CHEAP_TO_DEAR
from tests.bench.anomaly.season import DAY

Overspend: TypeAlias = Literal[
    "runaway loop", "forgotten job", "price change", "model switch", "prompt bloat", "slow leak"
]
Fall: TypeAlias = Literal["dead source", "traffic holiday"]
Harmless: TypeAlias = Literal["retry burst", "late data"]
Kind: TypeAlias = Overspend | Fall | Harmless

OVERSPENDS: Final[tuple[Overspend, ...]] = (
    "runaway loop", "forgotten job", "price change", "model switch", "prompt bloat", "slow leak",
)  # fmt: skip
SLOW: Final[Overspend] = "slow leak"  # all others begin at once
FALLS: Final[tuple[Fall, ...]] = ("dead source", "traffic holiday")

BLOAT_EVERY = 20  # minutes from one step of the prompts to the next
BLOAT_STEPS = 3
HOLIDAY_LEFT = 0.15  # of the calls of a working day


@dataclass(frozen=True, slots=True)
class Injection:
    """One thing in [begin, end), in minutes.

    `uses`: the names of those it changes. `strength`: what calls, prompts or prices are multiplied
    by at its greatest; of a leak, what calls grow by each day. `model`: whose price it changes.
    `job`: what somebody forgot. `pool`: whose lines come late. `source`: which one is not heard.
    """

    kind: Kind
    begin: int
    end: int
    tenants: tuple[str, ...] = ()
    uses: frozenset[str] = frozenset()
    strength: Decimal = Decimal(1)
    model: str | None = None
    job: Job | None = None
    pool: str | None = None
    source: str | None = None

    @property
    def is_overspend(self) -> bool:
        """Whether somebody should be told."""
        return self.kind in OVERSPENDS

    def is_on(self, minute: int) -> bool:
        """Whether it goes on in a minute."""
        return self.begin <= minute < self.end

    def calls(self, use: Use, calls: int, minute: int) -> int:
        """Return how many calls a use makes that would have made so many."""
        match self.kind:
            case "runaway loop":
                return int((calls or (use.rate if use.is_sparse else 0)) * float(self.strength))
            case "retry burst":
                return int(calls * self.strength)
            case "slow leak":
                days: float = (minute - self.begin) / DAY
                return round(calls * exp(days * log(1 + self.strength)))
            case "traffic holiday":
                return int(calls * HOLIDAY_LEFT)
            case "dead source":
                return 0
            case _:
                return calls

    def used(self, used: Used, minute: int) -> Used:
        """Return what calls use that would have used this."""
        if self.kind != "prompt bloat":
            return used
        step = min((minute - self.begin) // BLOAT_EVERY + 1, BLOAT_STEPS)
        more = (self.strength - 1) * step / BLOAT_STEPS
        return replace(used, uncached=used.uncached + int((used.uncached + used.cache_read) * more))

    def model_of(self, model: str) -> str:
        """Return the model that calls go to instead."""
        return CHEAP_TO_DEAR[model] if self.kind == "model switch" else model

"""Who calls models, for what, and how much: drawn by a seed before anything goes wrong.

The largest tenant has 52, 30, 29 or 16 % of the cost, as the largest clients of Alibaba's ServeGen
workloads have; the others follow a power law. Costs are targets that the calls come to about.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import Final, TypeAlias

from streams.demo.chance import stream
from tests.bench.anomaly.priced import PROVIDERS
from tests.bench.anomaly.recorded import Trace
from tests.bench.anomaly.season import Shape

TENANTS = 24
LARGEST = (0.52, 0.30, 0.29, 0.16)
STEEPNESS = 1.1  # of the power law behind the largest
USD_PER_HOUR = 800.0  # of all calls together, without batches and reports
BATCH_USD_PER_HOUR = (20.0, 150.0)  # while a nightly batch or a weekly report runs
SPARSE_USD_PER_HOUR = (2.0, 20.0)  # while a tenant that calls now and then does
ZONES = (-8, -5, 0, 0, 1, 1, 5, 9)  # hours that a tenant's day is away from UTC all year
GROWTH_A_DAY = 0.003  # at most: a tenth a month
SOURCES = 6
LATE_STARTERS = 2  # tenants whose first call is made in the second half
SPARSE = 4  # tenants that call a few times a day
ALL_DAY: Final[tuple[Shape, ...]] = ("office", "office", "consumer", "steady")

UsdPerCall: TypeAlias = Callable[[Trace, str], float]  # of the mean call of a trace to a model


@dataclass(frozen=True, slots=True)
class Use:
    """Calls of one tenant, for one project, of one model. `rate`: mean calls a minute."""

    tenant: str
    project: str
    model: str
    source: str
    trace: Trace
    shape: Shape
    rate: float
    zone_minutes: int = 0
    growth_a_day: float = 0.0
    begins: int = 0  # the minute of the first call
    is_sparse: bool = False

    @property
    def name(self) -> str:
        """What tells it from the others."""
        return f"{self.tenant}/{self.project}"

    @property
    def provider(self) -> str:
        """Who serves the model."""
        return PROVIDERS[self.model]


def draw_uses(seed: int, minutes: int, usd_per_call: UsdPerCall) -> tuple[Use, ...]:
    """Return the uses of all tenants of a seed."""
    chance = stream(seed, "tenants")
    regular = TENANTS - SPARSE
    found: list[Use] = []
    for number, share in enumerate(shares(chance.choice(LARGEST), regular)):
        uses = regular_uses(named(number), chance, share * USD_PER_HOUR)
        if number >= regular - LATE_STARTERS:
            begins = chance.randrange(minutes // 2, minutes * 3 // 4)
            uses = (replace(use, begins=begins) for use in uses)
        found += uses
    for number in range(regular, TENANTS):
        usd = chance.uniform(*SPARSE_USD_PER_HOUR)
        found.append(replace(a_use(named(number), 0, chance, "steady", usd), is_sparse=True))
    return tuple(
        replace(use, rate=use.rate / 60 / usd_per_call(use.trace, use.model)) for use in found
    )


def named(number: int) -> str:
    """Return the name of a tenant."""
    return f"tenant-{number:02}"


def shares(largest: float, tenants: int) -> list[float]:
    """Return the part of the whole of each tenant, largest first; they sum to 1.

    >>> [round(share, 2) for share in shares(0.52, 4)]
    [0.52, 0.27, 0.13, 0.08]
    """
    rest = [rank**-STEEPNESS for rank in range(1, tenants)]
    scale = (1 - largest) / sum(rest)
    return sorted((largest, *(scale * weight for weight in rest)), reverse=True)


def regular_uses(tenant: str, chance: Random, usd: float) -> Iterator[Use]:
    """Yield one to three uses that share a cost per hour, and batches that some tenants run."""
    parts = [chance.uniform(0.2, 1.0) for _ in range(chance.choice((1, 1, 1, 2, 3)))]
    for number, part in enumerate(parts):
        yield a_use(tenant, number, chance, chance.choice(ALL_DAY), usd * part / sum(parts))
    if chance.random() < 0.4:
        yield a_use(tenant, 8, chance, "nightly", chance.uniform(*BATCH_USD_PER_HOUR))
    if chance.random() < 0.2:
        yield a_use(tenant, 9, chance, "weekly", chance.uniform(*BATCH_USD_PER_HOUR))


def a_use(tenant: str, number: int, chance: Random, shape: Shape, usd: float) -> Use:
    """Return a use whose `rate` is still its USD per hour."""
    return Use(
        tenant,
        f"project-{number}",
        chance.choice(tuple(PROVIDERS)),
        f"gw-{chance.randrange(SOURCES)}",
        chance.choice(("azure", "mooncake")),
        shape,
        usd,
        0 if shape in {"nightly", "weekly"} else 60 * chance.choice(ZONES),
        chance.uniform(0, GROWTH_A_DAY),
    )

"""Draws one injection of a kind, such that it costs enough for an alert, or too little for one."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import partial
from math import exp, log
from random import Random
from typing import TypeAlias

from streams.core.catalog import api_pool
from tests.bench.anomaly.customers import TENANTS, Use, named
from tests.bench.anomaly.gpus import CLUSTERS, Job
from tests.bench.anomaly.injection import Injection, Kind
from tests.bench.anomaly.priced import CHEAP_TO_DEAR, PROVIDERS
from tests.bench.anomaly.season import DAY, WEEK_DAYS, WORKING_DAYS

WORTH = 60.0  # USD per hour from which on an injection is one that should be told
SMALL = 20.0  # USD per hour that a harmless burst costs at most
CENTS = Decimal("0.01")
LOOK_EVERY = 15  # minutes between two looks at what a use costs

Worth: TypeAlias = Callable[[Use, int], float]  # USD per hour that a use costs about in a minute
IsFree: TypeAlias = Callable[[str, int, int], bool]  # a tenant, in [begin, end)


class Draws:
    """Draws by chance; a draw that does not fit what its kind is for is None."""

    def __init__(
        self,
        chance: Random,
        stretch: tuple[int, int],
        uses: Sequence[Use],
        worth: Worth,
        is_free: IsFree,
    ) -> None:
        self._chance = chance
        self._stretch = stretch
        self._uses = uses
        self._worth = worth
        self._is_free = is_free
        self._of: dict[Kind, Callable[[], Injection | None]] = {
            "runaway loop": partial(self._louder, "runaway loop", (30, 180), (10, 100)),
            "prompt bloat": partial(self._louder, "prompt bloat", (120, 480), (2, 6)),
            "retry burst": partial(self._louder, "retry burst", (3, 8), (1.5, 4)),
            "forgotten job": self._forgotten,
            "price change": self._raise,
            "model switch": self._switch,
            "slow leak": self._leak,
            "dead source": self._silence,
            "traffic holiday": self._holiday,
            "late data": self._late,
        }

    def one(self, kind: Kind) -> Injection | None:
        """Draw one injection."""
        return self._of[kind]()

    def _louder(
        self, kind: Kind, minutes: tuple[int, int], factors: tuple[float, float]
    ) -> Injection | None:
        """Draw one use that calls more often, or with longer prompts."""
        use, (begin, end) = self._chance.choice(self._uses), self._when(minutes)
        factor = exp(self._chance.uniform(*map(log, factors)))
        more = min(self._costs(use, begin, end)) * (factor - 1)
        fits = 0 < more <= SMALL if kind == "retry burst" else more >= WORTH
        return of_uses(kind, (begin, end), [use], Decimal(factor).quantize(CENTS)) if fits else None

    def _forgotten(self) -> Injection:
        """Draw a job that holds GPUs and does next to nothing."""
        cluster, (begin, end) = CLUSTERS[0], self._when((180, 720))
        tenant, gpus = named(self._chance.randrange(TENANTS)), self._chance.choice((24, 28, 32))
        busy = self._chance.uniform(0, 0.05)
        job = Job(tenant, "notebooks", f"forgot-{begin}", cluster.pool.name, gpus, begin, end, busy)
        return Injection("forgotten job", begin, end, (tenant,), job=job)

    def _raise(self) -> Injection | None:
        """Draw a model that becomes dearer for everybody."""
        model, (begin, end) = self._chance.choice(tuple(PROVIDERS)), self._when((360, 720))
        uses = [use for use in self._uses if use.model == model]
        factor = Decimal(self._chance.choice(("1.3", "1.5", "2", "3")))
        usual = sum(mean(self._costs(use, begin, end)) for use in uses)
        fits = usual * float(factor - 1) >= WORTH
        return of_uses("price change", (begin, end), uses, factor, model) if fits else None

    def _switch(self) -> Injection | None:
        """Draw a use that goes over to a dear model, three times the price or more."""
        use, (begin, end) = self._chance.choice(self._uses), self._when((120, 720))
        if use.model not in CHEAP_TO_DEAR or 2 * min(self._costs(use, begin, end)) < WORTH:
            return None
        return of_uses("model switch", (begin, end), [use])

    def _leak(self) -> Injection | None:
        """Draw a use that calls a few percent more each day."""
        use, (first, last) = self._chance.choice(self._uses), self._stretch
        begin = first + self._chance.randrange(2 * DAY)
        end = min(begin + self._chance.randrange(10 * DAY, 14 * DAY), last)
        growth = Decimal(self._chance.randrange(4, 9)) / 100
        grown = float(1 + growth) ** ((end - begin) / DAY) - 1
        if use.is_sparse or use.shape in {"nightly", "weekly"}:
            return None
        fits = mean(self._costs(use, begin, end)) * grown >= 2 * WORTH
        return of_uses("slow leak", (begin, end), [use], growth) if fits else None

    def _silence(self) -> Injection:
        """Draw a gateway of which nothing is heard."""
        source = self._chance.choice(sorted({use.source for use in self._uses}))
        uses = [use for use in self._uses if use.source == source]
        return replace(of_uses("dead source", self._when((30, 90)), uses), source=source)

    def _holiday(self) -> Injection | None:
        """Draw a working day on which offices stay empty, but those where something is wrong."""
        first, last = self._stretch
        day = self._chance.randrange(first // DAY, last // DAY)
        if day % WEEK_DAYS >= WORKING_DAYS:
            return None
        begin, end = day * DAY, (day + 1) * DAY
        office = [use for use in self._uses if use.shape == "office"]
        free = [use for use in office if self._is_free(use.tenant, begin, end)]
        return of_uses("traffic holiday", (begin, end), free)

    def _late(self) -> Injection:
        """Draw a provider whose lines are held up, and then come at once."""
        begin, end = self._when((20, 60))
        provider = self._chance.choice(sorted(set(PROVIDERS.values())))
        tenants = sorted({use.tenant for use in self._uses if use.provider == provider})
        return Injection("late data", begin, end, tuple(tenants), pool=api_pool(provider))

    def _when(self, minutes: tuple[int, int]) -> tuple[int, int]:
        for_minutes = self._chance.randrange(*minutes)
        first, last = self._stretch
        begin = self._chance.randrange(first, last - for_minutes)
        return begin, begin + for_minutes

    def _costs(self, use: Use, begin: int, end: int) -> list[float]:
        return [self._worth(use, minute) for minute in range(begin, end, LOOK_EVERY)]


def mean(values: Sequence[float]) -> float:
    """Return the mean."""
    return sum(values) / len(values)


def of_uses(
    kind: Kind,
    stretch: tuple[int, int],
    uses: Iterable[Use],
    strength: Decimal = Decimal(1),
    model: str | None = None,
) -> Injection:
    """Return an injection of uses and their tenants."""
    uses = tuple(uses)
    tenants = tuple(sorted({use.tenant for use in uses}))
    names = frozenset(use.name for use in uses)
    return Injection(kind, *stretch, tenants, names, strength, model)

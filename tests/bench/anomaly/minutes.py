"""The minutes of a world, one after the other: their cost lines, and what injections truly cost.

Lines are drawn by the product: calls are summed and rated as meter does, GPU time is allocated as
allocate does. Nothing is kept of a minute that is over.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from schemas.records import CostLine
from streams.core.allocation import Policy, allocate
from streams.core.call_price import Used, by_meter
from streams.core.catalog import api_pool
from streams.core.lines import Edition, Lines, WindowPool, to_record
from streams.core.pools import Pool
from streams.core.rating import Rater
from streams.core.sums import Key, Sums
from streams.core.tally import Tally
from streams.core.windows import MINUTE_US
from tests.bench.anomaly.customers import Use
from tests.bench.anomaly.gpus import CLUSTERS, Cluster, Job, sums_of
from tests.bench.anomaly.priced import cost_of, rates_of
from tests.bench.anomaly.season import at_us
from tests.bench.anomaly.world import World

POOLS = {cluster.pool.name: cluster.pool for cluster in CLUSTERS}


class Minute(NamedTuple):
    """One minute. `extra`: pico that each injection costs in it, by its number in the world."""

    number: int
    start_us: int
    lines: list[CostLine]
    extra: Counter[int]


def minutes_of(world: World) -> Iterator[Minute]:
    """Yield the minutes of a world."""
    demands = [(demand.use, demand.minutes()) for demand in world.demands()]
    for number in range(world.minutes):
        drawing = Drawing(world, number)
        for use, draws in demands:
            drawing.add_calls(use, *next(draws))
        for cluster in CLUSTERS:
            drawing.add_time(cluster)
        yield Minute(number, drawing.start_us, drawing.lines(), drawing.extra)


class Drawing:
    """Draws one minute."""

    def __init__(self, world: World, number: int) -> None:
        self.world = world
        self.number = number
        self.start_us = at_us(number)
        self.extra: Counter[int] = Counter()
        self._tally = Tally(MINUTE_US)
        self._rater = Rater(world.book, self._tally)
        self._on = [pair for pair in enumerate(world.injections) if pair[1].is_on(number)]
        self._changed = {name: pair for pair in self._on for name in pair[1].uses}

    def add_calls(self, use: Use, first: int, calls: int) -> None:
        """Add the calls of a use, of which nobody has decided yet what goes wrong with them."""
        recorded = self.world.inputs.recordings.of(use.trace)
        changed = self._changed.get(use.name)
        if changed is None:
            if calls:
                self._add(use, use.model, recorded.used(first, calls))
            return
        index, injection = changed
        model = injection.model_of(use.model)
        self.extra[index] -= self._cost(use.model, recorded.used(first, calls), injected=False)
        calls = injection.calls(use, calls, self.number)
        used = injection.used(recorded.used(first, calls), self.number)
        self.extra[index] += self._cost(model, used, injected=True)
        if calls:
            self._add(use, model, used)

    def _add(self, use: Use, model: str, used: Used) -> None:
        key = Key(use.tenant, use.project, use.provider, model, None, None)
        rates = rates_of(self.world.book, model, self.start_us)
        place = (self.start_us, api_pool(use.provider))
        self._rater.add(place, key, by_meter(used, rates), rates).events += used.events

    def _cost(self, model: str, used: Used, *, injected: bool) -> int:
        book = self.world.book if injected else self.world.inputs.prices.book
        return cost_of(used, rates_of(book, model, self.start_us)) if used.events else 0

    def add_time(self, cluster: Cluster) -> None:
        """Add the GPU time of a pool, with the jobs that somebody forgot."""
        pool = cluster.pool.name
        jobs = [job for job in self.world.jobs if job.pool == pool and job.is_on(self.number)]
        forgotten = [
            (index, each.job) for index, each in self._on if each.job and each.job.pool == pool
        ]
        sums = self._time(cluster, [*jobs, *(job for _, job in forgotten)])
        self._tally.by_window_pool[self.start_us, pool] = sums
        self._tally.count_capacity_events(self.start_us, pool, cluster.gpus)
        for index, job in forgotten:
            others = [*jobs, *(other for at, other in forgotten if at != index)]
            lines, without = self._drawn(pool, sums), self._drawn(pool, self._time(cluster, others))
            self.extra[index] += cost_to(job.tenant, lines) - cost_to(job.tenant, without)

    def _time(self, cluster: Cluster, jobs: Sequence[Job]) -> Sums:
        return sums_of(cluster, jobs, self.world.book, self.start_us)

    def lines(self) -> list[CostLine]:
        """Return the lines of all pools, as final."""
        edition = Edition("USD", self.world.book.version, "bench", 0, 1, "final")
        return [
            to_record(WindowPool(self.start_us, self.start_us + MINUTE_US, pool), *line, edition)
            for (_, pool), sums in self._tally.by_window_pool.items()
            for line in self._drawn(pool, sums).items()
        ]

    def _drawn(self, pool: str, sums: Sums) -> Lines:
        policy = Policy(POOLS.get(pool, Pool(pool)), self.start_us, self.start_us + MINUTE_US)
        events = self._tally.capacity_events.get((self.start_us, pool), 0)
        return allocate(sums, policy, events)


def cost_to(tenant: str, lines: Lines) -> int:
    """Return what a tenant's lines cost in pico."""
    return sum(figures.cost or 0 for what, figures in lines.items() if what.tenant == tenant)

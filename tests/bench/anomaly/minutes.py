"""The minutes of a world, one after the other: their cost lines, and what injections truly cost.

Calls are priced and rounded as meter and allocate do it, GPU time is allocated by the product.
Nothing is kept of a minute that is over.
"""

from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from schemas.records import CostLine
from streams.core.allocation import Policy, allocate
from streams.core.call_price import Used
from streams.core.catalog import api_pool
from streams.core.lines import Dimensions, Lines
from streams.core.money import PICO
from streams.core.price_book import MeterUnit
from streams.core.windows import MINUTE_US
from tests.bench.anomaly.customers import Use
from tests.bench.anomaly.forms import Drawn, Forms
from tests.bench.anomaly.gpus import CLUSTERS, Cluster, Job, sums_of
from tests.bench.anomaly.priced import cost_of, costs_of, rates_of
from tests.bench.anomaly.season import at_us
from tests.bench.anomaly.world import World

NAMES_KEPT = 10_000


class Minute(NamedTuple):
    """One minute. `extra`: pico that each injection costs in it, by its number in the world.

    `heard`: the sources of its calls.
    """

    number: int
    start_us: int
    lines: list[CostLine]
    extra: Counter[int]
    heard: frozenset[str] = frozenset()


def minutes_of(world: World) -> Iterator[Minute]:
    """Yield the minutes of a world."""
    forms = Forms(world.book.version)
    for number, drawing in enumerate(drawings_of(world)):
        lines = forms.filled(drawing.start_us, drawing.lines)
        heard = frozenset(drawing.heard)
        yield Minute(number, drawing.start_us, lines, drawing.extra, heard)


def drawings_of(world: World) -> Iterator["Drawing"]:
    """Yield what is drawn of each minute of a world."""
    demands = [(demand.use, demand.minutes()) for demand in world.demands()]
    allocated = Allocated(world)
    for number in range(world.minutes):
        drawing = Drawing(world, number)
        for use, draws in demands:
            drawing.add_calls(use, *next(draws))
        for cluster in CLUSTERS:
            drawing.add_time(cluster, allocated)
        yield drawing


class Allocated:
    """What the minutes of a pool cost whom, which jobs and prices decide alone."""

    def __init__(self, world: World) -> None:
        self._book = world.book
        self.lines = lru_cache(maxsize=16)(self._lines)

    def _lines(self, cluster: Cluster, jobs: tuple[Job, ...]) -> Lines:
        start_us = at_us(0)  # its prices never change
        sums = sums_of(cluster, jobs, self._book, start_us)
        policy = Policy(cluster.pool, start_us, start_us + MINUTE_US)
        return allocate(sums, policy, cluster.gpus)


class Drawing:
    """Draws one minute."""

    def __init__(self, world: World, number: int) -> None:
        self.world = world
        self.number = number
        self.start_us = at_us(number)
        self.extra: Counter[int] = Counter()
        self.lines: list[Drawn] = []
        self.heard: set[str] = set()
        self._on = [pair for pair in enumerate(world.injections) if pair[1].is_on(number)]
        self._changed = {name: pair for pair in self._on for name in pair[1].uses}

    def add_calls(self, use: Use, first: int, calls: int) -> None:
        """Add the calls of a use, of which nobody has decided yet what goes wrong with them."""
        recorded = self.world.inputs.recordings.of(use.trace)
        changed = self._changed.get(use.name)
        if changed is None:
            self._add(use, use.model, recorded.used(first, calls))
            return
        index, injection = changed
        plain = rates_of(self.world.inputs.prices.book, use.model, self.start_us)
        usual = cost_of(recorded.used(first, calls), plain)
        made = injection.calls(use, calls, self.number)
        used = injection.used(recorded.used(first, made), self.number)
        self.extra[index] += self._add(use, injection.model_of(use.model), used) - usual

    def _add(self, use: Use, model: str, used: Used) -> int:
        """Add the lines of some calls, and return what they cost."""
        if not used.events:
            return 0
        self.heard.add(use.source)
        whole, events, pool = 0, used.events, api_pool(use.provider)
        rates = rates_of(self.world.book, model, self.start_us)
        for meter, (tokens, cost) in costs_of(used, rates).items():
            what = dimensions(use, model, meter)
            self.lines.append(Drawn(pool, what, tokens * PICO, cost, events))
            whole, events = whole + cost, 0  # as they are counted once
        return whole

    def add_time(self, cluster: Cluster, allocated: Allocated) -> None:
        """Add the GPU time of a pool, with the jobs that somebody forgot."""
        pool = cluster.pool.name
        jobs = [job for job in self.world.jobs if job.pool == pool and job.is_on(self.number)]
        forgotten = [
            (index, each.job) for index, each in self._on if each.job and each.job.pool == pool
        ]
        lines = allocated.lines(cluster, (*jobs, *(job for _, job in forgotten)))
        for what, figures in lines.items():
            cost = figures.cost or 0
            self.lines.append(Drawn(pool, what, figures.quantity, cost, figures.events))
        for index, job in forgotten:
            others = [other for at, other in forgotten if at != index]
            without = allocated.lines(cluster, (*jobs, *others))
            self.extra[index] += cost_to(job.tenant, lines) - cost_to(job.tenant, without)


@lru_cache(NAMES_KEPT)
def dimensions(use: Use, model: str, meter: MeterUnit) -> Dimensions:
    """Return what the line of a meter is about."""
    name, unit = meter
    return Dimensions(use.tenant, use.project, name, name, use.provider, model, None, None, unit)


def cost_to(tenant: str, lines: Lines) -> int:
    """Return what a tenant's lines cost in pico."""
    return sum(figures.cost or 0 for what, figures in lines.items() if what.tenant == tenant)

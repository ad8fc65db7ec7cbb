"""The bench's world: who uses what, and what goes wrong in it, all drawn from one seed."""

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from streams.core.money import PICO
from streams.core.price_book import PriceBook
from tests.bench.anomaly.customers import Use, draw_uses
from tests.bench.anomaly.demand import Demand
from tests.bench.anomaly.gpus import Job, draw_jobs
from tests.bench.anomaly.injection import Injection
from tests.bench.anomaly.mishaps import QUIET, draw_injections
from tests.bench.anomaly.priced import Prices, Raise, cost_of, rates_of
from tests.bench.anomaly.recorded import Trace, read_recordings
from tests.bench.anomaly.season import WEEK, at_us, weights


class Inputs:
    """What is read of files, once for all seeds."""

    def __init__(self, folder: Path) -> None:
        self.recordings = read_recordings(folder)
        self.prices = Prices(folder)
        self.usd_per_call = lru_cache(self._usd_per_call)

    def _usd_per_call(self, trace: Trace, model: str) -> float:
        """Return what the mean call of a trace costs."""
        recorded = self.recordings.of(trace)
        rates = rates_of(self.prices.book, model, at_us(0))
        return cost_of(recorded.all, rates) / PICO / recorded.calls


@dataclass(frozen=True, slots=True)
class World:
    """A seed's. `book` has the prices as they are, raises that are injected included.

    `quiet`: minutes at the begin in which nothing goes wrong: the past that a watch is told of.
    """

    seed: int
    minutes: int
    inputs: Inputs
    uses: tuple[Use, ...]
    jobs: tuple[Job, ...]
    injections: tuple[Injection, ...]
    book: PriceBook
    quiet: int = QUIET

    def untroubled(self) -> "World":
        """Return the same world in which nothing goes wrong."""
        return replace(self, injections=(), book=self.inputs.prices.book)

    def demands(self) -> list[Demand]:
        """Return what decides about the calls of each use."""
        recordings = self.inputs.recordings
        return [
            Demand(self.seed, use, recordings.ripple, recordings.of(use.trace).calls)
            for use in self.uses
        ]


def draw_world(seed: int, minutes: int, inputs: Inputs) -> World:
    """Return the world of a seed."""
    uses = draw_uses(seed, minutes, inputs.usd_per_call)

    def worth(use: Use, minute: int) -> float:
        """Return USD per hour that a use costs about; of one that calls now and then, while so."""
        if minute < use.begins:
            return 0.0
        season = weights(use.shape)[(minute + use.zone_minutes) % WEEK]
        return 60 * use.rate * season * inputs.usd_per_call(use.trace, use.model)

    injections = draw_injections(seed, minutes, uses, worth)
    raises = [
        Raise(each.model, each.strength, at_us(each.begin), at_us(each.end))
        for each in injections
        if each.model is not None
    ]
    book = inputs.prices.raised(raises)
    return World(seed, minutes, inputs, uses, draw_jobs(seed, minutes), injections, book)

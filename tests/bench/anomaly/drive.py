"""The product's watch of costs, given the lines of a world as they would come, and its alerts."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from schemas.records import Alert
from streams.config.catalog import load_catalog
from streams.config_topic import CATALOG
from streams.core.cost_watch import CostWatch
from streams.core.series.board import Limits
from streams.core.series.buckets import Pace
from streams.core.windows import MINUTE_US, SECOND_US
from tests.bench.anomaly.arrival import Waiting
from tests.bench.anomaly.minutes import Minute, minutes_of
from tests.bench.anomaly.world import World

TICK_US: Final = 10 * SECOND_US  # from one look at what is due to the next


class Saying(NamedTuple):
    """An alert, and the instant at which it was said."""

    now_us: int
    alert: Alert


@dataclass(slots=True)
class Driven:
    """What came of a world. `extra`: pico by injection and minute. `series`: how many there are."""

    world: World
    sayings: list[Saying] = field(default_factory=list)
    extra: list[dict[int, int]] = field(default_factory=list)
    series: int = 0


def drive(world: World) -> Driven:
    """Run a world through the watch of costs, from its first minute to its last."""
    found = Driven(world, extra=[{} for _ in world.injections])
    watch = CostWatch(load_catalog(CATALOG.default()), Pace(), Limits())
    waiting = Waiting(each for each in world.injections if each.kind == "late data")
    for minute in minutes_of(world):
        for index, pico in minute.extra.items():
            found.extra[index][minute.number] = pico
        waiting.add(minute)
        for now_us in ticks(minute):
            for arrival in waiting.until(now_us):
                for line in arrival.lines:
                    watch.take(line, arrival.now_us)
            watch.advance(now_us)
            due = watch.due()
            watch.told(due)
            found.sayings += (Saying(now_us, alert) for alert in due)
        found.series = max(found.series, len(watch.board.series))
    return found


def ticks(minute: Minute) -> Iterator[int]:
    """Yield the instants of a minute at which the watch looks what is due."""
    yield from range(minute.start_us, minute.start_us + MINUTE_US, TICK_US)

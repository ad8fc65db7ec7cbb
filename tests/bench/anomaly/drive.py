"""The product's watch of costs, given the lines of a world as they would come, and its alerts."""

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from schemas.records import Alert
from streams.config.catalog import load_catalog
from streams.config_topic import CATALOG
from streams.core.cost_watch import CostWatch
from streams.core.series.board import Limits
from streams.core.series.bought import bought_of, item_of, purchases
from streams.core.series.buckets import Pace, Slice
from streams.core.series.cells import amounts_of, cell_of, summed
from streams.core.windows import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from tests.bench.anomaly.arrival import Waiting
from tests.bench.anomaly.daily import Daily
from tests.bench.anomaly.hearing import Hearing
from tests.bench.anomaly.minutes import Minute, minutes_of
from tests.bench.anomaly.season import DAY, HOUR, at_us
from tests.bench.anomaly.world import World
from tests.builders.series import past_of

JUDGED: Final = 3 * HOUR  # minutes before lines are read that are judged again
QUARTER: Final = HOUR // 4
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
    """Run a world through the watch of costs: the quiet days as the past, then line by line."""
    found = Driven(world, extra=[{} for _ in world.injections])
    watch = CostWatch(load_catalog(CATALOG.default()), Pace(), Limits(), at_us(world.quiet))
    watch.follow(watch.board.catalog, world.book)
    waiting = Waiting(each for each in world.injections if each.kind == "late data")
    hearing, daily = Hearing(at_us(0)), Daily()
    start = Start(watch, world.quiet)
    for minute in minutes_of(world):
        hearing.hear(minute.number, minute.heard)
        daily.add(minute.lines)
        if minute.number % DAY == DAY - 1:
            grown = daily.said(minute.start_us + MINUTE_US - DAY_US)
            over_us = minute.start_us + MINUTE_US + HOUR_US
            found.sayings += (
                Saying(over_us, each) for each in grown if minute.number >= world.quiet
            )
        if minute.number < world.quiet:
            start.tell(minute)
            continue
        for index, pico in minute.extra.items():
            found.extra[index][minute.number] = pico
        waiting.add(minute)
        for now_us in range(minute.start_us, minute.start_us + MINUTE_US, TICK_US):
            found.sayings += said(watch, waiting, now_us)
        over_us = minute.start_us + MINUTE_US
        found.sayings += (Saying(over_us, each) for each in hearing.said(minute.number))
    found.series = len(watch.board.series)
    return found


class Start:
    """Tells a watch of the quiet minutes as a start does: of the last hours one by one.

    What is said of those counts for nothing.
    """

    def __init__(self, watch: CostWatch, quiet: int) -> None:
        self._watch = watch
        self._quiet = quiet
        self._recalled = max(0, quiet - JUDGED) // QUARTER * QUARTER
        self._quarter: list[Slice] = []

    def tell(self, minute: Minute) -> None:
        """Tell of a minute."""
        if minute.number >= self._recalled:
            self._watch.replay(past(minute))
        else:
            self._quarter.append(past(minute))
        if len(self._quarter) == QUARTER:
            self._watch.recall(past_of(self._quarter))
            self._quarter.clear()
        if minute.number == self._quiet - 1:
            self._watch.told(self._watch.due())


def past(minute: Minute) -> Slice:
    """Return a minute as a watch that starts is told of it."""
    cells = ((cell_of(line), amounts_of(line)) for line in minute.lines)
    sums = summed((cell, amounts) for cell, amounts in cells if cell is not None)
    bought = purchases((item_of(line), bought_of(line)) for line in minute.lines)
    end_us = minute.start_us + MINUTE_US
    return Slice(minute.start_us, end_us, sums, is_final=True, bought=bought)


def said(watch: CostWatch, waiting: Waiting, now_us: int) -> list[Saying]:
    """Give a watch what has come by an instant, and return what it says."""
    for arrival in waiting.until(now_us):
        for line in arrival.lines:
            watch.take(line, arrival.now_us)
    watch.buckets.closed_us = waiting.closed_us
    watch.advance(now_us)
    due = watch.due()
    watch.told(due)
    return [Saying(now_us, alert) for alert in due]

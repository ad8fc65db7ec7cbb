"""Minutes of cost lines, and a watch that is fed with them as a processor feeds it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import count

from schemas.decimals import to_bytes, to_pico
from schemas.records import Alert, CostLine, LineStatus
from streams.core.anomaly.calendar import QUARTER_US
from streams.core.anomaly.detector import Quarter
from streams.core.catalog import NOTHING, Catalog
from streams.core.cost_watch import CostWatch
from streams.core.series.board import Limits
from streams.core.series.buckets import Pace, Slice
from streams.core.series.keys import SeriesKey
from streams.core.series.past import Past
from streams.core.series.points import points_of
from streams.core.windows import MINUTE_US, SECOND_US, window_start
from tests.builders.cost_lines import line
from tests.builders.usage import T0

PACE = Pace()
NOBODY = Catalog("v", NOTHING)
TOKENS_PER_USD = 10_000


def minute_line(minute: int, cost: str | None, **changes: object) -> CostLine:
    """Return a line of acme's gpt-4o in a minute, tokens at one price.

    `thing` tells lines of one minute apart.
    """
    thing = changes.pop("thing", 0)
    start_us = T0 + minute * MINUTE_US
    window = {"window_start_us": start_us, "window_end_us": start_us + MINUTE_US}
    assert isinstance(thing, int)
    tokens = to_pico(Decimal(cost or "0") * TOKENS_PER_USD)
    given = {"quantity": to_bytes(tokens)} | window | changes
    return line(1_000 * minute + thing, cost, **given)


def past_of(minutes: Iterable[Slice]) -> Past:
    """Return the quarters of an hour that minutes make, worked out value by value."""
    there: dict[int, int] = defaultdict(int)
    values: dict[tuple[SeriesKey, int], list[float]] = defaultdict(list)
    for each in minutes:
        begin_us = window_start(each.start_us, QUARTER_US)
        there[begin_us] += 1
        for key, point in points_of(each).items():
            values[key, begin_us].append(point.value)
    quarters: dict[SeriesKey, list[Quarter]] = defaultdict(list)
    for (key, begin_us), some in values.items():
        of_cost = [0.0] * (there[begin_us] - len(some)) if key.is_cost else []
        quarters[key].append(quarter_of(begin_us, [*some, *of_cost]))
    return Past(dict(there), dict(quarters))


def quarter_of(begin_us: int, values: Sequence[float]) -> Quarter:
    """Return what some values come to."""
    mean = sum(values) / len(values)
    off = sum(abs(value - mean) for value in values) / len(values)
    return Quarter(begin_us, mean, off, len(values), max(values))


class Fed:
    """A watch, and the clock of who feeds it: a minute is told a minute after it began."""

    def __init__(
        self, catalog: Catalog | None = None, limits: Limits | None = None, since: int = 0
    ) -> None:
        done_us = T0 + since * MINUTE_US
        self.watch = CostWatch(catalog or NOBODY, PACE, limits or Limits(), done_us)
        self.said: list[Alert] = []
        self.now_us = 0

    def minute(
        self, minute: int, costs: Iterable[str | dict[str, object]], status: LineStatus = "final"
    ) -> list[Alert]:
        """Tell of all lines of one minute, and return what is said then.

        A line is a cost, or what is changed of a line.
        """
        self.now_us = minute * MINUTE_US
        for thing, each in zip(count(), costs):
            changes = {"cost": each} if isinstance(each, str) else dict(each)
            cost = changes.pop("cost")
            assert cost is None or isinstance(cost, str)
            given = minute_line(minute, cost, **{"thing": thing, "status": status} | changes)
            self.watch.take(given, self.now_us)
        return self.look(self.now_us + 40 * SECOND_US)

    def look(self, now_us: int) -> list[Alert]:
        """Let time go by, and say what is due."""
        self.watch.advance(now_us)
        found = self.watch.due()
        self.watch.told(found)
        self.said += found
        return found

    @property
    def told(self) -> list[tuple[str, str]]:
        """Which alerts were said, and how."""
        return [(each["alert_id"], each["state"]) for each in self.said]

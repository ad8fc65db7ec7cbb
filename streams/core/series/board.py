"""All series that are watched, judged stretch by stretch, and in which something goes on."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from streams.core.alert_rules import AlertRule
from streams.core.catalog import Catalog
from streams.core.series.buckets import Slice
from streams.core.series.episode import Episode
from streams.core.series.keys import SUBJECTS, SeriesKey, kind_of, payer_of
from streams.core.series.known_price import NEWS_US
from streams.core.series.parts import MAIN_RATIO, Part, Parts, parts_of
from streams.core.series.past import Past
from streams.core.series.points import Point, points_of
from streams.core.series.prices import Prices
from streams.core.series.watched import Spoken, Watched, watched
from streams.core.windows import DAY_US, MINUTE_US

PRICES: Final = 10  # for each series
SEEDS: Final = 120  # stretches without cost that a new series is told of
ORDER: Final = {subject: number for number, subject in enumerate(SUBJECTS)}
NO_COST: Final = Point(0.0, 0, 1.0)


@dataclass(frozen=True, slots=True)
class Limits:
    """How many series are kept, and how long one that is silent; so are prices."""

    max_series: int = 5_000
    forget_us: int = 14 * DAY_US

    @property
    def max_prices(self) -> int:
        """How many prices are kept: a tenant's model has several meters."""
        return PRICES * self.max_series


class Board:
    """The series by their key. `lively`: those with an episode."""

    def __init__(self, catalog: Catalog, limits: Limits) -> None:
        self.catalog = catalog
        self.series: dict[SeriesKey, Watched] = {}
        self.lively: set[SeriesKey] = set()
        self.prices = Prices(limits.max_prices, limits.forget_us)
        self.unwatched = 0  # series of the last final stretch that there was no room for
        self._limits = limits
        self._finals: deque[int] = deque(maxlen=SEEDS)  # begins of the last final stretches

    @property
    def judged_us(self) -> int:
        """Begin of the last stretch that was judged for good; 0 before any was."""
        return self._finals[-1] if self._finals else 0

    def recall(self, past: Past, period_us: int) -> None:
        """Learn quarters of an hour before all stretches that are judged."""
        for key in sorted(past.quarters, key=order):
            if key not in self.series:
                self._add(key, period_us)
        for key, each in self.series.items():
            each.recall(past.of(key))
            if key in past.quarters:
                each.seen_us = past.quarters[key][-1].at_us
        self._finals.extend(past.begins(period_us))
        for key in [key for key, each in self.series.items() if self._is_gone(each)]:
            del self.series[key]

    def judge(self, of: Slice) -> None:
        """Judge one stretch: in order when it is final, at most once before."""
        points, parts = points_of(of), parts_of(of.sums)
        for key, (point, extra) in self.prices.compared(of).items():
            points[key], parts[key] = point, extra
        if of.is_final:
            self.unwatched = 0
        for key in sorted(points, key=order):
            if key in self.series or self._add(key, of.end_us - of.start_us):
                self._judge(key, points[key], parts[key], of)
            else:
                self.unwatched += of.is_final
        if of.is_final:
            self._pass_over(points.keys(), of)
            self.prices.learn(of)
            self._finals.append(of.start_us)

    def rule(self, key: SeriesKey, at_us: int) -> AlertRule:
        """Return what is worth an alert of a series."""
        return self.catalog.alert_rule(payer_of(key), kind_of(key), at_us)

    def dearer(self, of: Watched) -> Watched | None:
        """Return the changed price that most of an extra cost comes from, if one does."""
        key, verdict = of.key, of.newest(is_over=False)
        for name in sorted(self.lively):
            if name.is_price and name.currency == key.currency and key.model in {"", name.model}:
                extra = self.series[name].extra_of(Part("tenant", key.tenant))
                if extra > MAIN_RATIO * verdict.excess > 0:
                    return self.series[name]
        return None

    def resume(self, key: SeriesKey, said: Spoken, at_us: int) -> bool:
        """Go on with what was said of a price, from the next stretch on, where there is room."""
        if key not in self.series and len(self.series) >= self._limits.max_series:
            return False
        each = self.series.setdefault(key, watched(key, MINUTE_US, ()))
        each.course.episode = Episode(1, said.since_us, said.excess, counted_us=at_us)
        each.seen_us, each.spoken = at_us, said
        return True

    def end(self, key: SeriesKey) -> None:
        """Forget what went on in a series."""
        self.lively.discard(key)
        if key in self.series:
            self.series[key].course.episode = None
            self.series[key].spoken = None

    def absolve(self, tenant: str) -> None:
        """Take what was judged for good of a tenant for usual, as it was corrected."""
        for key, each in self.series.items():
            if key.tenant == tenant:
                each.course.absolve()

    def _judge(self, key: SeriesKey, point: Point, parts: Parts, of: Slice) -> None:
        each = self.series[key]
        each.judge(point, parts, of, self.rule(key, of.start_us), may_open=self._may_open(key))
        self._note(each)

    def _note(self, each: Watched) -> None:
        if each.course.episode is not None:
            self.lively.add(each.key)

    def _pass_over(self, there: Iterable[SeriesKey], of: Slice) -> None:
        """Have series without a line know of it, and forget those long silent."""
        for key in sorted(self.series.keys() - set(there), key=order):
            each = self.series[key]
            if self._is_gone(each):
                del self.series[key]
            elif key.is_cost:
                self._judge(key, NO_COST, {}, of)
            elif not key.is_price or each.seen_us < of.start_us - NEWS_US:
                each.pass_over(of, self.rule(key, of.start_us))
                self._note(each)

    def _add(self, key: SeriesKey, period_us: int) -> bool:
        """Begin to watch a series, where there is room."""
        if len(self.series) >= self._limits.max_series:
            return False
        self.series[key] = watched(key, period_us, self._finals)
        return True

    def _is_gone(self, each: Watched) -> bool:
        """Whether a series was silent for so long that it is forgotten."""
        is_silent = each.seen_us < self.judged_us - self._limits.forget_us
        return is_silent and each.course.episode is None

    def _may_open(self, key: SeriesKey) -> bool:
        """Whether an alert of a series would say what no other says: a tenant's has its models."""
        if key.subject != "model":
            return True
        whole = self.series.get(key._replace(subject="tenant", model=""))
        return whole is None or whole.course.episode is None


def order(key: SeriesKey) -> tuple[int, SeriesKey]:
    """Order series as they are judged, and spoken of."""
    return ORDER[key.subject], key

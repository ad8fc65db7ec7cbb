"""Watches what costs come to: lines in, alerts out. Explicit state, told of everything.

It is told of the past by the quarter of an hour (`recall`), then by the stretch (`replay`), of what
was said (`remember`), and of lines as they come (`take`). Whoever tells it the same says the same;
what it says next is `due` until it is `told` that it was said.
"""

from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import Final

from schemas.records import Alert, AlertSeverity, CostLine
from streams.core.catalog import Catalog
from streams.core.price_book import PriceBook
from streams.core.series.anomaly_alert import (
    Occasion,
    alert_of,
    cause_of,
    ended,
    series_of_alert,
)
from streams.core.series.board import Board, Limits, order
from streams.core.series.bucket import Kept
from streams.core.series.buckets import Buckets, Pace, Slice
from streams.core.series.episode import QUIET, Episode
from streams.core.series.keys import SeriesKey
from streams.core.series.over import Over
from streams.core.series.past import Past
from streams.core.series.recount import Count, count_of, recount
from streams.core.series.watched import Spoken, Watched
from streams.core.windows import DAY_US, MINUTE_US

TOGETHER_US: Final = 30 * MINUTE_US  # alerts of one cause begin within it
SAYING: Final = itemgetter("alert_id", "revision")  # which saying of which alert one is
GROWS: Final = 2  # times the extra cost that was said last, or a half of it: worth saying again
RANK: Final[dict[AlertSeverity, int]] = {"info": 0, "warning": 1, "critical": 2}


class CostWatch:
    """All series of all cost lines, and what was said of them. `done_us`: begin of what is new."""

    def __init__(self, catalog: Catalog, pace: Pace, limits: Limits, done_us: int = 0) -> None:
        self.board = Board(catalog, limits)
        self.buckets = Buckets(pace, done_us)
        self._period_us = pace.period_us
        self._held: dict[SeriesKey, Alert] = {}  # said to go on, and not found again yet
        self._doubles: dict[str, Alert] = {}  # the same by id, where a series had more than one
        self._adopted: dict[SeriesKey, Alert] = {}  # held until they were found again
        self._over = Over()
        self._missed: dict[str, list[Alert]] = {}  # of stretches that were replayed, by id
        self._replayed_us: int | None = None  # begin of the first such stretch
        self._groups: dict[str, tuple[int, str]] = {}  # the last of each cause, and since when

    @property
    def judged_until_us(self) -> int:
        """Until when everything was judged for good; 0 before anything was."""
        judged_us = self.board.judged_us
        return judged_us + self._period_us if judged_us else 0

    def follow(self, catalog: Catalog, book: PriceBook) -> None:
        """Go by another catalog and price book from now on."""
        self.board.catalog = catalog
        self.board.prices.follow(book)

    def take(self, line: CostLine, now_us: int) -> None:
        """Take in one line as it comes."""
        self.buckets.take(line, now_us)

    def join(self, window: tuple[int, int], line_id: str, kept: Kept, now_us: int) -> None:
        """Take in what is kept of one line, as ClickHouse has it."""
        self.buckets.join(window, line_id, kept, now_us)

    def recall(self, past: Past) -> None:
        """Take in quarters of an hour long over, in order, before anything else."""
        self.board.recall(past, self._period_us)

    def replay(self, past: Slice) -> None:
        """Take in a stretch of the past, in the order of time. What nobody said of it is due."""
        if self._replayed_us is None:
            self._replayed_us = past.start_us
        self.board.judge(past)
        for key in [key for key in self.board.lively if self._is_behind(key)]:
            if self._is_over(key):
                self._held[key] = self._adopted.pop(key)
                self.board.end(key)
        for alert in self._sayings():
            said = self._missed.get(alert["alert_id"], [])
            begun = [each for each in said if each["state"] == "opened"]
            self._missed[alert["alert_id"]] = [*begun, alert]
            self._tell(alert)

    def remember(self, said: Iterable[Alert]) -> None:
        """Take in what was said last of each alert, before stretches are replayed."""
        for alert in said:
            key = series_of_alert(alert)
            if key is None:
                continue
            if alert["state"] == "resolved":
                self._over.add(key, alert)
                continue
            both = (self._held.get(key, alert), alert)
            first, other = sorted(both, key=itemgetter("since_us"))
            self._held[key] = first
            if other is not first:
                self._doubles[other["alert_id"]] = other
        for key in [key for key in self._held if key.is_price]:
            alert = self._held[key]
            if self.board.resume(key, self._heard(alert), alert["at_us"]):
                del self._held[key]

    def advance(self, now_us: int) -> None:
        """Judge what is to be judged by now, and no further than where something is over.

        Nothing else begins in a series before it was said that it is: see `due`.
        """
        for each in self.buckets.ready(now_us):
            self.board.judge(each)
            if any(map(self._is_over, self.board.lively)):
                return

    def counts(self) -> list[Count]:
        """Return what is to be counted again, as corrections may have changed it."""
        courses = ((key, self.board.series[key].course) for key in sorted(self.board.lively))
        counted = (count_of(key, each, self.judged_until_us) for key, each in courses)
        return [each for each in counted if each is not None]

    def recount(self, of: Count, found: Iterable[tuple[int, int]]) -> None:
        """Go by what each stretch of an episode came to by now, by its begin."""
        each = self.board.series.get(of.key)
        if each is None:
            return
        rule = self.board.rule(of.key, of.since_us)
        if recount(each.course, of, found, self.buckets.gaps, rule):
            self.board.absolve(of.key.tenant)

    def due(self) -> list[Alert]:
        """Return what is to be said now."""
        missed = [alert for alerts in self._missed.values() for alert in alerts]
        doubles = (ended(each, each["at_us"]) for each in self._doubles.values())
        return [*missed, *self._sayings(), *self._lost(), *doubles]

    def told(self, alerts: Iterable[Alert]) -> None:
        """Remember that something was said, for good."""
        missed = {SAYING(alert) for alerts in self._missed.values() for alert in alerts}
        for alert in alerts:
            if SAYING(alert) in missed:
                self._missed.pop(alert["alert_id"], None)
            else:
                self._tell(alert)

    def _tell(self, alert: Alert) -> None:
        key = series_of_alert(alert)
        if key is None:
            return
        if self._doubles.pop(alert["alert_id"], None):
            return
        if alert["state"] == "resolved":
            self._held.pop(key, None)
            self._adopted.pop(key, None)
            self.board.end(key)
        elif key in self.board.series:
            self.board.series[key].spoken = self._heard(alert)

    def _sayings(self) -> list[Alert]:
        """Return what is to be said of what goes on, and of what did so until now."""
        for key in [key for key in self._held if key in self.board.lively]:
            self._adopt(key, self._held.pop(key))
        found = [
            self._saying(self.board.series[key]) for key in sorted(self.board.lively, key=order)
        ]
        for key in [key for key in self.board.lively if self._is_over_twice(key)]:
            self.board.end(key)
        return [each for each in found if each is not None]

    def _adopt(self, key: SeriesKey, said: Alert) -> None:
        """Go on with what was said of a series. What is not known of its cost is as it was said."""
        each = self.board.series[key]
        self._adopted[key] = said
        each.spoken = self._heard(said)
        if self._replayed_us is not None and said["since_us"] < self._replayed_us:
            each.course.count_from(said["at_us"], each.spoken.excess)

    def _is_behind(self, key: SeriesKey) -> bool:
        """Whether what was said of a series is newer than what is known of it."""
        said = self._adopted.get(key)
        if said is None:
            return False
        return self.board.series[key].newest(is_over=True).end_us < said["at_us"]

    def _is_over(self, key: SeriesKey) -> bool:
        episode = self.board.series[key].course.episode
        return episode is None or episode.is_over

    def _is_over_twice(self, key: SeriesKey) -> bool:
        """Whether what goes on was said to be over, and now is."""
        each = self.board.series[key]
        return self._is_over(key) and each.spoken is None and self._is_ended(each)

    def _is_ended(self, each: Watched) -> bool:
        """Whether it was said to be over, and goes on only for who knows less of the past."""
        episode = each.course.episode
        return episode is not None and self._over.covers(each.key, episode.since_us)

    def _heard(self, alert: Alert) -> Spoken:
        """Return what was said, whose group later alerts of one cause join."""
        spoken = Spoken.of(alert)
        if spoken.group is not None:
            cause, _, _ = spoken.group.rpartition("/")
            self._groups.setdefault(cause, (spoken.since_us, spoken.group))
        return spoken

    def _saying(self, each: Watched) -> Alert | None:
        episode = each.course.episode
        if episode is None or self._is_behind(each.key):
            return None
        occasion = self._occasion(each, episode)
        spoken = each.spoken
        if spoken is None:
            return None if self._is_ended(each) else alert_of(occasion, "opened", 1)
        if episode.is_over:
            return alert_of(occasion, "resolved", spoken.revision + 1)
        is_worse = RANK[occasion.severity] > RANK[spoken.severity]
        now, before = occasion.excess * episode.turn, spoken.excess * episode.turn
        has_grown = now >= max(1, GROWS * abs(before))
        has_shrunk = before > 0 and GROWS * now <= before
        if is_worse or has_grown or has_shrunk:
            return alert_of(occasion, "updated", spoken.revision + 1)
        return None

    def _occasion(self, each: Watched, episode: Episode) -> Occasion:
        since_us = episode.since_us if each.spoken is None else each.spoken.since_us
        rule = self.board.rule(each.key, since_us)
        group = self._group(each, since_us) if each.spoken is None else each.spoken.group
        return Occasion(each, episode, since_us, rule, group)

    def _group(self, each: Watched, since_us: int) -> str | None:
        """Return the group of an alert: that of the changed price which most of it comes from.

        Else the last of its cause if that began about as long ago.
        """
        dearer = self.board.dearer(each)
        if dearer is not None and dearer.course.episode is not None:
            return self._occasion(dearer, dearer.course.episode).group
        cause = cause_of(each)
        begun_us, group = self._groups.get(cause, (-DAY_US, ""))
        if abs(begun_us - since_us) > TOGETHER_US:
            group = f"{cause}/{since_us}"
            self._groups[cause] = (since_us, group)
        return group

    def _lost(self) -> Iterator[Alert]:
        """Yield the end of what was said to go on, and by what is known does not."""
        judged_us = self.board.judged_us
        for _, said in sorted(self._held.items()):
            if judged_us >= said["at_us"] + QUIET * self._period_us:
                yield ended(said, judged_us + self._period_us)

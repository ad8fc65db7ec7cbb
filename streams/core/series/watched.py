"""One series as it is watched: its detector, what is usual in it, and what was said of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from schemas.decimals import from_bytes
from schemas.records import Alert, AlertSeverity
from streams.core.alert_rules import AlertRule
from streams.core.anomaly.detector import CostDetector, Quarter, cost_detector
from streams.core.anomaly.fixed import Fixed
from streams.core.series.buckets import Slice
from streams.core.series.episode import Course
from streams.core.series.keys import SeriesKey
from streams.core.series.parts import Contribution, Mix, Part, Parts
from streams.core.series.points import Point
from streams.core.series.verdict import Verdict, verdict_of


class Spoken(NamedTuple):
    """What was said last of an episode that is not over."""

    since_us: int
    revision: int
    severity: AlertSeverity
    excess: int
    group: str | None

    @classmethod
    def of(cls, alert: Alert) -> "Spoken":
        """Return what an alert said."""
        return cls(
            alert["since_us"],
            alert["revision"] or 1,
            alert["severity"] or "warning",
            from_bytes(alert["excess"] or b""),
            alert["group"],
        )


@dataclass(slots=True)
class Watched:
    """A series. `unusual`: its newest stretch that was, and what that was made of."""

    key: SeriesKey
    detector: CostDetector
    course: Course = field(default_factory=Course)
    mix: Mix = field(default_factory=Mix)
    unusual: tuple[Verdict, Parts] | None = None
    seen_us: int = 0  # begin of the last stretch that there was something in
    spoken: Spoken | None = None

    def judge(
        self, point: Point, parts: Parts, of: Slice, rule: AlertRule, *, may_open: bool
    ) -> None:
        """Judge one stretch, and learn it when it is final."""
        judged = self.detector.score(point.value, of.start_us)
        if self.course.is_certain and self.course.episode is not None:
            rule = replace(rule, min_per_hour=1)  # it goes on, however little it costs by now
        verdict = verdict_of(self.key, point, of, judged, rule)
        if of.is_final:
            self.detector.learn(point.value, of.start_us, judged)
        if parts:
            self.seen_us = max(self.seen_us, of.start_us)
        self.course.add(verdict, rule, may_open=may_open and not rule.muted)
        turn = self.course.turn_of(verdict)
        if turn and (self.unusual is None or of.start_us >= self.unusual[0].start_us):
            self.unusual = (verdict._replace(turn=turn), parts)
        elif of.is_final and not turn and not self.key.is_price:  # whose parts are of what is extra
            self.mix.learn(parts)

    def recall(self, past: Sequence[Quarter]) -> None:
        """Learn quarters of an hour long over; what they were made of is not known."""
        self.detector.recall(past)

    def pass_over(self, of: Slice, rule: AlertRule) -> None:
        """Note that there was no value in a stretch, which is nothing unusual."""
        if self.course.episode is not None or of.start_us in self.course.verdicts:
            nothing = Verdict(of.start_us, of.end_us, 0, 0, 0, 0, 0, is_final=True)
            self.course.add(nothing, rule, may_open=False)

    def newest(self, *, is_over: bool) -> Verdict:
        """Return the newest stretch of an episode that was unusual, or that there is at all."""
        if self.unusual is not None and not is_over:
            return self.unusual[0]
        return self.course.verdicts[max(self.course.verdicts)]

    def extra_of(self, part: Part) -> int:
        """Return which part of the newest unusual stretch of a price was whose, in pico."""
        return 0 if self.unusual is None else self.unusual[1].get(part, 0)

    def contributions(self) -> list[Contribution]:
        """Return whose the extra cost of the newest unusual stretch was, the greatest first."""
        if self.unusual is None:
            return []
        verdict, parts = self.unusual
        return self.mix.contributions(parts, verdict.expected)


def watched(key: SeriesKey, period_us: int, silent: Iterable[int]) -> Watched:
    """Return a new series; of a cost, nothing was spent in the stretches before, as nobody saw it.

    `silent`: begins of some stretches before, in order.
    """
    if key.is_price:
        return Watched(key, Fixed(), Course(is_certain=True))
    fresh = Watched(key, cost_detector(period_us))
    if key.is_cost:
        for start_us in silent:
            judged = fresh.detector.score(0.0, start_us)
            fresh.detector.learn(0.0, start_us, judged)
            fresh.mix.learn({})
    return fresh

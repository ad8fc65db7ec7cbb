"""What is thought of one value of a series: whether it is too much or too little, and in money."""

from typing import NamedTuple

from streams.core.alert_rules import AlertRule
from streams.core.anomaly.judgement import Judgement
from streams.core.money import PICO, half_even
from streams.core.series.buckets import Slice
from streams.core.series.keys import SeriesKey
from streams.core.series.points import Point
from streams.core.windows import HOUR_US


class Verdict(NamedTuple):
    """One stretch of one series. Pico: of the stretch, and an hour where the name says so.

    `turn`: 1 is too much, -1 too little, 0 neither. `above`, `below`: how far it is on the way
    there (`Judgement`), where several together may be: above in costs, below in a tenant's.
    """

    start_us: int
    end_us: int
    turn: int
    actual: int
    expected: int
    low_per_hour: int
    high_per_hour: int
    is_final: bool
    above: float = 0.0
    below: float = 0.0

    @property
    def excess(self) -> int:
        """What it cost beyond what was expected."""
        return self.actual - self.expected

    def per_hour(self, pico: int) -> int:
        """Return an amount of the stretch as one of an hour."""
        return half_even(pico * HOUR_US, self.end_us - self.start_us)


def verdict_of(
    key: SeriesKey, point: Point, of: Slice, judged: Judgement, rule: AlertRule
) -> Verdict:
    """Return what a detector's judgement comes to in money.

    Too little is known of final costs only, as more may come, and matters of a tenant's alone.
    """
    of_hour = point.scale * PICO
    expected = half_even(round(judged.expected * of_hour) * (of.end_us - of.start_us), HOUR_US)
    usual = Verdict(
        of.start_us,
        of.end_us,
        0,
        point.pico,
        expected,
        max(0, round(judged.low * of_hour)),
        round(judged.high * of_hour),
        of.is_final,
    )
    if not judged.is_warm:
        return usual
    matters_below = of.is_final and key.subject == "tenant"
    if key.is_cost:
        below = judged.below if matters_below else 0.0
        usual = usual._replace(above=judged.above, below=below)
    if abs(usual.per_hour(usual.excess)) < rule.min_per_hour:
        return usual
    if point.value > judged.high:
        return usual._replace(turn=1)
    if point.value < judged.low and matters_below:
        return usual._replace(turn=-1)
    return usual

"""Laws of what is recalled by the quarter of an hour: it is about what is known of every value."""

from typing import NamedTuple

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from streams.core.anomaly.calendar import QUARTER_US
from streams.core.anomaly.detector import CostDetector, Judgement, cost_detector
from streams.core.windows import DAY_US, HOUR_US, MINUTE_US
from streams.demo.chance import stream
from tests.builders.series import quarter_of

PERIOD_US = 5 * MINUTE_US  # three values a quarter: the mean of few is the least certain
A_DAY = DAY_US // PERIOD_US
OF_QUARTER = QUARTER_US // PERIOD_US
MINUTELY = 2 * HOUR_US // PERIOD_US  # values at the end that are learned one by one
MONDAY_US = 4 * DAY_US
APART = 0.05  # of the judgements: those that may differ
CLOSE = 0.15  # of an upper limit: half of them are nearer
SUM = 0.1  # of what is expected of a day


class Weeks(NamedTuple):
    """What a series is like: its shape, its noise, and a batch that begins one night, or none."""

    seed: int
    days: int
    office: float
    night: float
    noise: float
    batch_from: int
    is_sparse: bool

    def values(self) -> list[float]:
        """Return its values, and those of another day."""
        chance = stream(self.seed, "recall laws")
        found = []
        for number in range((self.days + 1) * A_DAY):
            day, hour = divmod(number * PERIOD_US / HOUR_US, 24)
            value = self.office if day % 7 < 5 and 8 <= hour < 18 else self.night
            if day >= self.batch_from and 2 <= hour < 4:
                value += 80.0
            value *= max(0.0, 1 + chance.gauss(0, self.noise))
            found.append(0.0 if self.is_sparse and chance.random() < 0.5 else value)
        return found


weeks = st.builds(
    Weeks,
    seed=st.integers(0, 10_000),
    days=st.integers(8, 22),
    office=st.floats(1.0, 200.0),
    night=st.floats(0.0, 60.0),
    noise=st.floats(0.02, 0.35),
    batch_from=st.integers(0, 30),
    is_sparse=st.booleans(),
)


def lived(judge: CostDetector, values: list[float], since: int) -> list[Judgement]:
    """Learn values one by one, and return what was thought of each."""
    found = []
    for number, value in enumerate(values, since):
        at_us = MONDAY_US + number * PERIOD_US
        found.append(judge.score(value, at_us))
        judge.learn(value, at_us, found[-1])
    return found


def recalled(values: list[float]) -> CostDetector:
    """Return a detector that was told of quarters, and of the last hours value by value."""
    judge = cost_detector(PERIOD_US)
    until = len(values) - MINUTELY
    judge.recall(
        quarter_of(MONDAY_US + first * PERIOD_US, values[first : first + OF_QUARTER])
        for first in range(0, until, OF_QUARTER)
    )
    lived(judge, values[until:], until)
    return judge


@settings(max_examples=12, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate])
@given(weeks)
def test_the_next_day_is_judged_about_as_by_who_saw_every_value(drawn: Weeks) -> None:
    """The same weeks each time, and none is made shorter until it just fails: it takes minutes."""
    values = drawn.values()
    past, following = values[:-A_DAY], values[-A_DAY:]
    saw = cost_detector(PERIOD_US)
    lived(saw, past, 0)
    seen = lived(saw, following, len(past))
    told = lived(recalled(past), following, len(past))
    both = list(zip(following, told, seen, strict=True))
    differ = sum((value > mine.high) != (value > other.high) for value, mine, other in both)
    assert differ <= APART * A_DAY
    off = sorted(abs(mine.high - other.high) / max(other.high, 1.0) for _, mine, other in both)
    assert off[len(off) // 2] < CLOSE
    total = sum(each.expected for each in seen)
    few = 0.15 * sum(following)  # of a batch that is two nights old
    assert sum(each.expected for each in told) == pytest.approx(total, rel=SUM, abs=max(1.0, few))


@given(weeks, st.integers(1, 3))
@settings(max_examples=5, deadline=None)
def test_quarters_in_several_parts_are_the_same_as_in_one(drawn: Weeks, parts: int) -> None:
    values = drawn._replace(days=3).values()
    quarters = [
        quarter_of(MONDAY_US + first * PERIOD_US, values[first : first + OF_QUARTER])
        for first in range(0, len(values), OF_QUARTER)
    ]
    at_once, by_part = cost_detector(PERIOD_US), cost_detector(PERIOD_US)
    at_once.recall(quarters)
    for number in range(parts):
        first, last = (len(quarters) * each // parts for each in (number, number + 1))
        by_part.recall(quarters[first:last])
    at_us = MONDAY_US + len(values) * PERIOD_US
    assert at_once.score(9.0, at_us) == by_part.score(9.0, at_us)

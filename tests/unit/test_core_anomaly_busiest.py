"""What the busiest values of past days were, and whether a series comes at any time."""

import pytest

from streams.core.anomaly.busiest import DAYS, Busiest
from streams.core.anomaly.habit import Habit
from streams.core.windows import DAY_US, HOUR_US, MINUTE_US
from streams.demo.chance import stream

MONDAY_US = 4 * DAY_US


def after(values: list[float]) -> Busiest:
    """One that has seen a value at noon of each day."""
    found = Busiest()
    for day, value in enumerate(values):
        found.learn(value, day * DAY_US + DAY_US // 2, 0.0)
    return found


@pytest.mark.parametrize(
    ("days", "second", "busiest"),
    [
        ([], 0.0, 0.0),
        ([5.0], 5.0, 5.0),
        ([5.0, 900.0, 7.0], 7.0, 900.0),  # one wild day teaches nothing
        ([900.0, *[5.0] * DAYS], 5.0, 5.0),  # what is older than a week is forgotten
        ([900.0, *[0.0] * 3, 5.0], 5.0, 900.0),  # days without a value are none
    ],
)
def test_the_second_busiest_day_counts_and_of_a_young_series_the_busiest(
    days: list[float], second: float, busiest: float
) -> None:
    found, at_us = after(days), len(days) * DAY_US
    assert found.before(at_us, is_young=False) == second
    assert found.before(at_us, is_young=True) == busiest


def test_a_day_is_not_compared_with_itself() -> None:
    found = after([5.0, 6.0, 900.0])
    assert found.before(2 * DAY_US + HOUR_US, is_young=True) == 6.0


def test_what_comes_when_it_is_usual_comes_at_its_time_and_all_else_does_not() -> None:
    regular, sparse = Busiest(), Busiest()
    for day in range(5):
        for minute in range(100):
            at_us = day * DAY_US + minute * MINUTE_US
            regular.learn(10.0, at_us, 9.0)
            sparse.learn(10.0, at_us, 1.0)
    assert not regular.comes_any_time
    assert sparse.comes_any_time


def test_small_change_at_its_time_does_not_hide_that_the_rest_comes_at_any() -> None:
    found = Busiest()
    for day in range(5):
        for minute in range(1000):
            found.learn(0.1, day * DAY_US + minute * MINUTE_US, 0.1)
        for minute in range(100):
            found.learn(100.0, day * DAY_US + (1000 + minute) * MINUTE_US, 0.1)
    assert found.comes_any_time


def told(judge: Habit, days: tuple[int, int], spurts: float, seed: int) -> int:
    """How many of a sparse tenant's minutes are above what is usual, which all are learned."""
    chance, above, left = stream(seed, "spurts"), 0, 0
    for minute in range(days[0] * 1440, days[1] * 1440):
        if not left and chance.random() < 6 / 1440:
            left = chance.randrange(3, 30)
        value = spurts * chance.uniform(0.5, 1.5) if left else 0.0
        left = max(left - 1, 0)
        at_us = MONDAY_US + minute * MINUTE_US
        judged = judge.score(value, at_us)
        above += value > judged.high
        judge.learn(value, at_us, judged)
    return above


def test_calls_at_any_hour_are_usual_once_they_were_seen_and_ten_times_as_much_is_not() -> None:
    judge = Habit(MINUTE_US)
    told(judge, (0, 10), 20.0, 1)
    assert told(judge, (10, 14), 20.0, 2) < 10  # of some 400 minutes with calls
    loop = [judge.score(200.0, MONDAY_US + 14 * DAY_US + minute * MINUTE_US) for minute in range(9)]
    assert all(each.high < 40.0 for each in loop)
    assert all(each.above > 1.0 for each in loop)

"""The detector of costs: what is usual at its time is, and at another time is not."""

import pickle
from collections.abc import Callable

import pytest

from streams.core.anomaly.detector import cost_detector
from streams.core.anomaly.habit import Habit
from streams.core.anomaly.judgement import Detector, Judgement
from streams.core.windows import DAY_US, HOUR_US, MINUTE_US
from streams.demo.chance import stream

PERIOD_US = 5 * MINUTE_US
A_DAY = DAY_US // PERIOD_US
MONDAY_US = 4 * DAY_US  # the Unix epoch was a Thursday

Cost = Callable[[int], float]  # of an instant since Monday


def run(judge: Detector, cost: Cost, days: float, since: float = 0.0) -> list[Judgement]:
    """Return what is thought of the values of some days, which all are learned."""
    found = []
    for number in range(round(since * A_DAY), round(days * A_DAY)):
        at_us = number * PERIOD_US
        value = cost(at_us)
        judged = judge.score(value, MONDAY_US + at_us)
        judge.learn(value, MONDAY_US + at_us, judged)
        found.append(judged)
    return found


def noisy(cost: Cost, spread: float = 0.1) -> Cost:
    chance = stream(1, "noise")
    return lambda at_us: cost(at_us) * (1 + chance.gauss(0, spread))


def too_much(cost: Cost, judged: list[Judgement], since: float = 0.0) -> int:
    """How many values were above what is usual."""
    first = round(since * A_DAY)
    return sum(
        each.is_warm and cost((first + number) * PERIOD_US) > each.high
        for number, each in enumerate(judged)
    )


def hour(at_us: int) -> float:
    return at_us % DAY_US / HOUR_US


def nightly(at_us: int) -> float:
    return 80.0 if 1.5 <= hour(at_us) < 3.5 else 0.0


def weekly(at_us: int) -> float:
    return 80.0 if at_us // DAY_US % 7 == 0 and 6 <= hour(at_us) < 8 else 0.0


def office(at_us: int) -> float:
    """Rises from 4 to 40 in the morning, falls in the evening, sleeps on weekends."""
    if at_us // DAY_US % 7 >= 5:
        return 4.0
    into = min(max(hour(at_us) - 6, 0), max(20 - hour(at_us), 0)) / 4
    return 4 + 36 * min(into, 1)


@pytest.mark.parametrize(("cost", "known_after"), [(nightly, 1), (weekly, 7), (office, 7)])
def test_what_comes_at_its_time_is_usual_once_it_was_seen(cost: Cost, known_after: int) -> None:
    judge = cost_detector(PERIOD_US)
    run(judge, cost, known_after)
    assert too_much(cost, run(judge, cost, known_after + 7, known_after), known_after) == 0


def test_a_batch_at_another_time_is_too_much() -> None:
    judge = cost_detector(PERIOD_US)
    run(judge, nightly, 10)
    by_day: Cost = lambda at_us: nightly(at_us - 9 * HOUR_US)  # noqa: E731 - a curve
    moved = run(judge, by_day, 11, 10)
    assert too_much(by_day, moved, 10) == 2 * HOUR_US / PERIOD_US


def test_a_new_batch_is_told_on_its_first_nights_and_is_usual_on_the_third() -> None:
    judge = cost_detector(PERIOD_US)
    run(judge, lambda _: 0.0, 10)
    nights = [too_much(nightly, run(judge, nightly, day + 1, day), day) for day in range(10, 15)]
    assert nights[0] == 2 * HOUR_US / PERIOD_US
    assert nights[2:] == [0, 0, 0]


def test_noise_is_seldom_too_much_and_twice_the_cost_always_is() -> None:
    judge = cost_detector(PERIOD_US)
    cost = noisy(lambda _: 30.0)
    judged = run(judge, cost, 14)
    again = noisy(lambda _: 30.0)
    assert too_much(again, judged) < 0.01 * 14 * A_DAY
    assert all(each.high < 60.0 for each in judged[A_DAY:])


def test_what_chance_may_do_once_is_too_much_when_it_lasts() -> None:
    judge = cost_detector(PERIOD_US)
    run(judge, noisy(lambda _: 30.0, 0.25), 10)
    twice = noisy(lambda _: 66.0, 0.25)
    judged = run(judge, twice, 10 + 4 / 24, 10)
    again = noisy(lambda _: 66.0, 0.25)
    unusual = [again(0) > each.high for each in judged]
    assert sum(unusual[:6]) < 4  # of half an hour
    assert sum(unusual[-24:]) > 20  # of the last two hours


def test_what_is_unusual_for_hours_does_not_become_the_habit() -> None:
    judge = cost_detector(PERIOD_US)
    run(judge, lambda _: 30.0, 10)
    loop = run(judge, lambda _: 300.0, 10.25, 10)  # six hours of ten times the cost
    assert all(each.high < 300.0 for each in loop)
    after = run(judge, lambda _: 30.0, 18, 10.25)
    assert max(each.expected for each in after) < 60  # and on the same hours of the next week
    assert all(each.high < 300.0 for each in after)


def test_a_level_that_lasts_becomes_the_habit() -> None:
    judge = cost_detector(PERIOD_US)
    run(judge, lambda _: 30.0, 10)
    shifted = run(judge, lambda _: 90.0, 14, 10)
    assert all(each.high < 90.0 for each in shifted[: A_DAY // 2])
    assert all(each.high >= 90.0 for each in shifted[-A_DAY:])


def test_a_series_of_nothing_is_known_well_enough_to_tell_its_first_cost() -> None:
    judge = cost_detector(PERIOD_US)
    run(judge, lambda _: 0.0, 0.25)
    judged = judge.score(10.0, MONDAY_US + DAY_US // 4)
    assert judged.is_warm
    assert judged.high < 10.0


def test_a_morning_on_the_first_day_is_not_too_much_and_ten_times_it_is() -> None:
    judge = cost_detector(PERIOD_US)
    cost = noisy(office, 0.05)
    judged = run(judge, cost, 0.6)
    assert too_much(noisy(office, 0.05), judged) == 0
    assert judge.score(400.0, MONDAY_US + round(0.6 * DAY_US)).high < 400.0


def test_values_times_a_factor_are_judged_alike() -> None:
    one, other = cost_detector(PERIOD_US), cost_detector(PERIOD_US)
    small = run(one, noisy(office), 9)
    again = noisy(office)
    large = run(other, lambda at_us: 1000 * again(at_us), 9)
    for few, many in zip(small, large, strict=True):
        assert many.high == pytest.approx(1000 * few.high)
        assert many.score == pytest.approx(few.score)


def test_scoring_changes_nothing_and_replaying_ends_in_the_same_state() -> None:
    one, other = cost_detector(PERIOD_US), cost_detector(PERIOD_US)
    run(one, noisy(office), 8)
    for _ in range(3):
        one.score(1e6, MONDAY_US + 8 * DAY_US)
    run(other, noisy(office), 8)
    at_us = MONDAY_US + 8 * DAY_US
    assert one.score(50.0, at_us) == other.score(50.0, at_us)


def test_a_series_takes_less_than_the_20_kb_it_may() -> None:
    judge = Habit(MINUTE_US)
    run(judge, noisy(office), 8)
    calendars = [
        getattr(each, name) for each in (judge._day, judge._week) for name in each.__slots__
    ]
    assert len(pickle.dumps(calendars)) < 15_000  # and a dozen numbers

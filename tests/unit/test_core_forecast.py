"""What a forecaster says of costs whose future is known."""

import math
from random import Random

import pytest

from streams.core.forecast.calibration import AHEAD, KEPT, Calibration
from streams.core.forecast.forecaster import ENOUGH, Forecaster
from streams.core.forecast.shapes import DAY, WEEK, Last, Manner, Seasonal, Shape

MONDAY = 4 * DAY  # the epoch is a Thursday


def office(hour: int) -> float:
    """Return a tenant's cost: busy by day, a fifth at weekends (Saturday is the third day)."""
    by_day = 10 + 8 * math.sin((hour % DAY - 6) / DAY * 2 * math.pi)
    return by_day * (0.2 if hour % WEEK // DAY in (2, 3) else 1.0)


def seen(hours: int, *, begin: int = MONDAY) -> Forecaster:
    made = Forecaster(begin)
    for hour in range(begin, begin + hours):
        made.learn(office(hour))
    return made


def test_nothing_is_said_of_what_was_hardly_seen() -> None:
    assert seen(ENOUGH - 1).ahead(DAY) is None
    assert seen(ENOUGH).ahead(DAY) is not None


def test_a_flat_cost_goes_on_and_its_intervals_have_no_width() -> None:
    made = Forecaster(0)
    for _ in range(14 * DAY):
        made.learn(2.5)
    outlook = made.ahead(10 * DAY)
    assert outlook is not None
    assert outlook.expected == pytest.approx(600)
    assert outlook.by95 is not None
    assert outlook.by95 == pytest.approx((600, 600))


def test_weekends_are_known_after_a_few_weeks() -> None:
    """A Friday's end: two quiet days ahead, then five busy ones."""
    made = seen(4 * WEEK + 5 * DAY)
    hour = made.hour
    for days in (2, 7):
        outlook = made.ahead(days * DAY)
        true = sum(map(office, range(hour, hour + days * DAY)))
        assert outlook is not None
        assert outlook.expected == pytest.approx(true, rel=0.03)


def test_a_runaway_hour_does_not_become_the_level() -> None:
    calm, shaken = seen(4 * WEEK), seen(4 * WEEK - 30)
    shaken.learn(5000.0)
    for hour in range(shaken.hour, calm.hour):
        shaken.learn(office(hour))
    one, other = calm.ahead(WEEK), shaken.ahead(WEEK)
    assert one is not None
    assert other is not None
    assert other.expected == pytest.approx(one.expected, rel=0.1)


def test_a_level_that_moved_is_followed() -> None:
    made = Forecaster(0)
    for hour in range(6 * WEEK):
        made.learn(10.0 if hour < 4 * WEEK else 30.0)
    outlook = made.ahead(WEEK)
    assert outlook is not None
    assert outlook.expected == pytest.approx(30 * WEEK, rel=0.06)


def test_what_grows_is_expected_to_grow_and_to_fade() -> None:
    """A straight line, 0.01 an hour: more than its last week, less than the line for ever."""
    made = Forecaster(0)
    for hour in range(8 * WEEK):
        made.learn(5 + 0.01 * hour)
    outlook, last = made.ahead(2 * WEEK), 2 * WEEK * (5 + 0.01 * 8 * WEEK)
    line = sum(5 + 0.01 * (8 * WEEK + hour) for hour in range(2 * WEEK))
    assert outlook is not None
    assert last < outlook.expected < 1.02 * line


def test_a_later_stretch_is_what_is_further_less_what_is_nearer() -> None:
    made = seen(3 * WEEK + 7)
    near, all_of_it, later = made.ahead(30), made.ahead(100), made.ahead(70, skip=30)
    assert near is not None
    assert all_of_it is not None
    assert later is not None
    assert near.expected + later.expected == pytest.approx(all_of_it.expected)


def test_a_cost_that_never_was_below_zero_is_not_forecast_to_be() -> None:
    chance = Random(3)
    jobs, credited = Forecaster(0), Forecaster(0)
    for _ in range(3 * WEEK):
        value = 40.0 if chance.random() < 0.02 else 0.0
        jobs.learn(value)
        credited.learn(-value)
    one, other = jobs.ahead(5 * DAY), credited.ahead(5 * DAY)
    assert one is not None
    assert one.by95 is not None
    assert min(jobs.path(WEEK)) >= 0
    assert one.by95.low >= 0
    assert other is not None
    assert other.expected < 0


def test_the_same_hours_give_the_same_forecast() -> None:
    assert seen(3 * WEEK + 5).ahead(WEEK) == seen(3 * WEEK + 5).ahead(WEEK)


@pytest.mark.parametrize(
    "shape",
    [
        Last(DAY),
        Last(WEEK),
        Seasonal(Manner(0.01, 0.08, 0.0, 0.3, 0.93)),
        Seasonal(Manner(0.005, 0.05, 0.15, 0.3, 0.93, trend=0.005, trend_stays=0.997)),
    ],
)
def test_days_are_the_sums_of_their_hours(shape: Shape) -> None:
    """Of some days the sums are known in closed form: one a day is said each midnight."""
    for hour in range(MONDAY, MONDAY + 2 * WEEK + 3 * DAY):
        shape.learn(office(hour) + 0.01 * hour, hour)
    begin = MONDAY + 2 * WEEK + 3 * DAY
    path = shape.path(begin, 9 * DAY)
    sums = [sum(path[first : first + DAY]) for first in range(0, 9 * DAY, DAY)]
    assert shape.days(begin, 9) == pytest.approx(sums)


@pytest.mark.parametrize("days", [1, 3, 7, 14])
def test_intervals_hold_as_often_as_they_say(days: int) -> None:
    """400 days of noise, a forecast each fifth day; of 80 or 95 in 100 some luck is allowed."""
    chance = Random(days)
    values = [office(hour) * math.exp(chance.gauss(0, 0.4)) for hour in range(400 * DAY)]
    made, held = Forecaster(0), {80: 0, 95: 0}
    asked = range(60, 380, 5)
    for day in range(380):
        outlook = made.ahead(days * DAY)
        if day in asked and outlook and outlook.by80 and outlook.by95:
            true = sum(values[day * DAY : (day + days) * DAY])
            held[80] += outlook.by80.low <= true <= outlook.by80.high
            held[95] += outlook.by95.low <= true <= outlook.by95.high
        for value in values[day * DAY : (day + 1) * DAY]:
            made.learn(value)
    assert 0.70 <= held[80] / len(asked) <= 0.95
    assert held[95] / len(asked) >= 0.89


def test_further_ahead_is_never_surer() -> None:
    calibration = Calibration()
    chance = Random(5)
    for _ in range(60):
        calibration.passed(10 * chance.random())
        calibration.forecast([5.0] * AHEAD[-1])
    reaches = [calibration.reach(0.8, days / 2) or 0 for days in range(1, 80)]
    assert reaches == sorted(reaches)
    assert (calibration.reach(0.95, 7) or 0) > (calibration.reach(0.8, 7) or 0)


def test_state_does_not_grow_with_what_was_learned() -> None:
    calibration = Calibration()
    for _ in range(3 * KEPT):
        calibration.passed(1.0)
        calibration.forecast([1.0] * AHEAD[-1])
    assert {len(each) for each in calibration._surprises} == {KEPT}
    assert len(calibration._open) == len(calibration._sums) == AHEAD[-1]

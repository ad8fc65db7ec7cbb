"""What the detector of any values says of series of known shape: fourteen days of five minutes."""

from collections.abc import Callable
from statistics import mean

import pytest

from streams.core.anomaly.detector import Judgement, detector
from streams.core.anomaly.surprise import ALARM, QUIET
from streams.core.windows import DAY_US, MINUTE_US
from streams.demo.chance import stream

PERIOD_US = 5 * MINUTE_US
A_DAY = DAY_US // PERIOD_US
DAYS = 14
AT = 9 * A_DAY + 100  # where something happens
ALARMING = 1 - 10**-ALARM
CLEAR = 1 - 10**-1.4

Shape = Callable[[int], float]  # of the number of a value


def judged(shape: Shape, days: float = DAYS) -> list[Judgement]:
    judge, found = detector(PERIOD_US), []
    for number in range(round(days * A_DAY)):
        value, at_us = shape(number), number * PERIOD_US
        judgement = judge.score(value, at_us)
        judge.learn(value, at_us, judgement)
        found.append(judgement)
    return found


def noise(spread: float, seed: int = 1) -> Shape:
    chance = stream(seed, "noise")
    return lambda _: chance.gauss(0, spread)


def plateau(number: int) -> float:
    """Return a working day: 20 by night, 80 from nine to six."""
    return 80.0 if 108 <= number % A_DAY < 216 else 20.0


def highest(found: list[Judgement], begin: int, count: int) -> float:
    return max(each.score for each in found[begin : begin + count])


def test_a_period_is_above_nothing() -> None:
    with pytest.raises(ValueError, match="microseconds from one value to the next, got 0"):
        detector(0)


def test_what_is_no_number_is_refused() -> None:
    judge = detector(PERIOD_US)
    with pytest.raises(ValueError, match="expected a finite value of a series, got nan"):
        judge.learn(float("nan"), 0, judge.score(1.0, 0))


def test_nothing_is_unusual_before_anything_is_known() -> None:
    judgement = detector(MINUTE_US).score(1e9, 0)
    assert (judgement.score, judgement.is_warm) == (0.0, False)


def test_scoring_changes_nothing() -> None:
    judge = detector(MINUTE_US)
    for minute in range(300):
        value = float(minute % 7)
        judge.learn(value, minute * MINUTE_US, judge.score(value, minute * MINUTE_US))
    at_us = 300 * MINUTE_US
    first = judge.score(50.0, at_us)
    judge.score(-1e6, at_us)
    assert judge.score(50.0, at_us) == first


@pytest.mark.parametrize("height", [20.0, -20.0])
def test_one_value_far_off_in_noise_is_an_alarm(height: float) -> None:
    chance = noise(1.0)
    found = judged(lambda number: 50 + chance(number) + height * (number == AT), 10)
    assert found[AT].score > CLEAR
    assert found[AT].score == highest(found, A_DAY, len(found))


def test_a_new_level_is_an_alarm_and_then_what_is_expected() -> None:
    chance = noise(1.0)
    found = judged(lambda number: 50 + chance(number) + 8 * (number >= AT))
    assert highest(found, AT, 12) > CLEAR
    assert all(each.expected == pytest.approx(58, abs=2) for each in found[AT + 100 :])


def test_a_small_shift_of_many_values_is_seen_though_none_of_them_is_far_off() -> None:
    chance = noise(1.0)
    found = judged(lambda number: 50 + chance(number) + 2.0 * (number >= AT))
    before = found[2 * A_DAY : AT]
    assert highest(found, AT, 48) > ALARMING
    assert highest(found, AT, 48) >= sorted(each.score for each in before)[-5]


def test_a_day_without_its_usual_rise_is_an_alarm_and_a_usual_day_is_none() -> None:
    chance = noise(1.0)
    holiday = range(9 * A_DAY, 10 * A_DAY)
    found = judged(lambda number: (20 if number in holiday else plateau(number)) + chance(number))
    missed = highest(found, holiday.start + 108, 24)
    assert missed > ALARMING
    assert highest(found, 4 * A_DAY, 5 * A_DAY) < missed


def test_a_weekend_is_expected_once_two_weeks_were_seen() -> None:
    """At nine, when the level of late is low on every day, and the time of day says 80 on most."""
    chance = noise(1.0)
    office: Shape = lambda number: plateau(number) if number // A_DAY % 7 < 5 else 20.0  # noqa: E731 - a curve
    found = judged(lambda number: office(number) + chance(number), 42)
    week = [round(found[(28 + day) * A_DAY + 108].expected, -1) for day in range(7)]
    assert week == [80, 80, 80, 80, 80, 20, 20]
    assert highest(found, 33 * A_DAY, 9 * A_DAY) < CLEAR


def test_a_spike_at_nine_is_not_expected_at_nine_of_the_next_day() -> None:
    chance = noise(1.0)
    nine = 9 * A_DAY + 108
    found = judged(lambda number: plateau(number) + chance(number) + 10_000 * (number == nine), 11)
    assert found[nine + A_DAY].expected == pytest.approx(80, abs=6)


def test_an_hour_that_is_always_wild_is_judged_by_its_own_measure() -> None:
    chance = noise(1.0)
    is_wild: Shape = lambda number: 108 <= number % A_DAY < 120  # noqa: E731 - a curve
    found = judged(lambda number: 50 + chance(number) * (20 if is_wild(number) else 1))
    last = found[13 * A_DAY :]
    wild, calm = (mean(j.high - j.low for j in last[at : at + 12]) for at in (108, 60))
    assert wild > 1.4 * calm


def test_next_to_nothing_is_no_alarm_in_a_series_without_noise() -> None:
    found = judged(lambda number: plateau(number) + 0.2 * (number == AT), 10)
    assert found[AT].score < ALARMING


def test_more_unrest_around_the_same_level_is_an_alarm() -> None:
    chance = noise(1.0)
    found = judged(lambda number: 50 + chance(number) * (4 if number >= AT else 1))
    assert highest(found, AT, 24) > CLEAR


def test_what_lasts_is_one_alarm() -> None:
    chance = noise(1.0)
    found = judged(lambda number: 50 + chance(number) + 30 * (AT <= number < AT + QUIET // 2), 10)
    alarms = [number for number, each in enumerate(found[: AT + QUIET]) if each.score >= CLEAR]
    assert len([number for number in alarms if number >= AT]) <= 3  # it may become rarer


def test_a_spike_does_not_teach_itself_in() -> None:
    """The value after it is judged as if it had hardly been, and so is the same time next day."""
    one, other = noise(1.0), noise(1.0)
    plain = judged(lambda number: 50 + one(number), 10)
    spiked = judged(lambda number: 50 + other(number) + 10_000 * (number == AT), 10)
    for number in range(AT + 25, len(plain)):
        assert spiked[number].expected == pytest.approx(plain[number].expected, abs=2)
        assert spiked[number].high < 65


def test_the_first_spike_of_a_flat_series_is_as_rare_as_can_be() -> None:
    found = judged(lambda number: 5.0 + 3.0 * (number == AT), 10)
    assert found[AT - 1].score == 0.0
    assert found[AT].score == pytest.approx(1.0, abs=1e-9)


def test_a_sparse_series_alarms_when_it_becomes_dense() -> None:
    chance = stream(3, "sparse")
    found = judged(lambda number: float(chance.random() < (0.6 if number >= AT else 0.03)))
    assert highest(found, AT, 36) > CLEAR


@pytest.mark.parametrize("seed", range(5))
def test_noise_alone_is_seldom_an_alarm(seed: int) -> None:
    """Five signs of 3,456 values, a tenth of what is unusual in each: less what is quiet."""
    chance = noise(1.0, seed)
    found = judged(lambda number: 50 + chance(number))
    assert sum(each.score >= ALARMING for each in found[2 * A_DAY :]) <= 30
    assert sum(each.score >= 0.999 for each in found[2 * A_DAY :]) == 0


def test_few_values_lie_outside_low_and_high() -> None:
    """At most what is unusual in the long run; bounds begin wide."""
    chance = noise(1.0)
    some = [50 + chance(number) for number in range(DAYS * A_DAY)]
    found = judged(lambda number: some[number])
    outside = [not j.low <= x <= j.high for x, j in zip(some, found, strict=True)][A_DAY:]
    assert 0.005 < sum(outside) / len(outside) < 0.05

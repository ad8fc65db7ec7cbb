"""What grows bit by bit is found in days; what is wild, steady or once is not."""

from array import array
from collections.abc import Callable
from math import exp
from random import Random

import pytest

from streams.core.anomaly.growth import MOST, WARM_AFTER, Growth, Run, lately, slope
from streams.core.anomaly.growth import Day as Level
from streams.core.windows import DAY_US, HOUR_US

BEGIN_US = 20_006 * DAY_US
WEEK = (1.0, 1.1, 1.05, 1.0, 0.9, 0.2, 0.25)  # of a level, by the day of the week
DAYS = 42
LEAK = 25  # the day on which it begins

Shape = Callable[[int], float]  # by the number of an hour


def hour(number: int) -> float:
    """Return USD of an hour of an office, with 8 % of chance a day and 6 % an hour."""
    of_day, of_hour = Random(number // 24), Random(10_000 + number)
    working = 1.0 if 8 <= number % 24 < 18 else 0.2
    chance = exp(of_day.gauss(0, 0.08) + of_hour.gauss(0, 0.06))
    return 100 * WEEK[number // 24 % 7] * working * chance


def leaking(rate: float) -> Shape:
    """Return the same with so much more each day from `LEAK` on."""
    return lambda number: hour(number) * (1 + rate) ** max(0.0, number / 24 - LEAK)


def lived(shape: Shape, days: int = DAYS, first: int = 0) -> dict[int, Run]:
    """Return the days on which there is growth."""
    growth, found = Growth(), {}
    for number in range(24 * first, 24 * days):
        at_us = BEGIN_US + number * HOUR_US
        growth.learn(shape(number), at_us, growth.score(shape(number), at_us))
        if growth.run is not None and growth.run.is_growth:
            found[number // 24] = growth.run
    return found


@pytest.mark.parametrize(("rate", "within"), [(0.04, 12), (0.06, 9), (0.08, 8)])
def test_a_leak_is_found_within_days(rate: float, within: int) -> None:
    found = lived(leaking(rate))
    first = min(found)
    assert LEAK < first <= LEAK + within
    assert found[first].since_us == pytest.approx(BEGIN_US + LEAK * DAY_US, abs=3 * DAY_US)
    assert found[first].per_day == pytest.approx(rate, abs=0.03)
    assert found[first].grown > rate


def wild(number: int) -> float:
    """Return an office with a loop each third day, once for eight hours, and a day off."""
    if number // 24 == 30:
        return hour(number) * 0.15
    return hour(number) * (30 if number // 24 % 3 == 0 and number % 24 in range(9, 17) else 1)


@pytest.mark.parametrize(
    "shape",
    [
        hour,
        lambda number: hour(number) * 1.003 ** (number / 24),
        wild,
        lambda number: hour(number) * (20 if number in range(24 * LEAK, 24 * LEAK + 11) else 1),
        lambda number: 0.0 if number % 24 else hour(number),
        lambda number: 0.0,  # noqa: ARG005 - it is nothing at every hour
    ],
    ids=["as usual", "business", "wild", "half a day", "once a day", "nothing"],
)
def test_what_is_no_leak_is_not_growth(shape: Shape) -> None:
    assert lived(shape) == {}


def test_a_leak_among_wild_days_is_found() -> None:
    found = lived(lambda number: wild(number) * 1.06 ** max(0.0, number / 24 - LEAK))
    assert LEAK < min(found) <= LEAK + 11


def test_growth_is_over_when_weeks_before_were_as_dear() -> None:
    def stops(number: int) -> float:
        grown: float = 1.06 ** min(10.0, max(0.0, number / 24 - LEAK))
        return hour(number) * grown

    days = lived(stops, days=80)
    assert min(days) < LEAK + 10
    assert max(days) < LEAK + 10 + 28 + 3


def test_nothing_is_said_before_days_could_be_compared() -> None:
    growth = Growth()
    for number in range((7 + WARM_AFTER) * 24):
        at_us = BEGIN_US + number * HOUR_US
        value = hour(number) * (1 if number < 7 * 24 else 3)
        judged = growth.score(value, at_us)
        assert (judged.is_warm, judged.score) == (False, 0.0)
        growth.learn(value, at_us, judged)
    assert growth.score(1.0, BEGIN_US + (7 + WARM_AFTER) * DAY_US).is_warm


def test_a_score_changes_nothing_and_knows_what_was_usual() -> None:
    once, twice = Growth(), Growth()
    for number in range(24 * (LEAK + 9)):
        value, at_us = leaking(0.08)(number), BEGIN_US + number * HOUR_US
        twice.score(10 * value, at_us)
        judged = once.score(value, at_us)
        assert twice.score(value, at_us) == judged
        for each in (once, twice):
            each.learn(value, at_us, judged)
    judged = once.score(1.0, BEGIN_US + (LEAK + 9) * DAY_US)
    assert judged.score > 0.3
    assert judged.high == pytest.approx(judged.expected * exp(MOST))


def test_what_it_keeps_is_bounded() -> None:
    growth = Growth()
    for number in range(24 * 120):
        at_us = BEGIN_US + number * HOUR_US
        growth.learn(hour(number), at_us, growth.score(hour(number), at_us))
    kept = [getattr(growth, name) for name in Growth.__slots__]
    [hours] = [each for each in kept if isinstance(each, array)]
    assert len(hours) * hours.itemsize == 28 * 24 * 8
    assert max(len(each) for each in kept if hasattr(each, "__len__") and each is not hours) <= 28


def test_the_middle_one_of_the_last_days_says_how_it_is() -> None:
    days = [Level(number, level) for number, level in enumerate([0.4, 0.1, 0.3, 0.2])]
    assert lately(days) == Level(3, 0.2)
    assert lately(days[:2]) == Level(1, 0.1)
    assert slope(days[:1]) == 0.0

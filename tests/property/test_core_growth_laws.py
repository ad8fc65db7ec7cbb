"""Laws of growth: whoever began when says the same, in whatever currency and order."""

from collections.abc import Mapping
from functools import cache
from math import exp
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.core.growths import HISTORY_US, Growing, Growths, HourCost, Whose, with_tenants
from streams.core.money import PICO
from streams.core.windows import DAY_US

BEGIN = 20_006  # the number of a day
LIVED = 70
HISTORY = HISTORY_US // DAY_US


@cache
def days(seed: int, rate: float) -> tuple[tuple[HourCost, ...], ...]:
    """Return the costs of a tenant that calls two models, one of which grows near the end."""
    chance = Random(seed)
    found = []
    for day in range(LIVED):
        of_day = exp(chance.gauss(0, 0.1))
        grown = (1 + rate) ** max(0, day - LIVED + 15)
        found.append(
            tuple(
                HourCost(Whose("acme", model, "USD"), (BEGIN + day) * 24 + hour, pico)
                for model, more in (("a", grown), ("b", 1.0))
                for hour in range(24)
                if (pico := round(more * of_day * chance.choice((0, 3, 4, 5, 60)) * PICO))
            )
        )
    return tuple(found)


def told(rows: tuple[tuple[HourCost, ...], ...], first: int) -> Mapping[Whose, Growing]:
    growths = Growths(max_series=10)
    for day in range(first, LIVED):
        growths.learn((BEGIN + day) * DAY_US, with_tenants(rows[day]))
    return growths.growing()


FEW = settings(max_examples=6)  # each is ten weeks of hours
SEEDS = st.integers(0, 5)
RATES = st.sampled_from((0.0, 0.05, 0.1))


@FEW
@given(SEEDS, RATES, st.integers(0, LIVED - HISTORY))
def test_who_learned_eight_weeks_says_what_one_says_who_lived_longer(
    seed: int, rate: float, first: int
) -> None:
    rows = days(seed, rate)
    assert told(rows, first) == told(rows, LIVED - HISTORY)


@FEW
@given(SEEDS, RATES, st.integers(0, 99))
def test_the_order_of_lines_of_a_day_changes_nothing(seed: int, rate: float, order: int) -> None:
    rows = days(seed, rate)
    chance = Random(order)
    mixed = tuple(tuple(chance.sample(day, len(day))) for day in rows)
    assert told(mixed, 0) == told(rows, 0)


@FEW
@given(SEEDS, st.sampled_from((2, 1024)))
def test_growth_is_the_same_in_whatever_unit_of_money(seed: int, factor: int) -> None:
    """By powers of two, which floats keep exactly."""
    rows = days(seed, 0.1)
    more = tuple(tuple(each._replace(pico=each.pico * factor) for each in day) for day in rows)
    one, other = told(rows, 0), told(more, 0)
    assert one
    assert {whose: each.run for whose, each in one.items()} == {
        whose: each.run for whose, each in other.items()
    }
    for whose, each in one.items():
        assert abs(other[whose].actual - factor * each.actual) <= factor

"""Laws of forecasts: no unit is special, no week is, and intervals lie within each other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.forecast.forecaster import ENOUGH, Forecaster, Outlook
from streams.core.forecast.period import period_end
from streams.core.forecast.shapes import DAY, WEEK
from streams.core.money import PICO
from streams.core.windows import HOUR_US

COSTS = st.lists(
    st.one_of(st.just(0.0), st.floats(0, 100, allow_subnormal=False), st.sampled_from([1.0, 5e4])),
    min_size=ENOUGH,
    max_size=12 * DAY,
)
HOURS = st.integers(1, 40 * DAY)


def seen(costs: list[float], *, begin: int = 0, times: float = 1.0) -> Forecaster:
    made = Forecaster(begin)
    for cost in costs:
        made.learn(cost * times)
    return made


def outlook(of: Forecaster, hours: int, skip: int = 0) -> Outlook:
    found = of.ahead(hours, skip)
    assert found is not None
    return found


@given(costs=COSTS, hours=HOURS, power=st.integers(-20, 20))
def test_another_unit_of_money_is_another_unit_of_forecasts(
    costs: list[float], hours: int, power: int
) -> None:
    """By powers of two, which floats multiply exactly: so nothing hangs on how much one is."""
    one, other = outlook(seen(costs), hours), outlook(seen(costs, times=2.0**power), hours)
    assert other.expected == pytest.approx(one.expected * 2.0**power)
    for mine, theirs in zip(one[1:], other[1:], strict=True):
        assert (mine is None) == (theirs is None)
        assert [*(theirs or ())] == pytest.approx([each * 2.0**power for each in mine or ()])


@given(costs=COSTS, hours=HOURS, begin=st.integers(0, WEEK - 1), weeks=st.integers(1, 3000))
def test_every_week_is_like_another(costs: list[float], hours: int, begin: int, weeks: int) -> None:
    later = seen(costs, begin=begin + weeks * WEEK)
    assert outlook(later, hours) == outlook(seen(costs, begin=begin), hours)


@given(costs=COSTS, hours=HOURS)
def test_a_surer_interval_is_within_a_safer_one_and_holds_what_is_expected(
    costs: list[float], hours: int
) -> None:
    found = outlook(seen(costs), hours)
    assert found.expected >= 0
    if found.by80 and found.by95:
        low, inner_low = found.by95.low, found.by80.low
        assert 0 <= low <= inner_low <= found.expected <= found.by80.high <= found.by95.high


@given(costs=COSTS, hours=HOURS, cut=st.integers(0, 40 * DAY))
def test_a_stretch_is_the_sum_of_its_parts(costs: list[float], hours: int, cut: int) -> None:
    of, first = seen(costs), min(cut, hours - 1)
    parts = [outlook(of, hours - first, first).expected]
    parts += [outlook(of, first).expected] if first else []
    assert sum(parts) == pytest.approx(outlook(of, hours).expected)


@given(costs=COSTS, hours=HOURS, spent=st.integers(-(10**20), 10**20))
def test_what_was_spent_is_in_the_end_to_the_pico(
    costs: list[float], hours: int, spent: int
) -> None:
    of = seen(costs)
    within = 0, (of.hour + hours) * HOUR_US
    none, all_of_it = period_end(of, 0, within), period_end(of, spent, within)
    assert (all_of_it.expected or 0) - (none.expected or 0) == spent
    assert none.expected == round(outlook(of, hours).expected * PICO)
    if all_of_it.by95 and none.by95:
        assert all_of_it.by95.low - none.by95.low == spent

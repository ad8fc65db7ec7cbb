"""Laws of monthly amounts: however a month is cut, and whatever its days, its parts sum to it."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from streams.core.monthly import Month, spread
from streams.core.windows import DAY_US, HOUR_US, MINUTE_US

MONTHS = st.integers(0, 2_000)  # since 1970: with every length, and leap years


@given(
    amount=st.integers(0, 10**20),
    number=MONTHS,
    cuts=st.lists(st.floats(0, 1), max_size=50),
)
def test_the_parts_of_a_month_sum_to_it(amount: int, number: int, cuts: list[float]) -> None:
    month = Month(number)
    length_us = month.to_us - month.from_us
    inner = sorted(month.from_us + int(cut * length_us) for cut in cuts)
    edges = [month.from_us, *inner, month.to_us]
    assert sum(spread(amount, begin, end) for begin, end in pairwise(edges)) == amount


@given(
    amount=st.integers(0, 10**16),
    number=MONTHS,
    window_us=st.sampled_from([n * HOUR_US for n in (1, 2, 3, 4, 6, 8, 12, 24)]),
)
def test_windows_that_divide_a_day_sum_to_the_month(
    amount: int, number: int, window_us: int
) -> None:
    month = Month(number)
    begins = range(month.from_us, month.to_us, window_us)
    assert sum(spread(amount, begin, begin + window_us) for begin in begins) == amount


@given(amount=st.integers(0, 10**16), number=MONTHS, minute=st.integers(0, 31 * 1_440))
def test_no_window_gets_more_than_a_pico_more_than_its_part(
    amount: int, number: int, minute: int
) -> None:
    month = Month(number)
    length_us = month.to_us - month.from_us
    begin_us = month.from_us + minute * MINUTE_US % length_us
    part = spread(amount, begin_us, begin_us + MINUTE_US)
    assert abs(part * length_us - amount * MINUTE_US) < length_us


def test_months_of_28_29_30_and_31_days_are_among_them() -> None:
    days = {(Month(number).to_us - Month(number).from_us) // DAY_US for number in range(48)}
    assert days == {28, 29, 30, 31}

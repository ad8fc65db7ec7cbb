"""When GPUs are worked too little or too much for too long, hour by hour."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.rightsize import WITHIN, Run, Terms, UsedHour, run_of, step
from streams.core.windows import HOUR_US

TERMS = Terms(sustained=3, calm=2)
SEEN = 1000


def hours(*shares: int | None, first: int = 0) -> list[UsedHour]:
    """Return hours of so many thousandths worked, at 1 pico for a unit of time; None: not seen."""
    return [
        UsedHour((first + number) * HOUR_US, 0, 0, 0, 0, 0)
        if share is None
        else UsedHour((first + number) * HOUR_US, SEEN, share, 0, SEEN, SEEN - share)
        for number, share in enumerate(shares)
    ]


@pytest.mark.parametrize(
    ("shares", "side", "is_open"),
    [
        ([299, 0, 100], "low", True),
        ([299, 0], "low", False),  # not long enough
        ([299, 300, 299], "low", False),  # 300 is not under 300
        ([901, 1000, 950], "high", True),
        ([901, 900, 901], "high", False),  # 900 is not over 900
        ([0, 0, 1000], "high", False),  # the one ends the other
        ([0, 0, 0, 399, 399], "low", True),  # 399 is not back
        ([0, 0, 0, 400, 0, 400], "low", True),  # never two in a row
        ([0, 0, 0, 400, 400], None, False),
        ([950, 950, 950, 800, 800], "high", True),  # 800 is not below 800
        ([950, 950, 950, 799, 799], None, False),
        ([0, None, 0, None, 0], "low", True),  # what nobody saw says nothing
        ([0, 0, None, None, None, None, 0], "low", False),  # too long to be one time
        ([0, 0, 0, 950, 950], "high", False),  # well back, and a first hour of the other
        ([None], None, False),
    ],
)
def test_a_signal_is_sustained_and_ends_well_back(
    shares: list[int | None], side: str | None, *, is_open: bool
) -> None:
    run = run_of(hours(*shares), TERMS)
    assert (run.side, run.is_open) == (side, is_open)


def test_a_signal_sums_its_hours_and_their_money() -> None:
    """Three of 100, one within of 350: 650 of 4,000 worked, and the last hour was the busiest."""
    run = run_of(hours(100, 100, 100, 350), TERMS)
    assert run == Run(
        side="low",
        is_open=True,
        since_us=0,
        until_us=4 * HOUR_US,
        hours=4,
        seen_us=4000,
        active_us=650,
        cost=4000,
        unworked=3350,
        busiest_us=350,
    )


SHARES = st.lists(st.one_of(st.none(), st.integers(0, SEEN)), max_size=40)


@given(shares=SHARES)
def test_an_open_signal_has_lasted_and_money_sums(shares: list[int | None]) -> None:
    run = WITHIN
    for hour in hours(*shares):
        before, run = run, step(run, hour, TERMS)
        if run.is_open:
            assert run.side is not None
            assert run.hours >= TERMS.sustained
            assert run.unworked == run.cost - run.active_us
            assert run.busiest_us <= run.active_us <= run.seen_us == run.cost
        if before.is_open and not run.is_open and hour.seen_us:
            back = hour.active_us >= 400 if before.side == "low" else hour.active_us < 800
            assert back or hour.at_us - before.until_us > TERMS.sustained * HOUR_US


@given(shares=SHARES, cut=st.integers(0, 40))
def test_it_makes_no_difference_where_one_looks_in_between(
    shares: list[int | None], cut: int
) -> None:
    told = hours(*shares)
    run = run_of(told[:cut], TERMS)
    for hour in told[cut:]:
        run = step(run, hour, TERMS)
    assert run == run_of(told, TERMS)

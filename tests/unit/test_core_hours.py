"""Prices by the hour of the week, whose microsecond 0 is Thursday 00:00 UTC; so is T0."""

from dataclasses import replace

import pytest

from streams.core.price import Price
from streams.core.timeline import WEEK_US
from streams.core.windows import DAY_US, HOUR_US, MINUTE_US, SECOND_US, window_start
from tests.builders.drawing import Plain, drawn, lines, meter
from tests.builders.terms import book, call_cost, gpu_price, resource_price, rules, token_price
from tests.builders.usage import T0, call, holder, interval, quantity

INPUT = "tokens.input"
USD = 10**12
S = SECOND_US


def daily(begin_us: int, end_us: int) -> tuple[tuple[int, int], ...]:
    """Return a stretch of every day; one that wraps midnight is two."""
    days = range(0, WEEK_US, DAY_US)
    if begin_us < end_us:
        return tuple((day + begin_us, day + end_us) for day in days)
    halves = [
        half for day in days for half in ((day, day + end_us), (day + begin_us, day + DAY_US))
    ]
    return tuple(halves)


def in_hours(price: Price, *hours: tuple[int, int]) -> Price:
    return replace(price, hours=hours)


NIGHT = daily(16 * HOUR_US + 30 * MINUTE_US, 30 * MINUTE_US)  # 16:30 to 00:30
BY_NIGHT = book(token_price(INPUT, "2"), in_hours(token_price(INPUT, "1"), *NIGHT))


@pytest.mark.parametrize("day", [0, 3, 6, 7, 700])
@pytest.mark.parametrize(
    ("hour_us", "expected"),
    [
        (0, 1),  # the night before goes on over midnight, and over the end of the week
        (30 * MINUTE_US - 1, 1),
        (30 * MINUTE_US, 2),
        (12 * HOUR_US, 2),
        (16 * HOUR_US + 30 * MINUTE_US - 1, 2),
        (16 * HOUR_US + 30 * MINUTE_US, 1),
        (DAY_US - 1, 1),
    ],
)
def test_off_peak_hours_that_wrap_midnight_hold_to_the_microsecond(
    day: int, hour_us: int, expected: int
) -> None:
    assert call_cost(BY_NIGHT, INPUT, T0 + day * DAY_US + hour_us) == expected * USD


# From Wednesday 23:50 to Thursday 00:10: over the end of the week.
TURN = ((0, 10 * MINUTE_US), (WEEK_US - 10 * MINUTE_US, WEEK_US))


@pytest.mark.parametrize(
    ("after_us", "expected"),
    [
        (-10 * MINUTE_US - 1, 2),
        (-10 * MINUTE_US, 1),
        (-1, 1),
        (0, 1),
        (10 * MINUTE_US - 1, 1),
        (10 * MINUTE_US, 2),
        (DAY_US, 2),  # midnight of another day
    ],
)
def test_hours_that_wrap_the_week_hold_to_the_microsecond(after_us: int, expected: int) -> None:
    turning = book(token_price(INPUT, "2"), in_hours(token_price(INPUT, "1"), *TURN))
    for turn_us in (T0, T0 + WEEK_US):
        assert call_cost(turning, INPUT, turn_us + after_us) == expected * USD


def test_outside_its_hours_a_price_alone_is_none() -> None:
    only_then = book(in_hours(token_price(INPUT, "1"), (HOUR_US, 2 * HOUR_US)))
    seen = [call_cost(only_then, INPUT, T0 + at) for at in (HOUR_US - 1, HOUR_US, 2 * HOUR_US)]
    assert seen == [None, USD, None]


def test_hours_hold_between_the_dates_of_their_price() -> None:
    first = in_hours(token_price(INPUT, "1", to_us=T0 + DAY_US), (0, HOUR_US), (DAY_US, DAY_US + 1))
    prices = book(token_price(INPUT, "2"), first)
    assert call_cost(prices, INPUT, T0 + HOUR_US - 1) == USD
    assert call_cost(prices, INPUT, T0 + DAY_US) == 2 * USD  # in its hours, after its date
    timeline = prices.call_rates("openai", "gpt-4o", None, None)
    assert timeline.edges(T0 + DAY_US, T0 + 3 * WEEK_US) == []


def test_special_hours_leave_other_meters_alone() -> None:
    prices = book(
        token_price(INPUT, "2"),
        token_price("tokens.output", "8"),
        in_hours(token_price(INPUT, "1"), (0, HOUR_US)),
    )
    assert call_cost(prices, "tokens.output", T0) == 8 * USD


def test_a_piece_ends_where_hours_dates_and_weeks_do() -> None:
    timeline = BY_NIGHT.call_rates("openai", "gpt-4o", None, None)
    begin, end, _ = timeline.piece(T0 + HOUR_US)
    assert (begin, end) == (T0 + 30 * MINUTE_US, T0 + 16 * HOUR_US + 30 * MINUTE_US)
    edges = timeline.edges(T0 + 20 * HOUR_US, T0 + 26 * HOUR_US)
    assert {T0 + DAY_US + 30 * MINUTE_US} <= set(edges) <= {
        T0 + DAY_US, T0 + DAY_US + 30 * MINUTE_US,
    }  # fmt: skip


# What has a length is cut at the edge, to the microsecond.
HALF_MINUTE = ((30 * S, HOUR_US),)


def test_calls_on_both_sides_of_an_edge_inside_a_window_share_a_line() -> None:
    """1,000 x 2 / 1M until the edge, 1,000 x 1 / 1M from it on."""
    prices = book(token_price(INPUT, "2"), in_hours(token_price(INPUT, "1"), *HALF_MINUTE))
    events = [call(at_us=T0 + 30 * S + at, output_tokens=0) for at in (-1, 0)]
    assert drawn(rules(prices), *events) == [Plain("acme", INPUT, INPUT, "2000", "0.003", 2)]


def test_gpu_time_is_cut_at_an_hour_s_edge() -> None:
    """A minute of one GPU: 30 s at 3.60 an hour, 30 s at 1.80: 0.03 + 0.015."""
    prices = book(gpu_price("3.60"), in_hours(gpu_price("1.80"), *HALF_MINUTE))
    event = interval(holder(60 * S, tenant="acme"), end_us=T0 + 60 * S)
    used = [row for row in drawn(rules(prices), event) if row.kind == "used"]
    assert used == [Plain("acme", "used", "gpu.active", "60000000", "0.045", 0)]


@pytest.mark.parametrize(
    ("begin_us", "expected"), [(29 * S, "0.001"), (30 * S - 1, "0.0005000005"), (30 * S, "0.0005")]
)
def test_a_second_of_gpu_time_at_an_edge_is_priced_by_microseconds(
    begin_us: int, expected: str
) -> None:
    """0.001 a second before, half of it from 30 s on: a microsecond more is 0.0000000005 more."""
    prices = book(gpu_price("3.60"), in_hours(gpu_price("1.80"), *HALF_MINUTE))
    event = interval(holder(S, tenant="acme"), start_us=T0 + begin_us, end_us=T0 + begin_us + S)
    (used,) = [row for row in drawn(rules(prices), event) if row.kind == "used"]
    assert used.cost == expected


def test_stored_gigabytes_are_cut_at_every_edge_they_lie_over() -> None:
    """Two hours, 2 GB-h: 90 minutes at 0.06 and, from 01:00 to 01:30, 30 minutes at 0.02."""
    cheap = in_hours(resource_price("0.02"), (HOUR_US, HOUR_US + 30 * MINUTE_US))
    event = quantity("2", end_us=T0 + 2 * HOUR_US)
    ruled = rules(book(resource_price("0.06"), cheap))
    found = lines(meter(ruled, event, now_us=T0 + 2 * HOUR_US).partials)
    by_window = {
        line["window_start_us"]: int.from_bytes(line["cost"] or b"", "big") for line in found
    }
    # a minute is 1/60 GB-h: 0.001 at 0.06, 0.000333333333 at 0.02
    assert by_window[window_start(T0, MINUTE_US)] == 10**9
    assert by_window[T0 + HOUR_US - MINUTE_US] == 10**9
    assert by_window[T0 + HOUR_US] == 333_333_333
    assert by_window[T0 + HOUR_US + 30 * MINUTE_US] == 10**9
    assert sum(by_window.values()) == 90 * 10**9 + 30 * 333_333_333

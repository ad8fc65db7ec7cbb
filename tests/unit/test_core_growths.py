"""Series of growth: which are kept, and what their days and their parts cost."""

import pytest

from streams.core.growths import (
    FORGET_US,
    Followed,
    Growths,
    HourCost,
    PartCost,
    PartDay,
    Whose,
    part_costs,
    with_tenants,
)
from streams.core.money import PICO
from streams.core.windows import DAY_US, HOUR_US

ACME = Whose("acme", "", "USD")
GPT = Whose("acme", "gpt", "USD")
HOURS = DAY_US // HOUR_US
DAY = 20_006
WEEK = (3, 3, 3, 3, 3, 1, 1)


def hours_of(day: int, pico: int) -> dict[int, int]:
    """Return the hours of a day that cost the same."""
    return {day * HOURS + number: pico for number in range(HOURS)}


def test_a_tenant_is_the_sum_of_its_models_and_of_what_has_none() -> None:
    rows = [HourCost(GPT, 5, 1), HourCost(ACME, 5, 10), HourCost(GPT._replace(model="b"), 5, 100)]
    found = with_tenants(rows)
    assert found[ACME] == {5: 111}
    assert found[GPT] == {5: 1}
    assert len(found) == 3


def test_money_of_days_is_exact_and_beside_what_was_usual() -> None:
    """Two dollars an hour for weeks, then three: each day cost 24 more."""
    followed = Followed()
    for day in range(DAY, DAY + 42):
        followed.learn(day * DAY_US, hours_of(day, 2 * PICO if day < DAY + 35 else 3 * PICO + 1))
    growing = followed.growing
    assert growing is not None
    assert growing.run.is_growth
    assert (growing.actual, growing.expected) == (3 * PICO + 1, 2 * PICO)
    assert growing.grown == pytest.approx(PICO)
    assert followed.excess((DAY + 40) * DAY_US) == 2 * 24 * (PICO + 1)
    assert followed.excess(0) == 7 * 24 * (PICO + 1)
    assert growing.run.since_us == (DAY + 35) * DAY_US


def test_what_costs_nothing_for_weeks_is_forgotten_and_begins_anew() -> None:
    growths = Growths(max_series=10)
    growths.learn(DAY * DAY_US, {ACME: hours_of(DAY, PICO)})
    silent = FORGET_US // DAY_US
    for day in range(DAY + 1, DAY + silent):
        growths.learn(day * DAY_US, {})
    assert len(growths) == 1
    growths.learn((DAY + silent) * DAY_US, {})
    growths.learn((DAY + silent + 1) * DAY_US, {})
    assert len(growths) == 0
    assert growths.until_us == (DAY + silent + 2) * DAY_US


def test_series_without_room_are_counted_and_those_known_stay() -> None:
    growths = Growths(max_series=1)
    growths.learn(DAY * DAY_US, {GPT: hours_of(DAY, PICO)})
    both = {ACME: hours_of(DAY + 1, PICO), GPT: hours_of(DAY + 1, PICO)}
    growths.learn((DAY + 1) * DAY_US, both)
    assert (len(growths), growths.without_room) == (1, 1)


def test_a_part_is_compared_with_its_days_of_the_weeks_before() -> None:
    """Three weeks before had a cost: 30 / 3 of the search, none of what is new."""
    rows = [
        PartDay("gpt", "search", "api", DAY, 50),
        PartDay("gpt", "new", "api", DAY, 20),
        *(PartDay("gpt", "search", "api", DAY - 7 * week, 10) for week in (1, 2)),
        PartDay("gpt", "search", "api", DAY - 28, 10),
    ]
    assert part_costs(rows, ("project", "model"), DAY * DAY_US) == [
        PartCost("project", "search", 50, 10),
        PartCost("model", "gpt", 70, 10),
        PartCost("project", "new", 20, 0),
    ]
    assert part_costs([], ("project",), DAY * DAY_US) == []

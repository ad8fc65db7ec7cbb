"""From lines to the values of series: which lines count, when a stretch is judged, whose it is."""

import pytest

from streams.core.series.buckets import Buckets, Pace, Slice
from streams.core.series.cells import NONE, amounts_of, cell_of
from streams.core.series.keys import SeriesKey, series_of
from streams.core.series.parts import Mix, Part, parts_of
from streams.core.series.points import points_of
from streams.core.windows import HOUR_US, MINUTE_US, SECOND_US
from tests.builders.series import minute_line
from tests.builders.usage import T0

USD = 10**12
PACE = Pace(settle_us=30 * SECOND_US)
TENANT = SeriesKey("tenant", "acme", "", "", "USD")


def whole(of: Slice) -> int:
    return sum(each.cost for each in of.sums.values())


def ready(buckets: Buckets, now_us: int) -> list[tuple[int, int, bool]]:
    """Which minutes are judged, at what cost, and whether for good."""
    return [
        ((each.start_us - T0) // MINUTE_US, whole(each), each.is_final)
        for each in buckets.ready(now_us)
    ]


def test_a_minute_is_judged_when_it_has_settled_and_again_when_it_is_final() -> None:
    buckets = Buckets(PACE)
    buckets.take(minute_line(0, "1", status="provisional"), 0)
    assert ready(buckets, HOUR_US) == []  # nothing later has begun, so more may come
    buckets.take(minute_line(1, "5", status="provisional"), HOUR_US)
    assert ready(buckets, HOUR_US) == [(0, USD, False)]
    assert ready(buckets, 2 * HOUR_US) == []  # once
    buckets.take(minute_line(0, "2", revision=2, status="final"), 2 * HOUR_US)
    assert ready(buckets, 2 * HOUR_US) == []  # it changed just now
    assert ready(buckets, 2 * HOUR_US + 30 * SECOND_US) == [(0, 2 * USD, True)]


def test_what_never_rests_is_judged_after_four_times_as_long() -> None:
    buckets = Buckets(PACE)
    buckets.take(minute_line(0, "1", status="provisional"), 0)
    buckets.take(minute_line(1, "1", status="provisional"), 0)
    for second in range(1, 120):
        again = minute_line(0, "1", revision=1 + second, status="provisional")
        buckets.take(again, second * SECOND_US)
        assert ready(buckets, second * SECOND_US) == []
    assert ready(buckets, 120 * SECOND_US) == [(0, USD, False)]


def test_minutes_are_final_in_order_and_one_that_never_is_holds_them_up_an_hour() -> None:
    buckets = Buckets(PACE)
    buckets.take(minute_line(0, "1", status="provisional"), 0)
    buckets.take(minute_line(1, "1", status="final"), 0)
    buckets.take(minute_line(2, "1", status="final"), 0)
    now_us = 40 * SECOND_US
    assert ready(buckets, now_us) == [(0, USD, False), (1, USD, False)]
    buckets.take(minute_line(61, "1", status="final"), now_us)
    found = ready(buckets, 2 * now_us)
    assert found == [(1, USD, True), (2, USD, True)]  # what minute 0 cost is not known
    assert buckets.lines == 1  # of minute 61


def test_of_a_line_the_highest_revision_counts_and_final_before_provisional() -> None:
    """3 of revision 2, then 4 of the same as final; 9 of revision 1 comes too late."""
    buckets = Buckets(PACE)
    for cost, revision, status in (("3", 2, "provisional"), ("4", 2, "final"), ("9", 1, "final")):
        buckets.take(minute_line(0, cost, revision=revision, status=status), 0)
    buckets.take(minute_line(1, "1"), 0)
    assert ready(buckets, HOUR_US) == [(0, 4 * USD, True)]


def test_lines_after_a_minute_was_final_and_corrections_change_nothing() -> None:
    buckets = Buckets(PACE)
    buckets.take(minute_line(0, "1", status="final"), 0)
    buckets.take(minute_line(1, "1", status="provisional"), 0)
    assert ready(buckets, HOUR_US)
    buckets.take(minute_line(0, "7", revision=9, status="final"), HOUR_US)
    buckets.take(minute_line(1, "7", generation=1, status="corrected", lines=1), HOUR_US)
    assert (buckets.late, buckets.lines) == (1, 1)


def sliced(*lines: dict[str, object]) -> Slice:
    """Return one final minute of some lines."""
    buckets = Buckets(PACE)
    for thing, changes in enumerate(lines):
        cost = changes.get("cost", "1")
        assert cost is None or isinstance(cost, str)
        rest = {"status": "final", "thing": thing} | {**changes}
        rest.pop("cost", None)
        buckets.take(minute_line(0, cost, **rest), 0)
    buckets.take(minute_line(1, "1"), 0)
    [found] = [each for each in buckets.ready(HOUR_US) if each.is_final]
    return found


GPU = {
    "pool": "h100", "meter": "gpu.active", "kind": "used", "provider": None, "model": None,
    "unit": "GPU-Microseconds",
}  # fmt: skip


def test_a_minute_is_a_value_of_every_series_that_it_is_part_of() -> None:
    """1 USD in a minute is 60 an hour; 10,000 tokens for 1 USD; 3 of 4 USD of a pool are idle."""
    of = sliced(
        {},
        {**GPU, "cost": "1"},
        {**GPU, "cost": "1", "kind": "held_idle", "meter": "gpu.held_idle"},
        {**GPU, "cost": "2", "kind": "idle_share", "meter": "gpu.idle", "tenant": "__idle__"},
    )
    found = points_of(of)
    values = {(key.subject, key.tenant, key.model, key.pool): each for key, each in found.items()}
    assert {key: (each.value, each.pico) for key, each in values.items()} == {
        ("tenant", "acme", "", ""): (180.0, 3 * USD),
        ("model", "acme", "gpt-4o", ""): (60.0, USD),
        ("unit", "acme", "gpt-4o", ""): (0.1, USD),
        ("idle", "", "", "h100"): (0.75, 3 * USD),
    }
    assert values["idle", "", "", "h100"].scale == 240.0  # the pool costs 4 USD a minute
    assert values["unit", "acme", "gpt-4o", ""].scale == 600.0  # thousands of tokens an hour


def test_what_has_no_price_is_in_no_series_and_settlements_of_a_month_neither() -> None:
    assert amounts_of(minute_line(0, None)) == NONE
    assert cell_of(minute_line(0, "1", pool="charge:month")) is None


@pytest.mark.parametrize(
    "key",
    [
        TENANT,
        SeriesKey("model", "a:b/c%3A", "meta/llama:free", "", "USD"),
        SeriesKey("idle", "", "", "pool:1", "EUR"),
    ],
)
def test_a_name_is_of_one_series(key: SeriesKey) -> None:
    assert series_of(key.name) == key
    assert "/" not in key.name


@pytest.mark.parametrize("name", ["", "tenant", "tenant:a:b:c:d:e", "job:acme:x::USD"])
def test_other_names_are_of_no_series(name: str) -> None:
    assert series_of(name) is None


def test_parts_of_an_extra_cost_sum_to_it() -> None:
    """Usually 1 and 3 USD, so 8 are expected as 2 and 6. Of 10 and 4, then, 8 and -2 are extra."""
    mix = Mix()
    a, b = Part("model", "a"), Part("model", "b")
    for _ in range(5):
        mix.learn({a: USD, b: 3 * USD})
    found = mix.contributions({a: 10 * USD, b: 4 * USD}, 8 * USD)
    assert [(each.part, each.excess, each.share) for each in found] == [(a, 8 * USD, 8 / 6)]


def test_what_is_new_is_all_of_an_extra_cost_where_nothing_was_usual() -> None:
    fresh = Part("model", "new")
    [only] = Mix().contributions({fresh: 5 * USD, Part("project", ""): 5 * USD}, 0)
    assert (only.part, only.excess, only.share) == (fresh, 5 * USD, 1.0)


def test_parts_are_by_every_dimension_a_series_has() -> None:
    of = sliced({"project": "search"}, {"cost": "2", "model": "gpt-5"})
    assert parts_of(of.sums)[TENANT] == {
        Part("model", "gpt-4o"): USD,
        Part("model", "gpt-5"): 2 * USD,
        Part("project", "search"): USD,
        Part("project", ""): 2 * USD,
        Part("pool", "api:openai"): 3 * USD,
    }

"""Metering GPU intervals: every microsecond of a balanced interval is kept, none is made."""

from collections import Counter

import pytest

from schemas.decimals import from_bytes
from schemas.records import GpuInterval, Partial
from streams.core.windows import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from tests.builders.drawing import lines, meter, plain, total
from tests.builders.terms import MAX_SKEW_US, book, catalog, gpu_price, rules
from tests.builders.usage import NOW, T0, holder, interval

RULES = rules(book(gpu_price("3.60")))  # a pico-dollar thousand a microsecond: easy to see
TEN_S = 10 * SECOND_US
COST_OF_TEN_S = 10**10  # 3.60 an hour is 0.01 in 10 s


def times(partials: list[Partial]) -> Counter[str]:
    """Sum GPU-microseconds by meter, over all windows."""
    found: Counter[str] = Counter()
    for partial in partials:
        for each in partial["sums"]:
            for one in each["meters"]:
                found[one["name"]] += from_bytes(one["quantity"])
    return found


def window_times(partials: list[Partial]) -> dict[int, int]:
    """Sum GPU-microseconds by window start."""
    return {each["window_start_us"]: times([each]).total() for each in partials}


def test_an_interval_is_metered_part_by_part() -> None:
    parts = interval(
        holder(4 * SECOND_US, 3 * SECOND_US, tenant="acme"),
        holder(1 * SECOND_US, tenant="globex"),
        stranded_us=2 * SECOND_US,
        out_of_service_us=1 * SECOND_US,
        unobserved_us=1 * SECOND_US,
    )
    metered = meter(RULES, parts)
    assert times(metered.partials) == {
        "gpu.active": 4 * SECOND_US,
        "gpu.held_idle": 1 * SECOND_US,
        "gpu.unallocated": 1 * SECOND_US,
        "gpu.stranded": 2 * SECOND_US,
        "gpu.out_of_service": 1 * SECOND_US,
        "gpu.unobserved": 1 * SECOND_US,
    }
    assert (metered.events, metered.newest_us) == (1, T0 + TEN_S)
    assert metered.partials[0]["pool"] == "h100"


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (interval(unallocated_us=TEN_S - 1), "unbalanced"),
        (interval(unallocated_us=TEN_S + 1), "unbalanced"),
        (interval(holder(TEN_S), unallocated_us=1), "unbalanced"),
        (interval(holder(TEN_S, TEN_S + 1)), "active_exceeds_held"),
        (interval(holder(TEN_S, -1)), "active_exceeds_held"),
        (interval(holder(-1, -1), unallocated_us=TEN_S + 1), "negative_quantity"),
        (interval(unallocated_us=-1, stranded_us=TEN_S + 1), "negative_quantity"),
        (interval(stranded_us=-1), "negative_quantity"),
        (interval(out_of_service_us=-1), "negative_quantity"),
        (interval(unobserved_us=-1), "negative_quantity"),
        (interval(unobserved_us=1, unallocated_us=TEN_S), "unbalanced"),
        (interval(holder(TEN_S, 7, no_context_us=TEN_S - 6)), "no_context_exceeds_idle"),
        (interval(holder(TEN_S, 7, no_context_us=-1)), "no_context_exceeds_idle"),
        (interval(end_us=T0), "end_before_start"),
        (interval(end_us=T0 - 1), "end_before_start"),
        (interval(start_us=0, end_us=TEN_S), "end_before_start"),
        (interval(start_us=-1, end_us=TEN_S), "end_before_start"),
        (interval(start_us=T0 - DAY_US - 1, end_us=T0), "interval_too_long"),
        (interval(end_us=NOW + MAX_SKEW_US + 1), "future_time"),
        (interval(start_us=NOW + DAY_US, end_us=NOW + DAY_US + 1), "future_time"),
    ],
)
def test_an_interval_that_cannot_be_counted_is_rejected_and_the_rest_is_counted(
    bad: GpuInterval, reason: str
) -> None:
    metered = meter(RULES, interval(), bad, interval(device="GPU-1"))
    assert [(each.index, each.reason) for each in metered.rejected] == [(1, reason)]
    assert metered.rejected[0].detail.startswith("expected ")
    assert (metered.events, metered.newest_us) == (2, T0 + TEN_S)
    assert times(metered.partials) == {"gpu.unallocated": 2 * TEN_S}
    assert metered.partials[0]["capacity_events"] == 2


def test_idle_time_without_a_process_is_idle_time_like_any_other() -> None:
    told = meter(RULES, interval(holder(TEN_S, 7, tenant="acme", no_context_us=TEN_S - 7)))
    assert told.rejected == []
    assert told.partials == meter(RULES, interval(holder(TEN_S, 7, tenant="acme"))).partials


def test_a_producer_that_does_not_know_of_unobserved_time_has_none() -> None:
    known, unknown = (meter(RULES, interval(unobserved_us=of)) for of in (0, None))
    assert known.partials == unknown.partials


def test_the_longest_interval_that_is_counted_is_a_day() -> None:
    metered = meter(RULES, interval(start_us=T0 - DAY_US, end_us=T0))
    assert metered.rejected == []
    assert len(metered.partials) == 24 * 60
    assert times(metered.partials).total() == DAY_US


def test_an_interval_over_windows_gives_each_the_time_it_covers() -> None:
    start, end = T0 + 50 * SECOND_US, T0 + 130 * SECOND_US
    third = 80 * SECOND_US // 3  # does not divide evenly
    metered = meter(RULES, interval(holder(third, 7, tenant="acme"), start_us=start, end_us=end))
    assert window_times(metered.partials) == {
        T0: 10 * SECOND_US,
        T0 + MINUTE_US: 60 * SECOND_US,
        T0 + 2 * MINUTE_US: 10 * SECOND_US,
    }
    assert times(metered.partials) == {
        "gpu.active": 7,
        "gpu.held_idle": third - 7,
        "gpu.unallocated": 80 * SECOND_US - third,
    }


def test_an_interval_is_one_event_of_the_window_it_begins_in() -> None:
    metered = meter(RULES, interval(start_us=T0 + 55 * SECOND_US, end_us=T0 + 65 * SECOND_US))
    events = {each["window_start_us"]: each["capacity_events"] for each in metered.partials}
    assert events == {T0: 1, T0 + MINUTE_US: 0}
    assert sum(line["events"] for line in lines(metered.partials)) == 1


def test_each_side_of_a_price_change_is_paid_at_its_price() -> None:
    change = T0 + 4 * SECOND_US
    changing = rules(book(gpu_price("3.60", to_us=change), gpu_price("7.20", from_us=change)))
    metered = meter(changing, interval(holder(TEN_S, tenant="acme")))
    # 4 s at 0.001 a second, 6 s at 0.002: 0.016
    assert total(lines(metered.partials)) == 16 * 10**9
    assert times(metered.partials) == {"gpu.active": TEN_S}


def test_time_after_the_last_price_is_kept_without_a_cost() -> None:
    end = T0 + 4 * SECOND_US
    metered = meter(
        rules(book(gpu_price("3.60", to_us=end))), interval(holder(TEN_S, tenant="acme"))
    )
    rows = [
        (row.tenant, row.kind, row.quantity, row.cost) for row in plain(lines(metered.partials))
    ]
    assert rows == [
        ("__idle__", "idle_share", "0", "0"),
        ("acme", "idle_share", "0", "0"),
        ("acme", "unpriced", "6000000", None),
        ("acme", "used", "4000000", "0.004"),
    ]


def test_a_gpu_of_unknown_model_is_unpriced_and_the_rest_of_its_batch_is_paid() -> None:
    metered = meter(RULES, interval(), interval(gpu_model="GeForce 256"))
    assert metered.events == 2
    rows = [(row.kind, row.quantity, row.cost) for row in plain(lines(metered.partials))]
    assert rows == [
        ("idle_share", "10000000", "0.01"),
        ("unpriced", "10000000", None),
    ]


def test_a_node_of_no_pool_is_metered_where_nobody_is_mapped() -> None:
    metered = meter(RULES, interval(), interval(node="laptop"))
    assert {each["pool"] for each in metered.partials} == {"h100", "__unmapped__"}
    assert total(lines(metered.partials)) == 2 * COST_OF_TEN_S


def test_an_unknown_tenant_s_time_is_paid_for_by_nobody_s_row() -> None:
    known = rules(book(gpu_price("3.60")), catalog(tenants=["acme"]))
    metered = meter(known, interval(holder(TEN_S, tenant="stranger")))
    used = [row for row in plain(lines(metered.partials)) if row.kind == "used"]
    assert [(row.tenant, row.cost) for row in used] == [("__unattributed__", "0.01")]


def test_an_interval_of_an_hour_costs_the_hourly_price_in_all() -> None:
    metered = meter(RULES, interval(holder(HOUR_US, tenant="acme"), end_us=T0 + HOUR_US))
    assert len(metered.partials) == 60
    assert total(lines(metered.partials)) == 3_600_000_000_000

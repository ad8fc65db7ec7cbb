"""Metering other resources: a quantity is spread over its stretch of time, and sums to itself."""

import pytest

from schemas.codec import Codec
from schemas.decimals import from_bytes, to_bytes
from schemas.records import Partial, ResourceUsage
from streams.core.metering import meter_batch
from streams.core.resource import QUANTITY_LIMIT
from streams.core.windows import DAY_US, HOUR_US, MINUTE_US
from tests.builders.drawing import Plain, drawn, lines, meter, plain, total
from tests.builders.terms import MAX_SKEW_US, book, resource_price, rules
from tests.builders.usage import NOW, T0, batch, quantity

RULES = rules(book(resource_price("0.06")))


def units(partials: list[Partial]) -> list[int]:
    """Return the quantity of each window, in 1e-12 units."""
    return [
        from_bytes(one["quantity"])
        for each in partials
        for s in each["sums"]
        for one in s["meters"]
    ]


def test_a_quantity_at_an_instant_goes_to_one_window() -> None:
    assert drawn(RULES, quantity("2.5", end_us=T0)) == [
        Plain("acme", "resource.storage", "resource.storage", "2.5", "0.15", 1)
    ]


def test_a_quantity_over_an_hour_is_spread_evenly_over_its_minutes() -> None:
    metered = meter(RULES, quantity("60"))
    assert units(metered.partials) == [10**12] * 60
    assert {each["pool"] for each in metered.partials} == {"resource:storage"}
    assert total(lines(metered.partials)) == 3_600_000_000_000  # 60 x 0.06
    assert sum(line["events"] for line in lines(metered.partials)) == 1
    assert metered.newest_us == T0 + HOUR_US


def test_a_day_that_does_not_divide_sums_exactly() -> None:
    start = T0 - DAY_US + 17  # begins and ends inside a window
    event = quantity("1000.000000000001", start_us=start, end_us=start + DAY_US)
    metered = meter(RULES, event)
    assert len(metered.partials) == 24 * 60 + 1
    assert sum(units(metered.partials)) == 1000 * 10**12 + 1
    assert max(units(metered.partials)[1:-1]) - min(units(metered.partials)[1:-1]) <= 1


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (quantity("-0.000000000001"), "negative_quantity"),
        (quantity("1000000000000000"), "quantity_too_large"),
        (quantity("1", end_us=T0 - 1), "end_before_start"),
        (quantity("1", start_us=0, end_us=1), "end_before_start"),
        (quantity("1", start_us=-1, end_us=1), "end_before_start"),
        (quantity("1", end_us=NOW + MAX_SKEW_US + 1), "future_time"),
        (quantity("1", start_us=T0 - DAY_US - 1, end_us=T0), "interval_too_long"),
    ],
)
def test_a_quantity_that_cannot_be_counted_is_rejected_and_the_rest_is_counted(
    bad: ResourceUsage, reason: str
) -> None:
    good = quantity("1", end_us=T0)
    metered = meter(RULES, good, bad, good)
    assert [(each.index, each.reason) for each in metered.rejected] == [(1, reason)]
    assert metered.rejected[0].detail.startswith("expected ")
    assert metered.events == 2
    assert plain(lines(metered.partials)) == [
        Plain("acme", "resource.storage", "resource.storage", "2", "0.12", 2)
    ]


@pytest.mark.parametrize("other", [{"sku": "glacier"}, {"kind": "egress"}])
def test_a_resource_without_a_price_is_unpriced_and_the_rest_is_paid(other: dict[str, str]) -> None:
    metered = meter(RULES, quantity("1", end_us=T0), quantity("3", end_us=T0, **other))
    assert metered.events == 2
    kind = f"resource.{other.get('kind', 'storage')}"
    assert plain(lines(metered.partials)) == [
        Plain("acme", "resource.storage", "resource.storage", "1", "0.06", 1),
        Plain("acme", "unpriced", kind, "3", None, 1),
    ]


def test_a_quantity_in_another_unit_than_the_price_s_is_unpriced() -> None:
    one, other = quantity("1", end_us=T0), quantity("3", end_us=T0, unit="TB-Hours")
    assert drawn(RULES, one, other) == [
        # both are usage of one sku by one tenant: the events ride on the first of its lines
        Plain("acme", "resource.storage", "resource.storage", "1", "0.06", 2),
        Plain("acme", "unpriced", "resource.storage", "3", None, 0),
    ]


def test_each_side_of_a_price_change_inside_a_window_is_paid_at_its_price() -> None:
    change = T0 + MINUTE_US // 4
    changing = rules(book(resource_price("1", to_us=change), resource_price("2", from_us=change)))
    # a quarter of 4 at 1, three quarters at 2: 7
    assert drawn(changing, quantity("4", end_us=T0 + MINUTE_US)) == [
        Plain("acme", "resource.storage", "resource.storage", "4", "7", 1)
    ]


def test_a_stretch_before_the_first_price_is_unpriced_for_that_part_only() -> None:
    begin = T0 + MINUTE_US // 4
    starting = rules(book(resource_price("2", from_us=begin)))
    assert drawn(starting, quantity("4", end_us=T0 + MINUTE_US)) == [
        Plain("acme", "resource.storage", "resource.storage", "3", "6", 0),
        Plain("acme", "unpriced", "resource.storage", "1", None, 1),
    ]


def test_a_quantity_of_zero_is_an_event_that_costs_nothing() -> None:
    assert drawn(RULES, quantity("0", end_us=T0)) == [
        Plain("acme", "resource.storage", "resource.storage", "0", "0", 1)
    ]


def test_the_greatest_quantity_is_spread_and_priced_exactly() -> None:
    most = QUANTITY_LIMIT - 1
    event = quantity("0")
    event["quantity"] = to_bytes(most)
    assert sum(units(meter(RULES, event).partials)) == most


def test_quantities_are_metered_as_the_codec_decodes_them() -> None:
    codec = Codec()
    sent = batch(quantity("2.5", end_us=T0))
    name, received = codec.decode(codec.encode("ResourceUsageBatch", sent))
    metered = meter_batch(name, received, "origin", RULES, NOW)
    assert units(metered.partials) == [2_500_000_000_000]

"""The worked examples of AWS split cost allocation data, from our arithmetic.

An instance's hour is split over its resources by 9 : 1, CPU to memory, or 9 : 0.9 : 0.1, GPU to CPU
to memory; each pod pays for the greater of what it reserved and used. Numbers and rules: AWS Data
Exports user guide, example-split-cost-allocation-data and example-accelerated-instances.
"""

from decimal import Decimal
from fractions import Fraction

import pytest

from streams.core.money import PICO, split
from streams.core.windows import HOUR_US
from tests.builders.drawing import drawn
from tests.builders.gpu_hours import unheld, worked
from tests.builders.terms import book, catalog, gpu_price, reserved, rules

DOLLAR = PICO


@pytest.mark.parametrize(
    ("dollars", "resources", "per_unit"),
    [
        # m5.xlarge at 1.00: 4 vCPU x 9 + 16 GB x 1 = 52; 9/52 = 0.17, 1/52 = 0.02
        (1, [(4, 90), (16, 10)], ["0.173077", "0.019231"]),
        # p3.16xlarge at 10.00: 8 GPU x 9 + 64 vCPU x 0.9 + 488 GB x 0.1 = 178.4; 10 / 178.4 = 0.056
        (10, [(8, 90), (64, 9), (488, 1)], ["0.504484", "0.050448", "0.005605"]),
    ],
)
def test_unit_costs_are_those_of_the_examples_and_sum_to_the_instance(
    dollars: int, resources: list[tuple[int, int]], per_unit: list[str]
) -> None:
    """Each resource's part is exact; per unit, rounded here to six decimals."""
    parts = split(dollars * DOLLAR, [count * weight for count, weight in resources])
    assert sum(parts) == dollars * DOLLAR
    units = [Fraction(part, count) for part, (count, _) in zip(parts, resources, strict=True)]
    assert [f"{float(unit / PICO):.6f}" for unit in units] == per_unit


@pytest.mark.parametrize(
    ("used", "expected"),
    [
        ("0.5", "1"),  # less than it reserved: it pays for that
        ("1", "1"),
        ("1.75", "1.75"),  # more: for what it used
    ],
)
def test_a_pod_pays_for_the_greater_of_what_it_reserved_and_used(used: str, expected: str) -> None:
    """At 1.00 an hour, of four, of which one is reserved. Unused capacity is a row of its own."""
    names = catalog(share="separate", reservations=reserved(pod=1000))
    spare = str(4 - Decimal(used))
    found = drawn(
        rules(book(gpu_price("1")), names, HOUR_US),
        *worked(used, tenant="pod"),
        *unheld(spare),
    )
    costs = {"pod": Fraction(0), "__idle__": Fraction(0)}
    for row in found:
        costs[row.tenant] += Fraction(row.cost or 0)
    assert costs == {"pod": Fraction(expected), "__idle__": 4 - Fraction(expected)}


def test_unused_cost_goes_by_what_each_was_allocated() -> None:
    """Two pods, allocated 3 and 1 of 8: of the 4 unused they pay 3 and 1."""
    names = catalog(share="reservation", reservations=reserved(big=3000, small=1000))
    found = drawn(
        rules(book(gpu_price("1")), names, HOUR_US),
        *worked("2", tenant="big"),
        *worked("1", tenant="small"),
        *unheld("5"),
    )
    unused = {row.tenant: row.cost for row in found if row.kind == "idle_share"}
    assert unused == {"__idle__": "0", "big": "3", "small": "1"}

"""Pools that report more time than they have; at 2.00 USD a GPU-hour, in an hour."""

from streams.core.windows import HOUR_US
from tests.builders.drawing import Plain, drawn
from tests.builders.gpu_hours import unheld, unobserved, worked
from tests.builders.terms import book, catalog, gpu_price, rules
from tests.builders.usage import Event


def rows(milli_gpus: int | None, *events: Event) -> list[Plain]:
    names = catalog(milli_gpus=milli_gpus, platform_account="ops")
    found = drawn(rules(book(gpu_price("2")), names, HOUR_US), *events)
    return [row for row in found if row.kind == "adjustment"]


def test_what_two_agents_report_of_one_gpu_is_taken_back_once() -> None:
    """One GPU, reported twice: 2 hours at 2.00 on lines, one hour of them taken back."""
    twice = [*worked("1", tenant="acme"), *worked("1", tenant="acme")]
    assert rows(1000, *twice) == [
        Plain("ops", "adjustment", "gpu.over_use", str(-HOUR_US), "-2", 0)
    ]


def test_a_pool_that_reports_what_it_has_or_less_has_a_row_of_nothing() -> None:
    """So that the row is there before there is anything to take back."""
    nothing = [Plain("ops", "adjustment", "gpu.over_use", "0", "0", 0)]
    assert rows(2000, *worked("1", tenant="acme"), *unheld("1")) == nothing
    assert rows(2000, *worked("1", tenant="acme")) == nothing


def test_a_gpu_that_nobody_looked_at_was_there() -> None:
    """Two agents, of which one was down: 2 hours of one GPU, one of them taken back."""
    found = rows(1000, *worked("1", tenant="acme"), *unobserved("1"))
    assert found == [Plain("ops", "adjustment", "gpu.over_use", str(-HOUR_US), "-2", 0)]


def test_a_pool_of_unknown_size_has_as_many_gpus_as_report() -> None:
    assert rows(None, *worked("3", tenant="acme")) == []

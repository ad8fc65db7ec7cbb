"""Months of the calendar, in UTC."""

import pytest

from streams.core.windows import DAY_US
from streams.replay.month import Month
from tests.builders.usage import T0


def test_a_month_goes_from_its_begin_to_the_next_one_s() -> None:
    january = Month.parse("2026-01").span
    assert (january.since_us, january.until_us) == (T0, T0 + 31 * DAY_US)
    assert january.window_us == 31 * DAY_US
    assert Month.parse("2026-02").span.since_us == january.until_us


@pytest.mark.parametrize(
    ("month", "days"), [("2024-02", 29), ("2026-02", 28), ("2025-12", 31), ("1970-01", 31)]
)
def test_months_are_as_long_as_the_calendar_says(month: str, days: int) -> None:
    assert Month.parse(month).span.window_us == days * DAY_US
    assert str(Month.parse(month)) == month


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026",
        "2026-13",
        "2026-00",
        "26-01",
        "2026-1",
        "2026-01-01",
        "1969-12",
        "2026/01",
        "+026-01",
    ],
)
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a month like 2026-10"):
        Month.parse(text)

"""The end of a period: spent exactly, the rest forecast, what is planned as rows of its own."""

from fractions import Fraction

import pytest

from streams.core.forecast.drivers import Driver
from streams.core.forecast.forecaster import Forecaster
from streams.core.forecast.period import Between, PeriodEnd, learned, period_end
from streams.core.money import PICO
from streams.core.timeline import FOREVER
from streams.core.windows import DAY_US, HOUR_US

DAY = 24
SEEN = 28 * DAY  # hours from the epoch on
NOW_US = SEEN * HOUR_US
NEXT_TEN = (NOW_US - 20 * DAY_US, NOW_US + 10 * DAY_US)  # of which ten days are ahead
SPENT = 480 * PICO + 1


def flat() -> Forecaster:
    """Return a cost of 1.00 an hour, four weeks long."""
    return learned(0, [PICO] * SEEN)


def ends(*drivers: Driver, of: Forecaster | None = None) -> PeriodEnd:
    return period_end(of or flat(), SPENT, NEXT_TEN, drivers)


def dollars(*amounts: int | None) -> list[float]:
    return [(amount or 0) / PICO for amount in amounts]


def test_what_was_spent_is_exact_and_the_rest_goes_on() -> None:
    """480.000000000001 spent; 240 hours at 1.00 to come."""
    end = ends()
    assert end.spent == SPENT
    assert dollars(end.rest) == pytest.approx([240])
    assert end.expected == SPENT + (end.rest or 0)
    assert end.by95 is not None
    assert dollars(*end.by95) == pytest.approx([720, 720])


def test_a_period_that_is_over_is_what_was_spent() -> None:
    end = period_end(flat(), SPENT, (0, NOW_US))
    assert (end.expected, end.by80, end.by95) == (SPENT, (SPENT, SPENT), (SPENT, SPENT))


def test_a_period_to_come_costs_its_hours_only() -> None:
    """The month after: it begins in ten days and lasts five."""
    end = period_end(flat(), 0, (NOW_US + 10 * DAY_US, NOW_US + 15 * DAY_US))
    assert dollars(end.expected) == pytest.approx([120])


def test_too_little_seen_is_said_and_not_guessed() -> None:
    end = period_end(learned(SEEN - 10, [PICO] * 10), 10 * PICO, NEXT_TEN)
    assert end == PeriodEnd(10 * PICO, None, missing=38)
    assert end.expected is None


def test_of_a_tenant_that_was_announced_what_is_planned_is_said_until_two_days_are_seen() -> None:
    """Ten hours seen of what began as planned: 5.00 an hour for 240 hours, and no interval."""
    young = learned(SEEN - 10, [PICO] * 10)
    launch = Driver("launch", per_day=120 * PICO, from_us=(SEEN - 10) * HOUR_US)
    end = period_end(young, 10 * PICO, NEXT_TEN, [launch])
    assert dollars(end.rest, end.expected) == pytest.approx([0, 1210])
    assert (end.by80, end.by95, end.missing) == (None, None, 38)


def test_what_is_added_to_a_young_tenant_later_is_not_all_that_it_costs() -> None:
    young = learned(SEEN - 10, [PICO] * 10)
    more = Driver("more", per_day=120 * PICO, from_us=NOW_US)
    assert period_end(young, 10 * PICO, NEXT_TEN, [more]) == PeriodEnd(10 * PICO, None, missing=38)


def test_a_tenant_that_comes_ramps_up() -> None:
    """24 a day from the fifth day on, over two days: 12 hours' worth, 36 hours' worth, then 3 days.

    A day at a quarter, a day at three quarters, three days in full: 4 days at 24 are 96.
    """
    from_us = NOW_US + 5 * DAY_US
    comes = Driver("b", "b", per_day=24 * PICO, currency="USD", ramp_us=2 * DAY_US, from_us=from_us)
    end = ends(comes, of=Forecaster(SEEN))
    assert end.rest == 0
    [(driver, amount)] = end.drivers
    assert driver is comes
    assert dollars(amount) == pytest.approx([96])
    assert end.expected == SPENT + amount


def test_a_retirement_takes_what_would_have_come_after_it() -> None:
    """From the fourth day on nothing: of 240, 168 do not come. The interval goes with it."""
    end = ends(Driver("gone", factor=Fraction(0), from_us=NOW_US + 3 * DAY_US))
    assert dollars(*(amount for _, amount in end.drivers)) == pytest.approx([-168])
    assert dollars(end.expected) == pytest.approx([480 + 72])


def test_factors_multiply_and_amounts_come_on_top() -> None:
    """Twice for five days (+120), all of it a tenth off (360: -36), 10 a day more (100)."""
    drivers = [
        Driver("more", "a", per_day=10 * PICO, currency="USD", from_us=NOW_US),
        Driver("dearer", factor=Fraction(2), from_us=NOW_US, to_us=NOW_US + 5 * DAY_US),
        Driver("discount", factor=Fraction(9, 10), from_us=NOW_US),
    ]
    said = {driver.name: amount / PICO for driver, amount in ends(*drivers).drivers}
    expected: dict[str, float] = {"dearer": 120, "discount": -36, "more": 100}
    assert said == pytest.approx(expected)


def test_what_is_in_force_already_is_in_the_past_already() -> None:
    before, ramp = NOW_US - DAY_US, 2 * DAY_US
    half = Driver("ramps", "a", per_day=24 * PICO, currency="USD", ramp_us=ramp, from_us=before)
    known = Driver("known", factor=Fraction(2), from_us=before)
    end = ends(half, known)
    said = {driver.name: amount / PICO for driver, amount in end.drivers}
    # half of 24 a day is there; a day at three quarters adds 6, nine in full 12 each: 114
    assert said == pytest.approx({"ramps": 114})


def test_what_ends_is_taken_off() -> None:
    """2.00 an hour, half of it by a driver that ends in five days: 5 days at 1.00 less."""
    ending = Driver(
        "trial", "a", per_day=24 * PICO, currency="USD", from_us=0, to_us=NOW_US + 5 * DAY_US
    )
    end = ends(ending, of=learned(0, [2 * PICO] * SEEN))
    assert dollars(*(amount for _, amount in end.drivers)) == pytest.approx([-120])


def test_an_interval_is_widened_as_what_it_is_of() -> None:
    """A cost of 0, 2, 0, 2 by the day: twice the price, twice the doubt."""
    uneven = [2 * PICO if hour // DAY % 2 else 0 for hour in range(SEEN)]
    plain, dear = (
        ends(of=learned(0, uneven)),
        ends(Driver("dear", factor=Fraction(2), from_us=NOW_US), of=learned(0, uneven)),
    )

    def width(by: Between | None) -> float:
        assert by is not None
        return (by.high - by.low) / PICO

    assert width(plain.by80) > 0
    assert width(dear.by80) == pytest.approx(2 * width(plain.by80))
    assert width(plain.by95) > width(plain.by80)


def test_a_driver_is_in_force_from_one_instant_until_another() -> None:
    driver = Driver("d", factor=Fraction(1), from_us=10, to_us=30, ramp_us=10)
    assert [driver.part(at) for at in (9, 10, 15, 20, 29, 30)] == [0, 0, 0.5, 1, 1, 0]
    assert Driver("d").part(FOREVER - 1) == 1

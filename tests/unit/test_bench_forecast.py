"""How the bench of forecasts asks and scores."""

from pathlib import Path

import pytest

from tests.bench.forecast.scores import Score, held, ratio, score
from tests.bench.forecast.series import DAY, Series, by_hour, every, public
from tests.bench.forecast.ways import naive_day, naive_week, ours

HOUR_US = 3_600_000_000


def stairs(days: int, origins: list[tuple[int, int]]) -> Series:
    """Return a cost that is one higher every day: from a day to the next it is off by one."""
    return Series("stairs", "test", 0, [float(hour // DAY) for hour in range(days * DAY)], origins)


def test_mase_is_how_wrong_over_the_usual_step_of_a_day() -> None:
    """Repeating day 9 is off by 1 on day 10 and by 2 on day 11: 1.5 steps, 72 of 504."""
    series = stairs(12, [(10 * DAY, 2 * DAY)])
    assert score(series, naive_day(series)) == Score(1.5, pytest.approx(72 / (24 * 21)))


def test_a_series_that_is_the_same_every_day_has_no_scale() -> None:
    series = Series("flat", "test", 0, [5.0] * 240, [(240 - DAY, DAY)])
    assert score(series, naive_day(series)) is None


def test_no_way_knows_what_comes_after_its_origin() -> None:
    """Two series that differ only after the last origin are forecast alike."""
    origins = [(8 * DAY, DAY), (10 * DAY, DAY)]
    one, other = stairs(12, origins), stairs(12, origins)
    other.values[10 * DAY :] = [1e6] * (2 * DAY)
    for way in (ours, naive_day, naive_week):
        assert way(one) == way(other)


def test_a_ratio_is_against_the_better_of_several() -> None:
    scores = {
        "a": {"s": Score(2.0, 0), "t": Score(1.0, 0)},
        "b": {"s": Score(4.0, 0), "t": Score(1.0, 0)},
        "c": {"s": Score(8.0, 0), "t": Score(0.25, 0)},
    }
    assert ratio(scores, "a", ("b", "c")) == pytest.approx((2 / 4 * 1 / 0.25) ** 0.5)


def test_intervals_are_asked_from_every_origin() -> None:
    """Days of 0 and 48 in no order, 80 % of them within half the width of what one costs."""
    days = [0, 0, 2, 0, 2, 2, 0] * 20
    values = [float(cost) for cost in days for _ in range(DAY)]
    series = Series("jumps", "test", 0, values, [(100 * DAY, DAY), (101 * DAY, DAY)])
    found = list(held(series, 0))
    assert len(found) == 2
    assert all(each.in95 for each in found)
    assert all(each.half > 0 for each in found)


def test_hours_are_means_and_gaps_repeat() -> None:
    """The first and last hours may be cut: 1 and 2 make 1.5, then a gap, then 4."""
    at_us = [0, HOUR_US, HOUR_US + 1, 3 * HOUR_US, 4 * HOUR_US]
    assert by_hour(at_us, [9.0, 1.0, 2.0, 4.0, 9.0]) == (1, [1.5, 1.5, 4.0])


def test_origins_leave_all_that_is_asked_for() -> None:
    series = public("p", "g", 0, [0.0] * 400, (7 * DAY, 3 * DAY))
    assert series.origins[0] == (7 * DAY, 3 * DAY)
    assert all(known + hours <= 400 for known, hours in series.origins)
    assert public("p", "g", 0, [0.0] * 200, (7 * DAY, 3 * DAY)).origins == []


@pytest.mark.shared
def test_made_up_series_are_the_same_for_a_seed(shared_data: Path) -> None:
    one, same, other = (
        {each.name: each.values for each in every(shared_data / "nab", seed)} for seed in (1, 1, 2)
    )
    assert one == same
    assert one["shape-0"] != other["shape-0"]
    assert one["WaterFlow"] == other["WaterFlow"]

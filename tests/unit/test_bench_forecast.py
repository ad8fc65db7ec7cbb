"""How the bench of forecasts asks and scores."""

from pathlib import Path
from random import Random

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
    found = score(series, naive_day(series))
    assert found is not None
    assert found == pytest.approx(Score(1.5, 72 / 504))


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


def test_intervals_hold_what_is_usual_and_nothing_wild() -> None:
    """Days of about 240; the first that is asked for is one of them, the second a hundred such."""
    chance = Random(1)
    values = [10 + chance.gauss(0, 2) for _ in range(100 * DAY)]
    values += [10.0] * DAY + [1000.0] * DAY
    series = Series("noise", "test", 0, values, [(100 * DAY, DAY), (101 * DAY, DAY)])
    usual, wild = held(series, 0)
    assert (usual.in80, usual.in95) == (True, True)
    assert (wild.in80, wild.in95) == (False, False)
    assert 0.005 < usual.half < 0.2


def test_hours_are_means_and_gaps_repeat() -> None:
    """The first and last hours may be cut: 1 and 2 make 1.5, then a gap, then 4."""
    at_us = [0, HOUR_US, HOUR_US + 1, 3 * HOUR_US, 4 * HOUR_US]
    assert by_hour(at_us, [9.0, 1.0, 2.0, 4.0, 9.0]) == (1, [1.5, 1.5, 4.0])


def test_origins_leave_all_that_is_asked_for() -> None:
    series = public("p", "g", (0, [0.0] * 400), (7 * DAY, 3 * DAY))
    assert series.origins[0] == (7 * DAY, 3 * DAY)
    assert all(known + hours <= 400 for known, hours in series.origins)
    assert public("p", "g", (0, [0.0] * 200), (7 * DAY, 3 * DAY)).origins == []


@pytest.mark.shared
def test_made_up_series_are_the_same_for_a_seed(shared_data: Path) -> None:
    one, same, other = (
        {each.name: each.values for each in every(shared_data / "nab", seed)} for seed in (1, 1, 2)
    )
    assert one == same
    assert one["shape-0"] != other["shape-0"]
    assert one["WaterFlow"] == other["WaterFlow"]

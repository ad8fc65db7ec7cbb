"""The benchmark's scoring by hand: windows of ten rows in series of 100, 15 of them probation."""

import math

import pytest

from tests.nab.scoring import (
    NO_DETECTION,
    Profile,
    Scored,
    at_threshold,
    best,
    judged_rows,
    probation,
)

STANDARD = Profile("standard", found=1.0, missed=1.0, false_alarm=0.11)
WINDOW = (40, 49)
ROWS = 100


def series(*detected: int, windows: tuple[tuple[int, int], ...] = (WINDOW,)) -> Scored:
    return Scored("one", [float(row in detected) for row in range(ROWS)], windows)


def points(scored: Scored, profile: Profile = STANDARD) -> float:
    return at_threshold([scored], profile, 0.5).points["one"]


def sigmoid(place: float) -> float:
    return 2 / (1 + math.exp(5 * place)) - 1


def test_nothing_found_costs_each_window() -> None:
    assert points(series()) == -1.0
    assert points(series(), STANDARD._replace(missed=2.0)) == -2.0


def test_the_first_row_of_a_window_earns_all() -> None:
    assert points(series(40)) == pytest.approx(1.0)


def test_a_later_row_earns_less() -> None:
    # the sixth of ten rows: five rows before the end, half a window
    assert points(series(45)) == pytest.approx(sigmoid(-0.5) / sigmoid(-1.0))


def test_more_detections_in_a_window_earn_nothing() -> None:
    assert points(series(*range(45, 50))) == pytest.approx(points(series(45)))


def test_false_alarms_cost_more_the_farther_behind_a_window() -> None:
    # one row, nine rows and four windows behind the last row of a window of nine steps
    near, far, farthest = (points(series(row)) + 1 for row in (50, 58, 86))
    assert near == pytest.approx(0.11 * sigmoid(1 / 9))
    assert far == pytest.approx(0.11 * sigmoid(1.0))
    assert farthest == pytest.approx(-0.11)


def test_false_alarms_before_any_window_cost_all() -> None:
    assert points(series(39, 40)) == pytest.approx(1.0 - 0.11)
    assert points(series(39, 40), STANDARD._replace(false_alarm=0.22)) == pytest.approx(1.0 - 0.22)


def test_probation_is_not_judged() -> None:
    assert points(series(*range(15), 40)) == pytest.approx(1.0)
    assert points(series(15, 40)) == pytest.approx(0.89)
    assert probation(100_000) == 750


def test_two_windows_are_found_apart() -> None:
    both = ((40, 49), (60, 69))
    assert points(series(40, windows=both)) == pytest.approx(0.0)
    assert points(series(40, 60, windows=both)) == pytest.approx(2.0)
    # a false alarm between them is judged by the first
    assert points(series(40, 58, 60, windows=both)) == pytest.approx(2 + 0.11 * sigmoid(1.0))


def test_normalised_is_0_for_nothing_and_100_for_perfect() -> None:
    twice = STANDARD._replace(missed=2.0)
    for profile in (STANDARD, twice):
        assert at_threshold([series()], profile, 0.5).normalised == 0.0
        assert at_threshold([series(40)], profile, 0.5).normalised == pytest.approx(100.0)


def test_threshold_is_the_best_for_all_series_together() -> None:
    # At 0.9 the first series is found at once. At 0.4 both are, at the cost of two false alarms.
    one = Scored("one", [0.9 if row == 40 else 0.0 for row in range(ROWS)], [WINDOW])
    other = Scored("other", [0.4 if row in {20, 21, 40} else 0.0 for row in range(ROWS)], [WINDOW])
    chosen = best([one, other], STANDARD)
    assert chosen.threshold == 0.4
    assert chosen.points == pytest.approx({"one": 1.0, "other": 0.78})
    assert chosen.normalised == pytest.approx(100 * (1.78 + 2) / 4)
    dear = best([one, other], STANDARD._replace(false_alarm=1.1))
    assert dear.threshold == 0.9


def test_finding_nothing_may_be_best() -> None:
    chosen = best([series(20, 21, windows=())], STANDARD)
    assert chosen.threshold == NO_DETECTION
    assert chosen.points == {"one": 0.0}


def test_best_agrees_with_trying_every_threshold() -> None:
    scores = [((row * 37) % 41) / 41 for row in range(ROWS)]
    some = [Scored("one", scores, [WINDOW]), Scored("other", scores[::-1], [(30, 33), (70, 90)])]
    tried = [at_threshold(some, STANDARD, t).normalised for t in {*scores, NO_DETECTION}]
    assert best(some, STANDARD).normalised == pytest.approx(max(tried))


def test_every_row_after_probation_is_judged_once() -> None:
    assert len(judged_rows(0, series())) == ROWS - 15

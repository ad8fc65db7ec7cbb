"""What is too much, or too little, only together."""

import pytest

from streams.core.alert_rules import USUAL
from streams.core.money import PICO
from streams.core.series.episode import QUIET, Course
from streams.core.series.together import Sag, surge
from streams.core.series.verdict import Verdict
from streams.core.windows import MINUTE_US

A_MINUTE = PICO  # 60 an hour


def verdict(
    minute: int, above: float = 0.0, extra: int = A_MINUTE, *, turn: int = 0, below: float = 0.0
) -> Verdict:
    """Return a final one."""
    start_us, usual = minute * MINUTE_US, 3 * PICO
    return Verdict(
        start_us, start_us + MINUTE_US, turn, usual + extra, usual, 0, 0, True, above, below
    )


def is_over(course: Course) -> bool:
    return course.episode is not None and course.episode.is_over


def since(*above: float, extra: int = A_MINUTE) -> int | None:
    """Since which minute some are too much together."""
    found = surge([verdict(minute, each, extra) for minute, each in enumerate(above)], USUAL)
    return None if found is None else found // MINUTE_US


@pytest.mark.parametrize(
    ("above", "expected"),
    [
        ((9.0,), None),  # 1.4 at most, less 0.45, is 0.95
        ((9.0, 9.0), None),  # 2 USD extra: less than a quarter of 10 USD
        ((0.0, 0.9, 0.8, 0.7), 1),  # 2.4 less 3 times 0.45 is 1.05
        ((0.0, 0.7, 0.7, 0.7), None),  # 2.1 less 1.35 is 0.75
        ((0.71, 0.71, 0.71, 0.71), 0),  # 2.84 less 1.8 is 1.04
        ((0.9, -2.0, 0.9, 0.8, 0.7), 2),
        ((0.6, 0.6, 0.6, 0.6, 0.6), None),  # 3 less 2.25 is 0.75
        ((0.7, 0.7, 0.7, 0.0, 0.7, 0.7), None),  # five at most, and one of them is usual
    ],
)
def test_some_are_too_much_together_though_none_is_alone(
    above: tuple[float, ...], expected: int | None
) -> None:
    assert since(*above) == expected


def test_two_far_off_are_enough_when_they_cost_a_quarter_of_what_an_hour_is_worth() -> None:
    assert since(9.0, 9.0, extra=125 * PICO // 100) == 0
    assert since(9.0, 9.0, extra=124 * PICO // 100) is None


def test_minutes_far_apart_are_not_together() -> None:
    apart = [verdict(minute, 1.0, 2 * PICO) for minute in (0, 5, 10)]
    assert surge(apart, USUAL) is None


def test_an_episode_of_them_lasts_until_ten_usual_minutes_are_calm() -> None:
    course = Course()
    for minute in range(4):
        course.add(verdict(minute, 0.8), USUAL, may_open=True)
    assert course.episode is not None
    assert (course.episode.since_us, course.episode.turn) == (0, 1)
    assert course.excess == 4 * A_MINUTE
    for minute in range(4, 30):  # none is unusual, and all are too much
        course.add(verdict(minute, 0.5), USUAL, may_open=True)
    assert not is_over(course)
    for minute in range(30, 30 + QUIET):
        course.add(verdict(minute, -0.1, 0), USUAL, may_open=True)
    assert is_over(course)
    assert course.excess == 30 * A_MINUTE


def test_too_little_for_long_is_told_with_all_that_was_missing() -> None:
    """0.85 less 0.35 is half a way a minute: ten minutes are five, at 1 USD less each."""
    course = Course()
    for minute in range(10):
        assert course.episode is None
        course.add(verdict(minute, below=0.85, extra=-A_MINUTE), USUAL, may_open=True)
    assert course.episode is not None
    assert (course.episode.turn, course.episode.since_us) == (-1, 0)
    assert course.excess == -10 * A_MINUTE


def test_what_is_a_little_too_little_now_and_then_never_adds_up() -> None:
    sag = Sag()
    for minute in range(500):
        sag.add(verdict(minute, below=1.0 if minute % 3 else -1.0, extra=-A_MINUTE))
    assert not sag.is_enough(USUAL)


def test_a_cheap_lull_is_not_worth_an_alert() -> None:
    sag = Sag()
    for minute in range(60):
        sag.add(verdict(minute, below=1.0, extra=-PICO // 10))  # 6 USD an hour
    assert not sag.is_enough(USUAL)


def test_falls_are_found_among_final_costs_though_later_ones_are_known_early() -> None:
    course = Course()
    for minute in range(12):
        early = verdict(minute, extra=-A_MINUTE)._replace(is_final=False)
        course.add(early, USUAL, may_open=True)
    for minute in range(3):
        course.add(verdict(minute, extra=-A_MINUTE, turn=-1), USUAL, may_open=True)
    assert course.episode is not None
    assert (course.episode.turn, course.episode.since_us) == (-1, 0)


def test_what_a_correction_forgives_begins_nothing() -> None:
    course = Course()
    for minute in range(9):
        course.add(verdict(minute, below=0.85, extra=-A_MINUTE), USUAL, may_open=True)
    course.absolve()
    course.add(verdict(9, below=0.85, extra=-A_MINUTE), USUAL, may_open=True)
    assert course.episode is None

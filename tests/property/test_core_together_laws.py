"""Laws of stretches that are too much together: they keep their name, and chance makes none."""

from hypothesis import given
from hypothesis import strategies as st

from streams.core.alert_rules import USUAL
from streams.core.anomaly.busiest import Busiest
from streams.core.anomaly.habit import Habit
from streams.core.money import PICO
from streams.core.series.episode import Course
from streams.core.series.together import ENOUGH_BELOW, MOST_BELOW, UNKIND, Sag
from streams.core.series.verdict import Verdict
from streams.core.windows import DAY_US, MINUTE_US

BEHIND = 10  # minutes that final costs are behind early ones

ways = st.floats(-2, 2, allow_nan=False)


def verdict(minute: int, way: float, *, is_final: bool = True) -> Verdict:
    """Return one that is so far above, or below, and costs by it."""
    start_us, extra = minute * MINUTE_US, round(way * PICO)
    end_us = start_us + MINUTE_US
    return Verdict(
        start_us, end_us, 0, 3 * PICO + extra, 3 * PICO, 0, 0, is_final, way, -way * is_final
    )


def begun(verdicts: list[Verdict]) -> tuple[int, int] | None:
    """Return what the first episode is: its turn, and since when."""
    course = Course()
    for each in verdicts:
        course.add(each, USUAL, may_open=True)
        if course.episode is not None:
            return course.episode.turn, course.episode.since_us
    return None


@given(st.lists(st.floats(0, 2, allow_nan=False), max_size=40))
def test_what_is_told_early_has_the_name_that_whoever_reads_final_costs_gives_it(
    found: list[float],
) -> None:
    finals = [verdict(minute, way) for minute, way in enumerate(found)]
    live: list[Verdict] = []
    for minute, each in enumerate(finals):
        live.append(each._replace(is_final=False, below=0.0))
        live += finals[minute - BEHIND : minute - BEHIND + 1] if minute >= BEHIND else []
    assert begun(live) == begun(finals)


@given(st.lists(st.floats(-2, UNKIND, allow_nan=False), max_size=60))
def test_what_chance_may_do_never_adds_up_to_too_much(found: list[float]) -> None:
    told = begun([verdict(minute, way)._replace(below=0.0) for minute, way in enumerate(found)])
    assert told is None


@given(st.lists(ways, max_size=60))
def test_a_sag_is_bounded_and_all_that_was_missing_since_it_began(found: list[float]) -> None:
    sag = Sag()
    verdicts = [verdict(minute, way) for minute, way in enumerate(found)]
    for each in verdicts:
        sag.add(each)
        assert 0 <= sag.ways <= ENOUGH_BELOW + MOST_BELOW
        since = [one for one in verdicts if sag.since_us <= one.start_us <= each.start_us]
        assert sag.excess == sum(one.excess for one in since)


@given(st.lists(st.floats(0, 1e6, allow_nan=False), min_size=1, max_size=40), st.floats(1e-3, 1e3))
def test_busiest_days_are_alike_in_every_unit(values: list[float], factor: float) -> None:
    one, other = Busiest(), Busiest()
    for day, value in enumerate(values):
        one.learn(value, day * DAY_US, value / 2)
        other.learn(factor * value, day * DAY_US, factor * value / 2)
    at_us = len(values) * DAY_US
    for is_young in (True, False):
        found = other.before(at_us, is_young=is_young)
        assert abs(found - factor * one.before(at_us, is_young=is_young)) <= 1e-9 * found
    assert one.comes_any_time == other.comes_any_time


@given(st.lists(st.floats(0, 100, allow_nan=False), min_size=1, max_size=60), st.floats(0, 1e4))
def test_scoring_changes_nothing(values: list[float], odd: float) -> None:
    one, other = Habit(DAY_US // 8), Habit(DAY_US // 8)
    for number, value in enumerate(values):
        at_us = number * DAY_US // 8
        one.score(odd, at_us)
        one.learn(value, at_us, one.score(value, at_us))
        other.learn(value, at_us, other.score(value, at_us))
    at_us = len(values) * DAY_US // 8
    assert one.score(odd, at_us) == other.score(odd, at_us)

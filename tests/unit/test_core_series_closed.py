"""Minutes of which a pool's lines have not come yet are not judged for good, nor learned."""

import pytest

from streams.core.series.buckets import Buckets
from streams.core.series.closed import Closed
from streams.core.windows import HOUR_US, MINUTE_US, SECOND_US
from tests.builders.series import PACE, Fed, minute_line
from tests.builders.usage import T0

PAST = 200
LAG = 12  # minutes that a pool's lines are late
PROMPT: dict[str, object] = {"cost": "0.1", "pool": "prompt"}
LATE: dict[str, object] = {"cost": "1", "pool": "late"}


def end_of(minute: int) -> int:
    return T0 + (minute + 1) * MINUTE_US


@pytest.mark.parametrize(
    ("said", "until_us"),
    [
        ([], None),
        ([(0, 2, 50)], 0),  # of the other nothing is known
        ([(0, 2, 50), (1, 2, 40)], 40),
        ([(1, 2, 40), (0, 2, 50), (1, 2, 30)], 40),  # it only grows
        ([(0, 1, 50), (1, 2, 40)], 40),
        ([(0, 1, 50), (1, 3, 60)], 0),  # there are more partitions than before
    ],
)
def test_windows_are_final_until_the_least_of_all_partitions(
    said: list[tuple[int, int, int]], until_us: int | None
) -> None:
    closed = Closed()
    for partition, partitions, instant_us in said:
        closed.take({"partition": partition, "partitions": partitions, "until_us": instant_us})
    assert closed.until_us == until_us


def test_a_minute_is_final_when_it_is_closed_everywhere_not_when_its_known_lines_are() -> None:
    buckets = Buckets(PACE)
    buckets.closed_us = end_of(0) - 1
    for minute in range(3):
        buckets.take(minute_line(minute, "1", status="final"), 0)
    assert [(each.start_us, each.is_final) for each in buckets.ready(HOUR_US)] == [
        (T0, False),
        (T0 + MINUTE_US, False),
    ]
    buckets.closed_us = end_of(0)
    assert [(each.start_us, each.is_final) for each in buckets.ready(HOUR_US)] == [(T0, True)]


def test_a_minute_that_is_never_closed_is_passed_over_after_an_hour() -> None:
    buckets = Buckets(PACE)
    buckets.closed_us = 0
    for minute in (0, 1, 61):
        buckets.take(minute_line(minute, "1", status="final"), 0)
    assert not [each for each in buckets.ready(HOUR_US) if each.is_final]
    assert ([*buckets.gaps], buckets.lines) == ([T0], 2)
    buckets.closed_us = end_of(61)
    buckets.take(minute_line(62, "1", status="final"), 0)
    found = [each.start_us for each in buckets.ready(HOUR_US) if each.is_final]
    assert found == [T0 + MINUTE_US, T0 + 61 * MINUTE_US]
    buckets.take(minute_line(0, "1", status="final"), HOUR_US)
    assert buckets.late == 1


def lagging(*, is_said: bool) -> Fed:
    """A tenant with two pools, of which one is told later than the other for some minutes."""
    fed = Fed()
    for minute in range(PAST):
        fed.watch.buckets.closed_us = end_of(minute) if is_said else None
        fed.minute(minute, [PROMPT, LATE])
    for minute in range(PAST, PAST + LAG):
        fed.minute(minute, [PROMPT])
    return fed


def test_too_little_is_not_said_of_what_has_not_come() -> None:
    fed = lagging(is_said=True)
    for minute in range(PAST, PAST + LAG):
        late = minute_line(minute, "1", pool="late", thing=1, status="final")
        fed.watch.take(late, fed.now_us)
    fed.watch.buckets.closed_us = end_of(PAST + LAG)
    fed.minute(PAST + LAG, [PROMPT, LATE])
    fed.look(fed.now_us + 60 * SECOND_US)
    assert fed.said == []
    assert fed.watch.buckets.late == 0
    assert fed.watch.board.judged_us == T0 + (PAST + LAG - 1) * MINUTE_US


def test_where_nobody_says_how_far_windows_are_final_it_looks_like_too_little() -> None:
    assert {each["severity"] for each in lagging(is_said=False).said} == {"info"}

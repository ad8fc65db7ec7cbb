"""Laws of sums by budget and time: what is remembered is what adding up anew says."""

from typing import TypeAlias

from hypothesis import given
from hypothesis import strategies as st

from streams.core.budgets.sums import Sums
from streams.core.job_cost import Newest
from streams.core.windows import HOUR_US, MINUTE_US, window_start

Added: TypeAlias = dict[int, tuple[int, int]]  # begin -> pico and unpriced

minutes = st.integers(0, 400)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("add"), minutes, st.integers(-5, 9)),
        st.tuples(st.just("drop"), minutes, st.just(0)),
        st.tuples(st.just("coarsen"), minutes, minutes),
    ),
    max_size=40,
)  # fmt: skip
spans = st.lists(st.tuples(minutes, minutes), min_size=1, max_size=3)


def newest(begin_us: int) -> Newest:
    return Newest(begin_us, begin_us + MINUTE_US, 0, 1, 0, "b")


@given(steps, spans)
def test_sums_are_those_of_everything_that_was_added_and_not_dropped(
    steps: list[tuple[str, int, int]], spans: list[tuple[int, int]]
) -> None:
    """Asked after each step, so that nothing remembered outlives what changes it."""
    sums, added, hourly_us = Sums(), Added(), 0
    for what, at, more in steps:
        at_us = at * MINUTE_US
        if what == "add":
            begin_us = window_start(at_us, HOUR_US) if at_us < hourly_us else at_us
            pico, unpriced = added.get(begin_us, (0, 0))
            added[begin_us] = pico + more, unpriced + 1
            sums.add(at_us, more, 1, newest(begin_us))
        elif what == "drop" and at_us >= hourly_us:
            added.pop(at_us, None)
            sums.drop(at_us)
        elif what == "coarsen":
            hourly_us = max(hourly_us, window_start(more * MINUTE_US, HOUR_US))
            kept, added = added, {}
            for begin_us, (pico, unpriced) in kept.items():
                hour = window_start(begin_us, HOUR_US) if begin_us < hourly_us else begin_us
                known = added.get(hour, (0, 0))
                if begin_us >= at_us:
                    added[hour] = known[0] + pico, known[1] + unpriced
            sums.coarsen(at_us, hourly_us)
        for first, last in spans:
            start_us, end_us = window_start(first * MINUTE_US, HOUR_US), last * MINUTE_US
            within = [each for begin, each in added.items() if start_us <= begin < end_us]
            found = sums.between(start_us, end_us)
            assert found.pico == sum(pico for pico, _ in within)
            assert found.unpriced == sum(unpriced for _, unpriced in within)
            recent = [max(start_us, hourly_us), max(first * MINUTE_US, hourly_us)]
            assert sums.lately(recent, end_us) == [
                sum(pico for begin, (pico, _) in added.items() if since_us <= begin < end_us)
                for since_us in recent
            ]

"""Laws of watched series: order and repetition change nothing, and neither does a crash."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from schemas.records import CostLine
from streams.core.money import shared
from streams.core.series.buckets import Buckets, Slice
from streams.core.series.keys import SeriesKey
from streams.core.series.parts import SHOWN, Mix, Part
from streams.core.series.verdict import Verdict
from streams.core.windows import HOUR_US
from tests.builders.series import PACE, Fed, minute_line

MINUTES = 4
COSTS = st.sampled_from(["0", "0.01", "0.5", "7", "-0.25"])
PARTS = st.tuples(st.integers(0, 10**9), st.integers(0, 10**9))  # usual, and extra


@st.composite
def told(draw: st.DrawFn) -> list[CostLine]:
    """Lines of some minutes in several revisions, all of them final in the end."""
    found = []
    for minute in range(MINUTES):
        for thing in range(draw(st.integers(1, 3))):
            tenant = draw(st.sampled_from(["acme", "globex", "__idle__"]))
            revisions = draw(st.integers(1, 3))
            costs = {n: draw(COSTS) for n in range(1, revisions + 1)}
            changes = {"thing": thing, "tenant": tenant}
            found += [minute_line(minute, costs[n], revision=n, **changes) for n in costs]
            last = {"revision": revisions, "status": "final"} | changes
            found.append(minute_line(minute, costs[revisions], **last))
    return found


def finals(lines: Sequence[CostLine]) -> list[Slice]:
    """Return the minutes that lines make, once nothing new comes; the last has no follower."""
    buckets = Buckets(PACE)
    for each in lines:
        buckets.take(each, 0)
    return [each for each in buckets.ready(HOUR_US) if each.is_final]


@given(told(), st.data())
def test_lines_in_any_order_and_any_number_of_times_make_the_same_minutes(
    lines: list[CostLine], data: st.DataObject
) -> None:
    again = data.draw(st.lists(st.sampled_from(lines)))
    mixed = data.draw(st.permutations([*lines, *again]))
    assert finals(mixed) == finals(lines)
    assert len(finals(lines)) == MINUTES - 1


@given(st.lists(COSTS, min_size=40, max_size=60), st.sets(st.integers(0, 59)), COSTS)
def test_a_watch_told_of_the_past_judges_as_one_that_saw_it(
    costs: list[str], early: set[int], following: str
) -> None:
    """What was judged before it was final leaves nothing behind; only what is final is learned."""
    seen, rebuilt = Fed(), Fed()
    for minute, cost in enumerate(costs):
        if minute in early:
            seen.minute(minute, ["3"], "provisional")
        seen.minute(minute, [cost])
    past = finals([minute_line(n, cost, status="final") for n, cost in enumerate(costs)])
    for each in past:
        rebuilt.watch.replay(each)
    newest = len(costs) - 1  # has no follower yet
    last = [minute_line(newest, following, status="final"), minute_line(newest + 1, "0")]
    for one in (seen, rebuilt):
        one.watch.board.judge(finals(last)[0])
    assert verdicts(seen) == verdicts(rebuilt)


@given(
    st.dictionaries(st.text(min_size=1, max_size=2), PARTS, min_size=1, max_size=SHOWN),
    st.integers(0, 10**9),
)
def test_parts_of_an_extra_cost_sum_to_it_whatever_was_expected(
    drawn: dict[str, tuple[int, int]], expected: int
) -> None:
    """Each part costs its part of what was expected, in the usual mix, and something more."""
    mix, names = Mix(), sorted(drawn)
    usual = [drawn[name][0] for name in names]
    extra = [drawn[name][1] for name in names]
    mix.learn({Part("model", name): pico for name, pico in zip(names, usual, strict=True)})
    as_usual = shared(expected, usual) if any(usual) else [0] * len(names)
    parts = {
        Part("model", name): one + more
        for name, one, more in zip(names, as_usual, extra, strict=True)
    }
    found = mix.contributions(parts, expected)
    assert {each.part.name: each.excess for each in found} == {
        name: more for name, more in zip(names, extra, strict=True) if more
    }


def verdicts(of: Fed) -> dict[SeriesKey, Verdict]:
    """Return what is thought of the newest minute in every series."""
    return {
        key: each.course.verdicts[max(each.course.verdicts)]
        for key, each in of.watch.board.series.items()
        if each.course.verdicts
    }

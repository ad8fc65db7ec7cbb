"""The same usage straight, doubled, shuffled within lateness, cut anywhere: the same final lines.

One healthy worker at a time here; several at once are in test_core_two_owners.py.
"""

from collections.abc import Iterator, Sequence
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.metering import Rules
from streams.core.windows import MINUTE_US, SECOND_US
from tests.builders.drawing import agreed
from tests.builders.generated import END_US, LONGEST_US, SPAN_US, any_terms, batches, terms
from tests.builders.usage import T0, Event, call, holder, interval, quantity
from tests.simulation.feed import Metered, doubled, log_of, metered, shuffled
from tests.simulation.judge import judge
from tests.simulation.run import Run

ORIGINS = 3
LATENESS_US = SPAN_US + LONGEST_US  # nothing is late, whatever is read last
REMEMBER_US = 3 * MINUTE_US
# All closes, then all is forgotten, then the commit follows.
ENDS_US = [END_US + LATENESS_US + after for after in (0, REMEMBER_US, REMEMBER_US + MINUTE_US)]

AGREED = agreed(terms())  # the same whatever the idle policy, which partials carry

any_order = st.randoms(use_true_random=False)
Finals = dict[str, set[bytes]]


def run_of(messages: Sequence[Metered], lateness_us: int = LATENESS_US) -> Run:
    return Run(log_of(messages, ORIGINS, ENDS_US), lateness_us, REMEMBER_US, AGREED)


def check(run: Run) -> Finals:
    """Check all that one log promises; return the final lines."""
    verdict = judge(run.broker.log, run.lateness_us)
    expected = verdict.final_lines(AGREED)
    finals = run.broker.finals()
    assert finals == {line: {content} for line, content in expected.items()}
    assert run.broker.as_read() == expected
    late = [(each["window_start_us"], each["pool"], each["seq"]) for each in run.broker.late]
    assert set(late) == {(w.start_us, w.pool, batch[2]) for w, batch in verdict.late}
    assert run.broker.committed in {0, *verdict.closes}
    log = run.worker.log
    assert not any((log.windows, log.batch_ids, log._late, log._frozen))
    return finals


def finals(messages: Sequence[Metered]) -> Finals:
    return check(run_of(messages).finish())


def feed(rules: Rules, events: list[list[Event]]) -> list[Metered]:
    return metered(rules, events, ORIGINS, END_US)


@given(rules=any_terms, events=batches(), order=any_order)
def test_doubled_and_shuffled_batches_give_the_same_finals(
    rules: Rules, events: list[list[Event]], order: Random
) -> None:
    straight = feed(rules, events)
    expected = finals(straight)
    assert finals(doubled(straight)) == expected
    assert finals(shuffled(straight, LATENESS_US - LONGEST_US, order)) == expected
    assert finals(shuffled(doubled(straight), LATENESS_US - LONGEST_US, order)) == expected


@given(rules=any_terms, events=batches(), cuts=st.lists(st.integers(1, 60), max_size=12))
def test_a_worker_killed_again_and_again_gives_the_same_finals(
    rules: Rules, events: list[list[Event]], cuts: list[int]
) -> None:
    """Each cut is so many steps after the one before; what was not delivered then is lost."""
    straight = feed(rules, events)
    expected = finals(straight)
    run = run_of(straight)
    for steps in cuts:
        run.go(steps).replace_worker()
    assert check(run.finish()) == expected


@given(rules=any_terms, events=batches(), lateness_s=st.integers(0, 120), order=any_order)
def test_late_batches_are_passed_on_once_and_leave_finals_alone(
    rules: Rules, events: list[list[Event]], lateness_s: int, order: Random
) -> None:
    out_of_order = shuffled(doubled(feed(rules, events)), SPAN_US, order)
    lateness_us = lateness_s * 10**6
    run = run_of(out_of_order, lateness_us).finish()
    check(run)
    remembered = [each for each in run.broker.late if remembers(run, each["window_end_us"])]
    ids = [(e["window_start_us"], e["pool"], e["source"], e["seq"]) for e in remembered]
    assert len(ids) == len(set(ids))


def remembers(run: Run, window_end_us: int) -> bool:
    """Return whether a window was remembered until the last of the usage was read."""
    return window_end_us + run.lateness_us + REMEMBER_US > END_US


S = SECOND_US
LATE: list[Event] = [call(at_us=T0 + 20 * S, model="unknown")]
FIXED: list[list[Event]] = [
    [call(at_us=T0 + 5 * S, endpoint="llama-prod")],
    [call(at_us=T0 + 50 * S, tenant="globex", endpoint="llama-prod")],
    [interval(holder(S + 1, 3, endpoint="llama-prod"), start_us=T0 + 55 * S, end_us=T0 + 66 * S)],
    [quantity("1", start_us=T0 + 10 * S, end_us=T0 + 90 * S)],
    [call(at_us=T0 + 130 * S)],
    [call(at_us=T0 + 140 * S)],
    [call(at_us=T0 + 150 * S)],  # by now every origin is two minutes on
    LATE,
]


def every_cut(messages: Sequence[Metered], lateness_us: int) -> Iterator[Run]:
    """Yield a run for each step of the straight one, its worker killed and replaced there."""
    for cut in range(run_of(messages, lateness_us).finish().steps + 1):
        run = run_of(messages, lateness_us).go(cut)
        run.replace_worker()
        yield run.finish()


@pytest.mark.parametrize(("lateness_us", "late"), [(LATENESS_US, 0), (30 * S, 1)])
def test_a_worker_killed_at_any_point_gives_the_same_finals(lateness_us: int, late: int) -> None:
    """At every single step of one log, with every batch three times and over three windows."""
    in_order = metered(terms(), FIXED, ORIGINS, END_US)
    as_sent = sorted(in_order, key=lambda each: each.begin_us == T0 + 20 * S)
    messages = [*doubled(as_sent), *as_sent]
    expected = check(run_of(messages, lateness_us).finish())
    runs = list(every_cut(messages, lateness_us))
    assert len(runs) > 100
    for run in runs:
        assert check(run) == expected
        passed_on = {each["seq"] for each in run.broker.late}
        assert passed_on == ({len(FIXED) - 1} if late else set())

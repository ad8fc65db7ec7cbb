"""Capacity that remembers where it came from: the same lines, and every pico on them is said."""

from hypothesis import given

from streams.core.allocation import allocate, policy_of
from streams.core.capacity import Capacity, Joined, Multiple, Opposite, Share
from streams.core.gpu import GPU
from streams.core.lines import WindowPool
from streams.core.metering import Rules
from streams.core.money import half_even, split
from streams.core.policies import Documents
from streams.core.steady import split_steadily
from streams.core.window import Window
from tests.builders.drawing import agreed, meter, windows
from tests.builders.generated import END_US, any_terms, batches
from tests.builders.usage import Event


def drawn(rules: Rules, usage: list[list[Event]]) -> dict[WindowPool, Window]:
    partials = [
        partial
        for seq, events in enumerate(usage)
        for partial in meter(rules, *events, seq=seq, now_us=END_US).partials
    ]
    return windows(partials, agreed(rules))


def amounts(part: Capacity) -> tuple[int, int, int]:
    return part.cost, part.listed, part.for_us


def summed(parts: tuple[Capacity, ...]) -> tuple[int, int, int]:
    whole = Capacity()
    for part in parts:
        whole.add(part)
    return amounts(whole)


def assert_follows(part: Capacity) -> None:
    """Walk back to what was metered: every sum and every split on the way is right."""
    match part.origin:
        case Joined(parts):
            assert summed(parts) == amounts(part)
            for each in parts:
                assert_follows(each)
        case Share(whole, weights, index, by):
            rule = split if by in {"time", "work"} else split_steadily
            shares = [rule(amount, weights)[index] for amount in amounts(whole)]
            assert tuple(shares) == amounts(part)
            assert_follows(whole)
        case Multiple(whole, factor):
            cost, listed = (
                half_even(amount * factor.numerator, factor.denominator)
                for amount in (whole.cost, whole.listed)
            )
            assert (cost, listed, whole.for_us) == amounts(part)
            assert_follows(whole)
        case Opposite(whole):
            assert tuple(-amount for amount in amounts(whole)) == amounts(part)
            assert_follows(whole)
        case origin:
            assert origin is not None


@given(rules=any_terms, usage=batches())
def test_capacity_on_a_line_is_followed_back_to_what_was_metered(
    rules: Rules, usage: list[list[Event]]
) -> None:
    for where, window in drawn(rules, usage).items():
        policy = policy_of(Documents(rules.book, rules.catalog), where, explained=True)
        lines = allocate(window.sums, policy, window.capacity_events)
        assert lines == window.lines()
        for what, figures in lines.items():
            if figures.money is not None and what.meter.startswith(GPU):
                cost, listed, _ = figures.money
                assert summed(figures.came)[:2] == (cost, listed), what
                for part in figures.came:
                    assert_follows(part)


def test_nothing_is_remembered_that_nobody_asked_for() -> None:
    whole = Capacity(10, 10, 10)
    whole.add(Capacity(1, 1, 1))
    assert [part.origin for part in (whole, *whole.split([1, 2]))] == [None, None, None]

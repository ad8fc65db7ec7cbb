"""Laws of the detector of any values: units do not matter, replaying is the same, state bounded."""

import math
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.anomaly.detector import Detector, Judgement, detector
from streams.core.windows import DAY_US, MINUTE_US
from streams.demo.chance import stream
from tests.nab.state_size import state_bytes

MOST_BYTES = 20_000
periods = st.sampled_from([MINUTE_US, 5 * MINUTE_US, 30 * MINUTE_US, 60 * MINUTE_US])
seeds = st.integers(min_value=0, max_value=1_000_000)


def values(seed: int, count: int) -> list[float]:
    """Return a daily wave with noise, jumps, zeros and spikes, in eighths: exact as floats."""
    chance = stream(seed, "anomaly laws")
    level, found = 40.0, []
    for number in range(count):
        level += 20 * (chance.random() < 0.01)
        wave = 10 * math.sin(number / 40)
        spike = 300 * (chance.random() < 0.005)
        value = max(0.0, level + wave + chance.gauss(0, 3) + spike)
        found.append(0.0 if chance.random() < 0.05 else round(value * 8) / 8)
    return found


def told(judge: Detector, some: Iterable[float], period_us: int, since: int = 0) -> list[Judgement]:
    found = []
    for number, value in enumerate(some, since):
        judgement = judge.score(value, number * period_us)
        judge.learn(value, number * period_us, judgement)
        found.append(judgement)
    return found


def scores(judgements: Sequence[Judgement]) -> list[float]:
    return [each.score for each in judgements]


@given(seed=seeds, period_us=periods, power=st.integers(min_value=-30, max_value=30))
def test_another_unit_changes_no_score(seed: int, period_us: int, power: int) -> None:
    """By powers of two, which floats multiply by exactly: nothing is compared with a constant."""
    some, factor = values(seed, 300), 2.0**power
    one = told(detector(period_us), some, period_us)
    other = told(detector(period_us), [value * factor for value in some], period_us)
    assert scores(one) == scores(other)
    for few, many in zip(one, other, strict=True):
        assert (many.low, many.expected, many.high) == (
            few.low * factor, few.expected * factor, few.high * factor,
        )  # fmt: skip


@given(seed=seeds, period_us=periods, shift=st.sampled_from([-64.0, 1024.0]))
def test_another_origin_changes_what_is_expected_and_no_score(
    seed: int, period_us: int, shift: float
) -> None:
    """But for the rounding of floats."""
    some = values(seed, 300)
    one = told(detector(period_us), some, period_us)
    other = told(detector(period_us), [value + shift for value in some], period_us)
    for here, there in zip(one, other, strict=True):
        assert there.score == pytest.approx(here.score, abs=1e-4)
        assert there.expected == pytest.approx(here.expected + shift, abs=1e-6)


@given(seed=seeds, period_us=periods)
def test_replaying_the_values_is_the_same_as_having_gone_on(seed: int, period_us: int) -> None:
    some = values(seed, 300)
    gone_on, begun_anew = detector(period_us), detector(period_us)
    told(gone_on, some[:200], period_us)
    told(begun_anew, some[:200], period_us)
    assert told(gone_on, some[200:], period_us, 200) == told(begun_anew, some[200:], period_us, 200)


@given(seed=seeds, period_us=periods)
def test_low_expected_and_high_are_in_order_and_scores_are_shares(
    seed: int, period_us: int
) -> None:
    for judgement in told(detector(period_us), values(seed, 300), period_us):
        assert 0.0 <= judgement.score <= 1.0
        assert judgement.low <= judgement.expected <= judgement.high


@given(seed=seeds, missing=st.floats(min_value=0.0, max_value=0.9))
def test_missing_values_are_no_trouble(seed: int, missing: float) -> None:
    judge, chance = detector(MINUTE_US), stream(seed, "gaps")
    for number, value in enumerate(values(seed, 600)):
        if chance.random() < missing:
            continue
        judgement = judge.score(value, number * MINUTE_US)
        assert math.isfinite(judgement.low)
        assert math.isfinite(judgement.high)
        judge.learn(value, number * MINUTE_US, judgement)


@pytest.mark.parametrize("period_us", [MINUTE_US, 5 * MINUTE_US])
def test_a_series_keeps_the_same_bytes_however_long_it_is(period_us: int) -> None:
    judge = detector(period_us)
    a_day = DAY_US // period_us
    told(judge, values(1, a_day), period_us)
    first = state_bytes(judge)
    told(judge, values(2, 2 * a_day), period_us, a_day)
    assert state_bytes(judge) <= first + 200 < MOST_BYTES  # integers grow by digits

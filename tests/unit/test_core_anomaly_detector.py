"""What every detector answers, at its edges."""

import pytest

from streams.core.anomaly.detector import detector

MINUTE_US = 60_000_000


def test_a_period_is_above_nothing() -> None:
    with pytest.raises(ValueError, match="microseconds from one value to the next, got 0"):
        detector(0)


def test_nothing_is_unusual_before_anything_is_known() -> None:
    assert detector(MINUTE_US).score(1e9, 0).score == 0.0


def test_scoring_changes_nothing() -> None:
    judge = detector(MINUTE_US)
    for minute in range(100):
        value = float(minute % 7)
        judge.learn(value, minute * MINUTE_US, judge.score(value, minute * MINUTE_US))
    at_us = 100 * MINUTE_US
    first = judge.score(50.0, at_us)
    judge.score(-1e6, at_us)
    assert judge.score(50.0, at_us) == first


def test_a_jump_scores_above_what_is_usual() -> None:
    judge = detector(MINUTE_US)
    usual = []
    for minute in range(500):
        value, at_us = 10.0 + minute % 7, minute * MINUTE_US
        judgement = judge.score(value, at_us)
        usual += [judgement.score] if judgement.is_warm else []
        judge.learn(value, at_us, judgement)
    jump = judge.score(100.0, 500 * MINUTE_US)
    assert jump.is_warm
    assert jump.score > max(usual)
    assert jump.low <= jump.expected <= jump.high < 100.0

"""What now is, for judging whether an event lies in the future."""

import time

import pytest

from schemas import topics
from streams.processors.skew import now_of
from tests.processor_fakes import message


def test_by_the_wall_it_is_the_time_the_broker_put_on_the_message() -> None:
    read = message(topics.USAGE_GPU, 0, b"", at_s=1_767_225_600.25)
    assert now_of(read, {"sent_at_us": 5}, "wall") == 1_767_225_600_250_000


def test_by_the_log_it_is_when_the_producer_closed_the_batch() -> None:
    read = message(topics.USAGE_GPU, 0, b"", at_s=1_767_225_600.25)
    assert now_of(read, {"sent_at_us": 5}, "log") == 5


def test_by_the_log_a_batch_that_cannot_be_read_has_no_now() -> None:
    assert now_of(message(topics.USAGE_GPU, 0, b""), {}, "log") == 0


@pytest.mark.parametrize("at_s", [0.0, -0.001])
def test_a_message_without_a_time_is_judged_by_this_machine_s_clock(at_s: float) -> None:
    read = message(topics.USAGE_GPU, 0, b"", at_s=at_s)
    before = time.time_ns() // 1_000
    assert before <= now_of(read, {"sent_at_us": 5}, "wall") <= time.time_ns() // 1_000

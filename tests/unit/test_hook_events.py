"""Server-sent events cut anywhere: the same objects, and only those that tell something."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apportion_hook.sse import LONGEST_LINE, Events


def sse(*objects: Any, end: str = "\n") -> bytes:  # noqa: ANN401 - JSON
    return "".join(f"data: {json.dumps(each)}{end}{end}" for each in objects).encode()


def read(stream: bytes, *cuts: int) -> list[dict[str, object]]:
    events = Events()
    places = [0, *sorted(cuts), len(stream)]
    found = [event for start, stop in pairwise(places) for event in events.add(stream[start:stop])]
    return [*found, *events.end()]


FIRST = {"id": "c-1", "model": "m", "choices": [{"delta": {"role": "assistant"}}], "usage": None}
TEXT = {"id": "c-1", "choices": [{"delta": {"content": 'hi "usage": {} é'}}], "usage": None}
LAST = {"id": "c-1", "choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}}
STREAM = sse(FIRST, TEXT, TEXT, LAST) + b"data: [DONE]\n\n"


@given(cuts=st.lists(st.integers(0, len(STREAM)), max_size=20))
def test_events_are_the_same_wherever_the_stream_is_cut(cuts: list[int]) -> None:
    assert read(STREAM, *cuts) == [FIRST, LAST]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_may_end_either_way(end: str) -> None:
    assert read(sse(FIRST, LAST, end=end), 7, 30) == [FIRST, LAST]


def test_comments_names_and_ids_of_events_are_passed_over() -> None:
    stream = b": ping\n\nevent: message_start\nid: 7\n" + sse(FIRST) + b"retry: 1\n\n" + sse(LAST)
    assert read(stream) == [FIRST, LAST]


def test_data_of_several_lines_is_one_event() -> None:
    assert read(b'data: {"id":\ndata: "c-1"}\n\n') == [{"id": "c-1"}]


def test_a_stream_that_stops_tells_its_last_event() -> None:
    assert read(sse(FIRST) + sse(LAST).rstrip()) == [FIRST, LAST]


def test_errors_are_told() -> None:
    error = {"error": {"type": "server_error", "message": "m"}, "usage": None}
    assert read(sse(FIRST, error)) == [FIRST, error]


def test_a_line_too_long_is_passed_over_and_bounded() -> None:
    events = Events()
    assert list(events.add(sse(FIRST))) == [FIRST]
    for _ in range(2 * LONGEST_LINE // 1000):
        assert list(events.add(b"x" * 1000)) == []
        assert len(events._line) <= LONGEST_LINE
    assert list(events.add(b"\n\n" + sse(LAST))) == [LAST]


def test_what_is_no_json_tells_nothing() -> None:
    assert read(b"data: [DONE]\n\ndata: {broken\n\n\xff\xfe\n\n") == [{}]

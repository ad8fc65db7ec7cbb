"""Server-sent events of a stream that has passed: the first, and those that tell something."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apportion_hook.edges import Edges
from apportion_hook.sse import HEAD_BYTES, events, is_done, stream_edges, telling

TAIL_BYTES = 16 * 1024


def sse(*objects: Any, end: str = "\n") -> bytes:  # noqa: ANN401 - JSON
    return "".join(f"data: {json.dumps(each)}{end}{end}" for each in objects).encode()


def passed(stream: bytes, *cuts: int) -> Edges:
    edges = stream_edges(TAIL_BYTES)
    for start, stop in pairwise([0, *sorted(cuts), len(stream)]):
        edges.add(stream[start:stop])
    return edges


def read(stream: bytes, *cuts: int) -> list[dict[str, object]]:
    return list(telling([*events(passed(stream, *cuts))]))


def done(stream: bytes) -> bool:
    return is_done([*events(passed(stream))])


FIRST = {"id": "c-1", "model": "m", "choices": [{"delta": {"role": "assistant"}}], "usage": None}
TEXT = {"id": "c-1", "choices": [{"delta": {"content": 'hi "usage": {} é'}}], "usage": None}
LAST = {"id": "c-1", "choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}}
STREAM = sse(FIRST, TEXT, TEXT, LAST) + b"data: [DONE]\n\n"


@given(cuts=st.lists(st.integers(0, len(STREAM)), max_size=20))
def test_events_are_the_same_wherever_the_stream_is_cut(cuts: list[int]) -> None:
    assert read(STREAM, *cuts) == [FIRST, LAST]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_may_end_in_every_way_of_the_specification(end: str) -> None:
    assert read(sse(FIRST, TEXT, LAST, end=end)) == [FIRST, LAST]


def test_comments_names_and_ids_of_events_are_passed_over() -> None:
    named = b'event: message_delta\nid: 8\ndata:{"usage":{"input_tokens":3}}\n\n'
    stream = b": ping\n\nevent: message_start\nid: 7\n" + sse(FIRST) + b"retry: 1\n\n" + named
    assert read(stream) == [FIRST, {"usage": {"input_tokens": 3}}]


def test_a_mark_of_the_encoding_is_no_part_of_the_first_line() -> None:
    assert read(b"\xef\xbb\xbf" + sse(FIRST)) == [FIRST]


def test_data_of_several_lines_is_one_event() -> None:
    assert read(b'data: {"id":\ndata: "c-1"}\n\n') == [{"id": "c-1"}]


def test_a_stream_that_stops_tells_its_last_event() -> None:
    assert read(sse(FIRST) + sse(LAST).rstrip()) == [FIRST, LAST]


def test_errors_are_told() -> None:
    error = {"error": {"type": "server_error", "message": "m"}, "usage": None}
    assert read(sse(FIRST, error)) == [FIRST, error]


def test_a_long_stream_is_read_at_its_ends_and_bounded() -> None:
    edges = stream_edges(TAIL_BYTES)
    for part in [sse(FIRST), *[sse(TEXT)] * 10_000, sse(LAST), b"data: [DONE]\n\n"]:
        edges.add(part)
    head, tail = edges.ends()
    assert (len(head), len(tail or b"")) == (HEAD_BYTES, TAIL_BYTES)
    found = [*events(edges)]
    assert list(telling(found)) == [FIRST, LAST]
    assert is_done(found)


def test_an_event_that_is_cut_by_the_bound_is_no_event() -> None:
    inside = b"x" * (2 * TAIL_BYTES) + b'\ndata: {"usage": {"prompt_tokens": 9}}'
    stream = sse(FIRST) + b"data: " + inside + b"\n\n" + sse(LAST)
    assert read(stream) == [FIRST, LAST]


def test_what_is_no_json_tells_nothing() -> None:
    assert read(b'data: [DONE]\n\ndata: {broken "error"\n\n\xff\xfe\n\n') == [{}, {}]


@pytest.mark.parametrize(
    "last",
    [b"data: [DONE]\n\n", b"data:[DONE]\r\n\r\n", b"data: [DONE]",
     b": bye\n\ndata: [DONE]\n\n: ping\n\n",
     b'event: message_stop\ndata: {"type": "message_stop"}\n\n',
     b'data: {"type":"response.incomplete","response":{"id":"r"}}\n\n'],
)  # fmt: skip
def test_what_says_that_no_more_comes_ends_a_stream(last: bytes) -> None:
    assert done(sse(FIRST, TEXT) + last)


@pytest.mark.parametrize("text", ["[DONE]", "data: [DONE]\n\n", '"type":"message_stop"'])
def test_text_that_looks_like_the_end_is_text(text: str) -> None:
    assert not done(sse(FIRST, {"choices": [{"delta": {"content": text}}]}))

"""What a large JSON object says at its two ends, and nothing that is not its own member."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from apportion_hook.edges import HEAD_BYTES, TAIL_BYTES, Edges, first_members, last_members

USAGE = {"prompt_tokens": 3, "total_tokens": 3, "prompt_tokens_details": {"cached_tokens": 1}}


def read(body: bytes, size: int = 1000) -> dict[str, object]:
    edges = Edges()
    for at in range(0, len(body), size):
        edges.add(body[at : at + size])
    return edges.members()


def embeddings(count: int, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    vectors = [{"object": "embedding", "index": n, "embedding": [0.25] * 50} for n in range(count)]
    return {"object": "list", "model": "m", "data": vectors, "usage": USAGE, **more}


def test_a_small_answer_is_read_as_a_whole() -> None:
    body = embeddings(3, service_tier="flex")
    assert read(json.dumps(body).encode()) == body


def test_a_large_answer_is_read_at_its_ends() -> None:
    body = json.dumps(embeddings(2000, service_tier="flex")).encode()
    assert len(body) > 500_000
    found = read(body)
    assert found == {"object": "list", "model": "m", "usage": USAGE, "service_tier": "flex"}


def test_what_is_kept_of_a_large_answer_is_bounded() -> None:
    edges = Edges()
    for _ in range(1000):
        edges.add(b"x" * 10_000)
    assert edges._tail is not None
    assert (len(edges._head), len(edges._tail)) == (HEAD_BYTES, TAIL_BYTES)


def test_members_of_something_inside_are_not_taken_for_the_objects_own() -> None:
    inside = {"id": "x", "data": [{"usage": {"prompt_tokens": 9}}] * 2000}
    found = read(json.dumps(inside).encode())
    assert found == {"id": "x"}


def test_text_that_looks_like_usage_is_text() -> None:
    text = json.dumps({"usage": {"prompt_tokens": 999}, "model": "evil"})
    body = json.dumps({"id": "x", "choices": [text] * 900, "usage": USAGE}).encode()
    assert read(body) == {"id": "x", "usage": USAGE}
    without = json.dumps({"id": "x", "choices": [text] * 900}).encode()
    assert read(without) == {"id": "x"}


def test_what_is_no_object_says_nothing() -> None:
    for body in (b"", b"[1, 2]", b"no json", b'{"a": ', b'"text"', b"\xff\xfe", b"[" * 5000):
        assert read(body) == {}
        assert first_members(body) == {}
        assert last_members(body) == {}


texts = st.text(max_size=30) | st.just('"usage": {"prompt_tokens": 1}')
values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["usage", "id", "model", "x"]) | texts, inner, max_size=3)
    ),
    max_leaves=20,
)


@given(
    body=st.dictionaries(st.sampled_from(["id", "model", "usage", "data", "x"]), values),
    whole=st.integers(0, 60),
    size=st.integers(1, 40),
)
def test_every_member_that_is_told_is_the_objects_own(
    body: dict[str, Any], whole: int, size: int
) -> None:
    data = json.dumps(body).encode()
    edges = Edges(whole_bytes=whole)
    for at in range(0, len(data), size):
        edges.add(data[at : at + size])
    found = edges.members()
    assert {name: body[name] for name in found} == found

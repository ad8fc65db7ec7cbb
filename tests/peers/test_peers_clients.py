"""The real openai and anthropic clients through the middleware, under uvicorn."""

import subprocess
import uuid
from pathlib import Path

import pytest

from tests.peers.environment import program
from tests.peers.peers import Place, counted, serving, sums

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, installed: Path, usage_broker: str) -> Place:
    """A place where the clients have made all their calls, and the server has ended."""
    folder = tmp_path_factory.mktemp("clients")
    place = Place(folder, installed, usage_broker, f"mw-{uuid.uuid4().hex[:8]}")
    with serving(place, "tests.peers.metered_app:app") as url:
        done = subprocess.run(
            [program("python"), "-m", "tests.peers.call_clients", url],
            env=place.environment(), capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    return place


def test_totals_are_what_the_upstream_counted_exactly(place: Place) -> None:
    served = [each for each in place.served() if each.status == 200]
    told = [each for each in served if each.told_usage and not each.is_aborted]
    assert len(told) == 9  # 2 chats, an embedding, 2 responses, a flaky one, 3 messages
    assert sums(place.told()) == counted(told)


def test_every_attempt_is_an_event_of_the_tenant_that_was_authenticated(place: Place) -> None:
    events = place.told()
    served = place.served()
    assert len(events) == len(served) == 16
    by_id = {event["response_id"]: event for event in events if event["response_id"]}
    for each in served:
        if each.status == 200 and not each.path.endswith("/embeddings"):  # they have no id
            event = by_id[each.response_id]
            is_message = each.path.endswith("/messages")
            assert event["tenant"] == ("globex" if is_message else "acme")
            assert (event["model"], event["is_stream"]) == (each.model, each.is_stream)


def test_how_attempts_ended_is_told(place: Place) -> None:
    ended = sorted(str(event["status"]) for event in place.told())
    # fail-429 and fail-500 twice each, by the client's retry; flaky once
    assert ended == ["client_disconnect", *["error"] * 3, *["ok"] * 10, *["rate_limited"] * 2]
    without = [event for event in place.told() if event["usage_source"] == "none"]
    assert all(event["input_tokens"] is None for event in without)
    assert len(without) == 1 + 1 + 5  # not asked for usage; left; failed


def test_no_text_of_a_prompt_or_answer_left_the_server(place: Place) -> None:
    assert place.leaks(b"PROMPTCANARY", b"ANSWERCANARY", b"sk-acme", b"sk-globex") == {}

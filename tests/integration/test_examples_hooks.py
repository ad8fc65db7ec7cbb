"""The examples of the hook do what they say, in a process of their own."""

import asyncio
import subprocess
import sys
import uuid
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from schemas.decimals import from_bytes
from schemas.topics import USAGE_INFERENCE
from tests.hook_parts import Client, answering, scope_of
from tests.peers.peers import Place
from tests.topics import shared_topic

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples" / "hooks"


@pytest.fixture
def place(tmp_path: Path, broker: str) -> Place:
    shared_topic(broker, USAGE_INFERENCE.name)
    hook = ROOT / "agents" / "gateway-hook"
    return Place(tmp_path, hook, broker, f"example-{uuid.uuid4().hex[:8]}")


def test_the_plain_client_tells_of_its_calls(place: Place) -> None:
    done = subprocess.run(
        [sys.executable, EXAMPLES / "plain_client.py"], env=place.environment(),
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    by_counts, by_answer, by_characters = place.told()
    assert (by_counts["input_tokens"], by_counts["cache_read_tokens"]) == (1200, 1024)
    assert (by_answer["input_tokens"], by_answer["output_tokens"]) == (150, 7)
    assert (by_answer["model"], by_answer["response_id"]) == ("claude-sonnet-4-5", "msg_1")
    [spoken] = by_characters["quantities"] or []
    assert from_bytes(spoken["quantity"]) == 350 * 10**12
    assert place.leaks(b"never looked at") == {}


def test_vllms_middleware_is_made_without_arguments_and_meters(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in place.environment().items():
        monkeypatch.setenv(name, value)
    spec = spec_from_file_location("vllm_middleware", EXAMPLES / "vllm_middleware.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    told = b'{"id": "c-1", "model": "llama", "usage": {"prompt_tokens": 3, "completion_tokens": 2}}'
    server = module.Metered(answering(told, headers=[(b"content-type", b"application/json")]))
    client = Client(b"{}")
    asyncio.run(server(scope_of("/v1/chat/completions"), client.receive, client.send))
    server._hook.close()
    [event] = place.told()
    assert (event["tenant"], event["endpoint"]) == ("acme", "llama-70b-prod")
    assert (event["input_tokens"], event["output_tokens"]) == (3, 2)

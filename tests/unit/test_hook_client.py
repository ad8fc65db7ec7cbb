"""The client: what it takes, what it counts, and what it does while there is no outbox."""

import logging
import re
from collections.abc import Callable
from pathlib import Path
from threading import Event as Flag
from typing import Any, cast

import pytest

from agents.errors import OutboxDiskRefused, SettingsInvalid
from agents.outbox.outbox import Outbox
from apportion_hook import Hook, HookConfig
from apportion_hook.hook import KNOWN
from apportion_hook.settings import NEEDED, from_environment
from tests.hook_parts import CONFIG, KeptOutbox, hook_with, small_limits

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = ROOT / "agents" / "gateway-hook" / "apportion_hook" / "settings.py"
CALL: dict[str, Any] = {"provider": "openai", "model": "gpt-4o", "tenant": "acme"}


def test_a_call_is_told_by_the_fields_of_the_schema() -> None:
    outbox = KeptOutbox()
    assert hook_with(outbox).record(**CALL, input_tokens=12, output_tokens=7, at_us=5)
    [event] = outbox.events
    assert {name: value for name, value in event.items() if value is not None} == {
        **CALL, "input_tokens": 12, "output_tokens": 7, "at_us": 5,
    }  # fmt: skip
    assert event.keys() == KNOWN


def test_a_call_without_an_instant_is_one_of_now() -> None:
    outbox = KeptOutbox()
    hook_with(outbox).record(**CALL)
    assert outbox.events[0]["at_us"] > 1_767_225_600_000_000  # 2026


@pytest.mark.parametrize(
    "call", [{"provider": "openai"}, {"model": "m"}, {**CALL, "prompt": "my SECRET"}]
)
def test_what_is_no_event_is_counted_and_never_raises(
    call: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    hook, outbox = hook_with(kept := KeptOutbox()), kept
    with caplog.at_level(logging.WARNING, "apportion_hook"):
        assert [hook.record(**call) for _ in range(50)] == [False] * 50
    assert outbox.events == []
    assert hook.refused == {"bad_event": 50}
    assert len(caplog.records) == 1, "said once, counted always"
    assert "SECRET" not in caplog.text


@pytest.mark.parametrize(
    ("dialect", "body", "expected"),
    [
        ("openai_chat", {"id": "c", "model": "gpt-4o-1", "usage": {"prompt_tokens": 3}}, (3, None)),
        ("anthropic", {"id": "m", "usage": {"input_tokens": 1, "cache_read_input_tokens": 2,
                                            "output_tokens": 4}}, (3, 4)),
        ("gemini", {"usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 2,
                                      "thoughtsTokenCount": 3}}, (1, 5)),
        ("bedrock", {"usage": {"inputTokens": 5, "outputTokens": 6}}, (5, 6)),
        ("cohere", {"usage": {"billed_units": {"input_tokens": 7, "output_tokens": 8}}}, (7, 8)),
        ("tgi", {"details": {"generated_tokens": 9, "input_length": 1}}, (1, 9)),
    ],
)  # fmt: skip
def test_a_call_is_told_by_the_providers_own_answer(
    dialect: str, body: dict[str, Any], expected: tuple[int | None, int | None]
) -> None:
    outbox = KeptOutbox()
    assert hook_with(outbox).record_answer(dialect, body, **{**CALL, "tenant": "t"})
    [event] = outbox.events
    assert (event["input_tokens"], event["output_tokens"]) == expected
    assert (event["usage_source"], event["status"], event["tenant"]) == ("provider", "ok", "t")
    assert event["model"] == "gpt-4o", "what the caller says wins"


@pytest.mark.parametrize(
    ("dialect", "body"),
    [("morse", {}), ("openai_chat", {"usage": {"prompt_tokens": "my SECRET"}}),
     ("openai_chat", "my SECRET")],
)  # fmt: skip
def test_an_answer_that_cannot_be_read_is_a_call_without_usage(
    dialect: str, body: Any, caplog: pytest.LogCaptureFixture  # noqa: ANN401
) -> None:  # fmt: skip
    hook = hook_with(outbox := KeptOutbox())
    assert hook.record_answer(dialect, body, **CALL)
    assert [event["usage_source"] for event in outbox.events] == ["none"]
    assert hook.refused == {"unreadable_answer": 1}
    assert "SECRET" not in caplog.text


class Opening:
    """Opens an outbox when a test says so, after as many failures as it wants."""

    def __init__(self, outbox: KeptOutbox, failures: int = 0) -> None:
        self.outbox = outbox
        self.go = Flag()
        self._failures = failures

    def __call__(self, config: HookConfig) -> Outbox:
        if self._failures:
            self._failures -= 1
            raise OutboxDiskRefused(config.directory, "the disk is full", is_full=True)
        self.go.wait(10)
        return cast("Outbox", self.outbox)


def waiting(opening: Callable[[HookConfig], Outbox], events: int) -> Hook:
    return Hook(
        HookConfig(source="gw", directory=CONFIG.directory, kafka={}, limits=small_limits(events)),
        opened=opening,
    )


def test_events_wait_for_the_outbox_and_what_has_no_room_is_reported_as_lost() -> None:
    opening = Opening(KeptOutbox())
    hook = waiting(opening, events=5)
    assert [hook.record(**CALL, request_id=str(n)) for n in range(8)] == [True] * 5 + [False] * 3
    assert hook.stats().buffered == 5
    opening.go.set()
    assert hook.flush()
    hook.record(**CALL, request_id="8")
    told = [event["request_id"] for event in opening.outbox.events]
    assert told == ["0", "1", "2", "3", "4", "8"], "the newest were dropped"
    [(events, first_us, last_us)] = opening.outbox.lost
    assert events == 3
    assert 0 < first_us <= last_us


def test_an_outbox_that_cannot_be_opened_is_tried_again(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apportion_hook.hook.FIRST_PAUSE_S", 0.001)
    opening = Opening(KeptOutbox(), failures=3)
    opening.go.set()
    hook = waiting(opening, events=5)
    assert hook.record(**CALL)
    assert hook.flush()
    assert len(opening.outbox.events) == 1
    assert caplog.text.count("outbox_not_opened") == 3


def test_a_process_that_ends_at_once_still_tells_of_its_only_call() -> None:
    opening = Opening(KeptOutbox())
    opening.go.set()
    hook = waiting(opening, events=5)
    hook.record(**CALL)
    left = hook.close()
    assert left is not None
    assert left.is_drained
    assert len(opening.outbox.events) == 1


def test_what_never_reached_an_outbox_is_said(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apportion_hook.hook.FIRST_PAUSE_S", 0.001)
    hook = waiting(Opening(KeptOutbox(), failures=10**6), events=5)
    hook.record(**CALL)
    assert hook.close() is None
    assert "events_lost count=1" in caplog.text
    assert hook.record(**CALL) is False


def test_a_call_never_raises_where_no_thread_can_be_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_: object) -> None:
        raise RuntimeError("can't start new thread")

    opening = Opening(KeptOutbox())
    opening.go.set()
    hook = waiting(opening, events=5)
    with monkeypatch.context() as patched:
        patched.setattr("threading.Thread.start", refuse)
        assert hook.record(**CALL)
    assert hook.record(**CALL)
    assert hook.flush()
    assert len(opening.outbox.events) == 2


def test_a_child_of_a_fork_leaves_all_to_its_parent() -> None:
    outbox = KeptOutbox()
    hook = hook_with(outbox)
    hook.record(**CALL)
    hook._forked()
    assert outbox.is_forked
    assert hook.stats().accepted == 0
    assert hook.record(**CALL)  # opens anew
    assert hook.flush()


def test_the_environment_says_it_all() -> None:
    config = from_environment({
        "APPORTION_HOOK_SOURCE": "gw-eu", "APPORTION_HOOK_DIRECTORY": "/var/lib/apportion",
        "APPORTION_HOOK_KAFKA": "a:1,b:2", "APPORTION_HOOK_KAFKA_SASL_PASSWORD": "hunter2",
        "APPORTION_HOOK_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "APPORTION_HOOK_TENANT_FROM": "user_api_key_org_id",
        "APPORTION_HOOK_ENDPOINTS": "llama*=llama-prod, qwen=qwen-1",
    })  # fmt: skip
    assert config.directory == Path("/var/lib/apportion")
    assert config.kafka == {
        "bootstrap.servers": "a:1,b:2", "sasl.password": "hunter2",
        "security.protocol": "SASL_SSL",
    }  # fmt: skip
    assert (config.tenant, config.tenant_from) == (None, "user_api_key_org_id")
    assert config.endpoints == {"llama*": "llama-prod", "qwen": "qwen-1"}
    assert "hunter2" not in repr(config)


def test_all_that_is_missing_is_named_at_once() -> None:
    with pytest.raises(SettingsInvalid) as raised:
        from_environment({"APPORTION_HOOK_SOURCE": ""})
    assert [fault.partition(":")[0] for fault in raised.value.faults] == [
        "APPORTION_HOOK_SOURCE", "APPORTION_HOOK_DIRECTORY", "APPORTION_HOOK_KAFKA",
    ]  # fmt: skip


def test_every_variable_is_in_the_documentation() -> None:
    page = (ROOT / "docs" / "gateway-hooks.md").read_text(encoding="utf-8")
    read = set(re.findall(r'PREFIX \+ "([A-Z_]+)"', SETTINGS.read_text(encoding="utf-8"))) | {
        *NEEDED
    }
    assert len(read) == 6
    assert [name for name in read if f"`APPORTION_HOOK_{name}`" not in page] == []

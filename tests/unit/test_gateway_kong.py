"""Kong's http-log as calls. The entry has the shape that Kong documents."""

import copy
from typing import Any

import pytest

from agents.gateway.normalise.kong import from_http_log
from agents.gateway.normalise.outcome import Call, Declared, Ignored, Outcome, Refused

SOURCE = Declared(name="kong-eu")
ENTRY: dict[str, Any] = {
    "request": {
        "id": "9ec9264afbbbad5fe5c64877d92eeb04",
        "uri": "/v1/chat/completions",
        "headers": {"x-tenant": "evil", "authorization": "REDACTED"},
    },
    "response": {"status": 200},
    "started_at": 1_787_113_201_719,
    "latencies": {"request": 1_526, "kong": 2, "proxy": 1_524},
    "consumer": {"id": "ae97", "username": "acme-app", "custom_id": "acme"},
    "workspace_name": "default",
    "service": {"name": "llama"},
    "ai": {
        "proxy": {
            "usage": {
                "prompt_tokens": 28,
                "completion_tokens": 20,
                "total_tokens": 48,
                "cost": 0.0038,
                "time_per_token": 133,
            },
            "meta": {
                "provider_name": "openai",
                "request_model": "gpt-4o",
                "response_model": "gpt-4o-2024-08-06",
                "plugin_id": "546c3856",
                "llm_latency": 2670,
            },
            "payload": {"request": "the prompt", "response": "the answer"},
        }
    },
}


def read(source: Declared = SOURCE, **changes: object) -> list[Outcome]:
    entry = copy.deepcopy(ENTRY)
    for path, value in changes.items():
        *steps, last = path.split("__")
        place = entry
        for step in steps:
            place = place[step]
        place[last] = value
    return list(from_http_log(entry, source))


def call(outcomes: list[Outcome]) -> dict[str, Any]:
    [outcome] = outcomes
    assert isinstance(outcome, Call), outcome
    return dict(outcome.event)


def test_a_logged_request_is_a_call() -> None:
    event = call(read())
    told = {key: value for key, value in event.items() if value is not None}
    assert told == {
        "at_us": 1_787_113_203_245_000,
        "started_at_us": 1_787_113_201_719_000,
        "tenant": "acme",
        "provider": "openai",
        "model": "gpt-4o-2024-08-06",
        "request_id": "9ec9264afbbbad5fe5c64877d92eeb04",
        "operation_id": "9ec9264afbbbad5fe5c64877d92eeb04",
        "input_tokens": 28,
        "output_tokens": 20,
        "status": "ok",
        "usage_source": "provider",
        "gateway": "kong-eu",
    }


def test_older_names_of_counts_are_read() -> None:
    event = call(read(ai__proxy__usage={"prompt_token": 7, "completion_token": 5}))
    assert (event["input_tokens"], event["output_tokens"]) == (7, 5)


def test_zeros_are_not_told() -> None:
    event = call(read(ai__proxy__usage={"prompt_tokens": 0, "completion_tokens": 0}))
    assert (event["input_tokens"], event["output_tokens"]) == (None, None)
    assert event["usage_source"] == "none"


def test_a_hit_of_the_semantic_cache_avoided_its_tokens() -> None:
    event = call(read(ai__proxy__cache={"cache_status": "Hit", "fetch_latency": 21}))
    assert (event["input_tokens"], event["output_tokens"]) == (None, None)
    assert (event["avoided_input_tokens"], event["avoided_output_tokens"]) == (28, 20)
    assert event["gateway_cache"] == "hit"


def test_each_plugin_that_called_a_model_is_a_call_of_its_own() -> None:
    plugins = {**ENTRY["ai"], "ai-request-transformer": {
        "usage": {"prompt_tokens": 3, "completion_tokens": 2},
        "meta": {"provider_name": "azure", "request_model": "gpt-35-turbo"}}}  # fmt: skip
    outcomes = read(ai=plugins)
    calls = [outcome for outcome in outcomes if isinstance(outcome, Call)]
    assert [one.event["input_tokens"] for one in calls] == [28, 3]
    assert len({one.identity for one in calls}) == 2
    assert len({one.event["request_id"] for one in calls}) == 2


@pytest.mark.parametrize(
    ("source", "tenant"),
    [
        (SOURCE, "acme"),
        (Declared(name="k", tenant="globex"), "globex"),
        (Declared(name="k", tenant_from="consumer.username"), "acme-app"),
        (Declared(name="k", tenant_from="workspace_name"), "default"),
        (Declared(name="k", tenant_from="request.headers.x-tenant"), None),
    ],
)
def test_the_tenant_is_whom_kong_authenticated(source: Declared, tenant: str | None) -> None:
    assert call(read(source))["tenant"] == tenant


def test_without_a_consumer_nobody_is_known() -> None:
    assert call(read(consumer=None))["tenant"] is None


def test_a_service_may_be_an_endpoint_of_ours() -> None:
    assert (
        call(read(Declared(name="k", endpoints={"llama*": "llama-70b"})))["endpoint"] == "llama-70b"
    )


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (200, "ok"),
        (429, "rate_limited"),
        (499, "client_disconnect"),
        (504, "timeout"),
        (500, "error"),
    ],
)
def test_how_it_ended(status: int, expected: str) -> None:
    event = call(read(response__status=status))
    assert event["status"] == expected
    assert event["error_type"] == (None if status == 200 else str(status))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"request__id": None}, "missing_name"),
        ({"started_at": None}, "bad_time"),
        ({"started_at": 12}, "bad_time"),
        ({"ai__proxy__usage": {"prompt_tokens": -3}}, "bad_count"),
        ({"ai__proxy__meta": {"request_model": "m"}}, "missing_name"),
        ({"consumer": {"custom_id": "x" * 300}}, "bad_name"),
    ],
)
def test_what_cannot_be_billed_is_refused_with_a_reason(
    change: dict[str, object], reason: str
) -> None:
    [outcome] = read(SOURCE, **change)
    assert isinstance(outcome, Refused)
    assert outcome.reason == reason


@pytest.mark.parametrize(
    "entry", [{}, {"ai": {}}, {"ai": {"payload": {"request": "x"}}}, [], 1, None]
)
def test_what_called_no_model_is_ignored(entry: object) -> None:
    assert list(from_http_log(entry, SOURCE)) == [Ignored("not_a_model_call")]


def test_no_text_of_a_call_gets_through() -> None:
    assert "the prompt" not in repr(read())
    assert "the answer" not in repr(read())

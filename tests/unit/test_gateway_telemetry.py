"""OpenTelemetry's spans and log records as calls, in both encodings, old names and new."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import pytest

from agents.gateway.normalise import otlp_json, otlp_protobuf, telemetry
from agents.gateway.normalise.outcome import Call, Declared, Ignored, Outcome, Refused
from agents.gateway.normalise.values import Unfit
from schemas.decimals import ONE, to_bytes
from tests.builders.telemetry import CHAT, PROMPT, START_NS, logs, logs_json, traces, traces_json

SOURCE = Declared(name="app", is_unsampled=True, tenant_from="tenant.id")
START_US = START_NS // 1000

Read: TypeAlias = Callable[..., list[Outcome]]


def by_protobuf(
    *spans: Mapping[str, object],
    source: Declared = SOURCE,
    first: int = 1,
    trace_state: str = "",
    is_error: bool = False,
) -> list[Outcome]:
    export = traces(*spans, first=first, trace_state=trace_state, is_error=is_error)
    found = otlp_protobuf.spans(export, telemetry.wanted(source))
    return [telemetry.from_span(span, source) for span in found]


def by_json(
    *spans: Mapping[str, object],
    source: Declared = SOURCE,
    first: int = 1,
    trace_state: str = "",
    is_error: bool = False,
) -> list[Outcome]:
    export = traces_json(*spans, first=first, trace_state=trace_state, is_error=is_error)
    found = otlp_json.spans(export, telemetry.wanted(source))
    return [telemetry.from_span(span, source) for span in found]


@pytest.fixture(params=[by_protobuf, by_json])
def read(request: pytest.FixtureRequest) -> Read:
    found: Read = request.param
    return found


def call(outcomes: list[Outcome]) -> dict[str, Any]:
    [outcome] = outcomes
    assert isinstance(outcome, Call), outcome
    return dict(outcome.event)


def test_a_chat_span_is_a_call(read: Read) -> None:
    event = call(read({**CHAT, "gen_ai.response.id": "r-1", "gen_ai.request.stream": True,
                       "gen_ai.response.time_to_first_chunk": 0.25}))  # fmt: skip
    assert event == {
        "at_us": START_US + 2_000_000,
        "tenant": "acme",
        "project": None,
        "provider": "openai",
        "model": "gpt-4o-2024-08-06",
        "endpoint": None,
        "request_id": "00000000000000000000000000000001-0000000000000001",
        "input_tokens": 1200,
        "cache_read_tokens": None,
        "cache_write_5m_tokens": None,
        "cache_write_1h_tokens": None,
        "output_tokens": 80,
        "reasoning_tokens": None,
        "region": None,
        "service_tier": None,
        "quantities": None,
        "response_id": "r-1",
        "operation_id": "00000000000000000000000000000001",
        "operation": "chat",
        "status": "ok",
        "error_type": None,
        "usage_source": "provider",
        "started_at_us": START_US,
        "first_token_at_us": START_US + 250_000,
        "is_stream": True,
        "gateway": "app",
    }


def test_both_encodings_say_the_same() -> None:
    spans = ({**CHAT, "gen_ai.usage.cache_read.input_tokens": 1024}, {"http.method": "GET"})
    assert by_protobuf(*spans, is_error=True) == by_json(*spans, is_error=True)


@pytest.mark.parametrize(
    ("attributes", "field", "expected"),
    [
        ({"gen_ai.usage.cache_read.input_tokens": 1024}, "cache_read_tokens", 1024),
        ({"gen_ai.usage.cache_read_input_tokens": 7}, "cache_read_tokens", 7),
        ({"gen_ai.usage.cache_write.input_tokens": 9}, "cache_write_5m_tokens", 9),
        ({"gen_ai.usage.cache_creation.input_tokens": 9}, "cache_write_5m_tokens", 9),
        ({"gen_ai.usage.cache_creation_input_tokens": 9}, "cache_write_5m_tokens", 9),
        ({"gen_ai.usage.reasoning.output_tokens": 5}, "reasoning_tokens", 5),
        ({"gen_ai.usage.output_tokens.reasoning": 5}, "reasoning_tokens", 5),
        ({"openai.response.service_tier": "flex"}, "service_tier", "flex"),
        ({"gen_ai.openai.response.service_tier": "priority"}, "service_tier", "priority"),
        ({"error.type": "429"}, "status", "rate_limited"),
        ({"error.type": "timeout"}, "status", "timeout"),
        ({"error.type": "ValueError"}, "status", "error"),
        ({"error.type": "text of a prompt, with spaces"}, "error_type", None),
        ({"gen_ai.response.time_to_first_chunk": -1.0}, "first_token_at_us", None),
        ({"gen_ai.usage.audio.input_tokens": 3}, "quantities",
         [{"meter": "tokens.input_audio", "unit": "Tokens", "quantity": to_bytes(3 * ONE)}]),
    ],
)  # fmt: skip
def test_each_name_means_what_it_says(
    read: Read, attributes: dict[str, object], field: str, expected: object
) -> None:
    assert call(read({**CHAT, **attributes}))[field] == expected


OLD_NAMES = {
    "gen_ai.system": "openai",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.usage.prompt_tokens": 10,
    "gen_ai.usage.completion_tokens": 4,
    "llm.request.type": "chat",
}
OPENINFERENCE = {
    "openinference.span.kind": "LLM",
    "llm.provider": "openai",
    "llm.model_name": "gpt-4o",
    "llm.token_count.prompt": 10,
    "llm.token_count.completion": 4,
    "llm.token_count.prompt_details.cache_read": 8,
    "llm.input_messages.0.message.content": PROMPT,
}


@pytest.mark.parametrize("attributes", [OLD_NAMES, OPENINFERENCE])
def test_names_from_before_are_read(read: Read, attributes: dict[str, object]) -> None:
    event = call(read(attributes))
    counts = event["input_tokens"], event["output_tokens"], event["operation"]
    assert counts == (10, 4, "chat")


def test_a_newer_name_wins_over_an_older_one(read: Read) -> None:
    event = call(read({**CHAT, "gen_ai.system": "az.ai.openai", "gen_ai.usage.prompt_tokens": 1}))
    assert (event["provider"], event["input_tokens"]) == ("openai", 1200)


@pytest.mark.parametrize("operation", ["invoke_agent", "invoke_workflow", "create_agent",
                                       "execute_tool", "fetch_response", "plan"])  # fmt: skip
def test_totals_over_calls_are_not_counted_again(read: Read, operation: str) -> None:
    assert read({**CHAT, "gen_ai.operation.name": operation}) == [Ignored("not_a_leaf_call")]


@pytest.mark.parametrize("operation", ["chat", "text_completion", "generate_content", "embeddings"])
def test_every_leaf_counts(read: Read, operation: str) -> None:
    assert call(read({**CHAT, "gen_ai.operation.name": operation}))["operation"] == operation


def test_a_chain_of_old_instrumentation_is_no_call(read: Read) -> None:
    told = {**OPENINFERENCE, "openinference.span.kind": "CHAIN"}
    assert read(told) == [Ignored("not_a_leaf_call")]


def test_spans_of_a_source_that_may_sample_are_refused(read: Read) -> None:
    [outcome] = read(CHAT, source=Declared(name="app"))
    assert isinstance(outcome, Refused)
    assert outcome.reason == "sampled"


@pytest.mark.parametrize(
    ("state", "is_kept"),
    [("ot=th:8", False), ("ot=th:0", True), ("a=b,ot=rv:1;th:fd70a4", False), ("", True)],
)
def test_a_trace_that_says_it_was_sampled_is_refused(
    read: Read, state: str, *, is_kept: bool
) -> None:
    [outcome] = read(CHAT, trace_state=state)
    assert isinstance(outcome, Call) == is_kept


def test_missing_counts_are_not_zero(read: Read) -> None:
    told = {key: value for key, value in CHAT.items() if "usage" not in key}
    event = call(read(told, is_error=True))
    assert (event["input_tokens"], event["output_tokens"]) == (None, None)
    assert (event["usage_source"], event["status"]) == ("none", "error")


def test_the_tenant_comes_from_the_declared_attribute_only(read: Read) -> None:
    source = Declared(name="app", is_unsampled=True)
    assert call(read(CHAT, source=source))["tenant"] is None


def test_the_declared_tenant_wins_over_what_a_payload_says(read: Read) -> None:
    source = Declared(name="app", is_unsampled=True, tenant="globex", tenant_from="tenant.id")
    assert call(read(CHAT, source=source))["tenant"] == "globex"


def test_cached_tokens_are_added_where_the_source_leaves_them_out(read: Read) -> None:
    source = Declared(name="app", is_unsampled=True, adds_cache=True)
    told = {**CHAT, "gen_ai.usage.cache_read.input_tokens": 50,
            "gen_ai.usage.cache_write.input_tokens": 30}  # fmt: skip
    assert call(read(told, source=source))["input_tokens"] == 1280


def test_providers_and_endpoints_go_by_what_the_operator_declares(read: Read) -> None:
    source = Declared(name="app", is_unsampled=True, providers={"open*": "azure"},
                      endpoints={"*.llm.svc": "llama-70b"})  # fmt: skip
    event = call(read({**CHAT, "server.address": "vllm.llm.svc"}, source=source))
    assert (event["provider"], event["endpoint"]) == ("azure", "llama-70b")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"gen_ai.usage.input_tokens": -1}, "bad_count"),
        ({"gen_ai.usage.input_tokens": "many"}, "bad_count"),
        ({"gen_ai.usage.input_tokens": 1.5}, "bad_count"),
        ({"gen_ai.response.model": "", "gen_ai.request.model": ""}, "missing_name"),
        ({"gen_ai.provider.name": "x" * 300}, "bad_name"),
        ({"tenant.id": 12}, "bad_name"),
    ],
)
def test_what_cannot_be_billed_is_refused_with_a_reason(
    read: Read, change: dict[str, object], reason: str
) -> None:
    [outcome] = read({**CHAT, **change})
    assert isinstance(outcome, Refused)
    assert outcome.reason == reason


def test_a_span_without_ids_is_refused() -> None:
    for read in (by_protobuf, by_json):
        [outcome] = read(CHAT, first=0)
        assert isinstance(outcome, Refused)
        assert outcome.reason == "missing_identity"


def test_no_text_of_a_call_gets_through(read: Read) -> None:
    everything = read(CHAT, {**CHAT, "error.type": PROMPT + " "}, is_error=True)
    everything += read({**CHAT, "gen_ai.usage.input_tokens": PROMPT})
    assert "nobody-may-keep" not in repr(everything)


def log_outcomes(source: Declared, attributes: dict[str, object], event: str) -> list[Outcome]:
    wanted = telemetry.wanted(source)
    found = [
        *otlp_protobuf.log_records(logs(attributes, event), wanted),
        *otlp_json.log_records(logs_json(attributes, event), wanted),
    ]
    return [telemetry.from_log(record, source) for record in found]


def test_the_event_of_a_call_has_the_identity_of_its_span() -> None:
    outcomes = log_outcomes(SOURCE, CHAT, "gen_ai.client.inference.operation.details")
    [span] = by_protobuf(CHAT)
    for outcome in outcomes:
        assert isinstance(outcome, Call)
        assert isinstance(span, Call)
        assert outcome.identity == span.identity
        assert outcome.event["input_tokens"] == 1200


def test_other_log_records_are_ignored() -> None:
    assert log_outcomes(SOURCE, CHAT, "gen_ai.user.message") == [Ignored("not_a_call_event")] * 2


def test_access_logs_over_otlp_are_read_by_the_declared_names() -> None:
    source = Declared(
        name="envoy",
        fields={"tenant": "x-tenant", "request_id": "rid", "started_at": "begun", "model": "m",
                "provider": "b", "input_tokens": "in", "output_tokens": "out"},
    )  # fmt: skip
    line = {"x-tenant": "acme", "rid": "r1", "begun": "2026-11-21T09:00:00Z", "m": "gpt-4o",
            "b": "openai", "in": 10, "out": "4"}  # fmt: skip
    outcomes = log_outcomes(source, line, "")
    assert len(outcomes) == 2
    assert outcomes[0] == outcomes[1]
    event = call(outcomes[:1])
    assert (event["tenant"], event["input_tokens"], event["output_tokens"]) == ("acme", 10, 4)


def test_what_is_no_protobuf_and_no_export_is_unfit() -> None:
    with pytest.raises(Unfit):
        otlp_protobuf.spans(b"\xff\xff", frozenset())
    with pytest.raises(Unfit):
        list(otlp_json.spans({"resourceSpans": {}}, frozenset()))

"""LiteLLM's payloads, as its proxy 1.106.2 wrote them (`payloads/`), and what they mean."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from agents.gateway.normalise.litellm import from_payload, identity, kept
from agents.gateway.normalise.outcome import Call, Declared, Ignored, Refused
from schemas.codec import Codec
from schemas.decimals import from_bytes, to_pico
from schemas.records import InferenceUsage

PAYLOADS = Path(__file__).parent / "payloads" / "litellm-1.106.2.jsonl"
CASES: dict[str, dict[str, Any]] = {
    each["case"]: each["payload"]
    for each in map(json.loads, PAYLOADS.read_text(encoding="utf-8").splitlines())
}
GATEWAY = Declared(name="gw-1")
COUNTED = {"input_tokens": 1200, "cache_read_tokens": 1024, "output_tokens": 80,
           "reasoning_tokens": 16}  # fmt: skip
EXPECTED: dict[str, dict[str, Any]] = {
    "ok": {
        **COUNTED, "tenant": "acme", "provider": "openai", "model": "gpt-4o", "status": "ok",
        "usage_source": "provider", "service_tier": "priority", "is_stream": False,
        "operation": "chat", "operation_id": "tt", "key_hash": "hashed-key",
        "response_id": "chatcmpl-up-1795960406354055059", "gateway": "gw-1",
        "error_type": None, "first_token_at_us": None, "gateway_cache": None,
    },
    "cache_hit": {
        "input_tokens": None, "output_tokens": None, "cache_read_tokens": None,
        "avoided_input_tokens": 1200, "avoided_output_tokens": 80, "gateway_cache": "hit",
        "response_id": None, "status": "ok", "usage_source": None, "service_tier": None,
    },
    "stream": {
        **COUNTED, "is_stream": True, "usage_source": "provider", "gateway_cache": "miss",
        "avoided_input_tokens": None,
    },
    "disconnect": {
        "input_tokens": 13, "output_tokens": 13, "status": "client_disconnect",
        "error_type": "ClientDisconnected", "usage_source": "estimate", "reported_cost": None,
    },
    "rate_limited": {
        "input_tokens": None, "output_tokens": None, "status": "rate_limited",
        "error_type": "RateLimitError", "usage_source": "none", "model": "fail-429",
        "reported_cost": None, "response_id": None, "raw_usage": None,
    },
    "fallback": {**COUNTED, "status": "ok", "model": "gpt-4o"},
    "anthropic": {
        # 100 + 50 read + 10 and 20 written
        "provider": "anthropic", "model": "claude-sonnet-4-5", "input_tokens": 180,
        "cache_read_tokens": 50, "cache_write_5m_tokens": 10, "cache_write_1h_tokens": 20,
        "output_tokens": 7, "service_tier": "standard", "response_id": None,
    },
    "anthropic_messages": {
        "operation": "chat", "response_id": "msg_1", "input_tokens": 180, "output_tokens": 7,
    },
    "embedding": {
        "operation": "embeddings", "input_tokens": 8, "output_tokens": 0, "response_id": None,
        "model": "text-embedding-3-small", "cache_read_tokens": None,
    },
    "self_hosted": {**COUNTED, "provider": "hosted_vllm", "model": "llama-70b", "endpoint": None},
}  # fmt: skip


def event_of(payload: dict[str, Any], source: Declared = GATEWAY) -> InferenceUsage:
    outcome = from_payload(payload, source)
    assert isinstance(outcome, Call), outcome
    return outcome.event


def changed(case: str, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {**CASES[case], **fields}


@pytest.mark.parametrize("case", CASES)
def test_a_payload_means_what_happened(case: str) -> None:
    event = event_of(CASES[case])
    assert {field: event.get(field) for field in EXPECTED[case]} == EXPECTED[case]


@pytest.mark.parametrize("case", CASES)
def test_nothing_a_client_wrote_or_read_is_in_the_event(case: str) -> None:
    assert "SECRET" in json.dumps(CASES[case]["messages"])
    wire = Codec().encode("InferenceUsageBatch", {
        "source": "s", "epoch": 1, "seq": 0, "sent_at_us": 1, "losses": [],
        "events": [event_of(CASES[case])],
    })  # fmt: skip
    for leaked in (b"SECRET", b"evil", b"curl", b"127.0.0.1", b"u-1"):
        assert leaked not in wire


@pytest.mark.parametrize("case", CASES)
def test_what_is_kept_for_later_says_the_same_and_holds_no_message(case: str) -> None:
    apart = kept(CASES[case])
    assert apart is not None
    assert from_payload(apart, GATEWAY) == from_payload(CASES[case], GATEWAY)
    assert apart.keys() & {"messages", "hidden_params"} == set()
    assert apart["response"] in ({"service_tier": "priority"}, {"service_tier": None})
    assert apart["metadata"] is not CASES[case]["metadata"]


@pytest.mark.parametrize("told", [None, "text", ["list"]])
def test_nothing_is_kept_of_what_is_no_payload(told: object) -> None:
    assert kept(told) is None
    assert isinstance(from_payload(kept(told), GATEWAY), Ignored)


def test_instants_and_cost_are_exact_to_the_microsecond_and_pico() -> None:
    event = event_of(changed("ok", startTime=1795960404.5, endTime=1795960406.25,
                             response_cost=8.250000000000001e-05))  # fmt: skip
    assert event["started_at_us"] == 1_795_960_404_500_000
    assert event["at_us"] == 1_795_960_406_250_000
    # 0.00008250000000000001 is 82,500,000.00000001 pico
    assert from_bytes(event["reported_cost"] or b"") == to_pico(Decimal("0.0000825"))
    assert event["reported_currency"] == "USD"


def test_attempts_that_share_a_call_id_are_told_apart() -> None:
    failed, then = CASES["rate_limited"], CASES["fallback"]
    assert failed["litellm_call_id"] == then["litellm_call_id"]
    assert identity(failed) != identity(then)
    assert event_of(failed)["operation_id"] == event_of(then)["operation_id"]


METADATA = CASES["ok"]["metadata"]


@pytest.mark.parametrize(
    ("metadata", "tenant_from", "tenant"),
    [
        ({}, None, "acme"),
        ({"user_api_key_auth_metadata": None}, None, "team-1"),
        ({"user_api_key_auth_metadata": {}, "user_api_key_team_id": None}, None, None),
        ({"user_api_key_org_id": "org-9"}, "user_api_key_org_id", "org-9"),
        ({}, "requester_metadata.tenant", None),
        ({}, "user_api_key_end_user_id", None),
    ],
)
def test_only_what_litellm_authenticated_says_who_pays(
    metadata: dict[str, Any], tenant_from: str | None, tenant: str | None
) -> None:
    assert METADATA["requester_metadata"]["tenant"] == "evil-tenant"
    payload = changed("ok", metadata={**METADATA, **metadata})
    source = Declared(name="gw-1", tenant_from=tenant_from)
    assert event_of(payload, source)["tenant"] == tenant


def test_an_operator_may_say_who_pays_and_what_is_self_hosted() -> None:
    source = Declared(name="gw-1", tenant="t-1", endpoints={"self*": "llama-70b-prod"},
                      providers={"hosted_vllm": "vllm"})  # fmt: skip
    event = event_of(CASES["self_hosted"], source)
    assert (event["tenant"], event["endpoint"], event["provider"]) == (
        "t-1", "llama-70b-prod", "vllm",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("provider", "options", "counted_by"),
    [
        ("openai", {"include_usage": True}, "provider"),
        ("openai", None, "estimate"),
        ("hosted_vllm", {"include_usage": False}, "estimate"),
        ("anthropic", None, "provider"),
        ("mistral", None, None),
    ],
)
def test_a_stream_whose_usage_was_not_asked_for_was_counted_by_litellm(
    provider: str, options: dict[str, bool] | None, counted_by: str | None
) -> None:
    payload = changed("stream", custom_llm_provider=provider,
                      model_parameters={"stream": True, "stream_options": options})  # fmt: skip
    assert event_of(payload)["usage_source"] == counted_by


def test_a_model_is_called_what_it_is_priced_as() -> None:
    priced = {"model_map_key": "azure/gpt-4o", "model_map_value": {"key": "gpt-4o"}}
    payload = changed("ok", custom_llm_provider="azure", model="azure/our-deployment",
                      model_map_information=priced)  # fmt: skip
    event = event_of(payload)
    assert (event["provider"], event["model"]) == ("azure.ai.openai", "gpt-4o")
    unknown = changed("ok", model_map_information={"model_map_key": "x", "model_map_value": None})
    assert event_of(unknown)["model"] == "gpt-4o"


@pytest.mark.parametrize("call_type", ["acreate_file", "avector_store_search", "create_batch"])
def test_what_calls_no_model_and_used_nothing_is_no_call(call_type: str) -> None:
    nothing = {"metadata": {}, "prompt_tokens": 0, "completion_tokens": 0}
    payload = changed("ok", call_type=call_type, **nothing)
    assert from_payload(payload, GATEWAY) == Ignored("not_a_model_call")
    told = event_of(changed("ok", call_type="_arealtime"))
    assert (told["operation"], told["input_tokens"]) == ("arealtime", 1200)


@pytest.mark.parametrize(
    "call_type", ["aretrieve_batch", "alist_batches", "afile_list", "video_retrieve_job"]
)
def test_what_only_asks_how_a_batch_is_getting_on_is_no_call(call_type: str) -> None:
    assert from_payload(changed("ok", call_type=call_type), GATEWAY) == Ignored("not_a_model_call")


@pytest.mark.parametrize(
    ("fields", "reason", "detail"),
    [
        ({"endTime": None}, "bad_time", "expected endTime in seconds"),
        ({"endTime": 1795960406354}, "bad_time", "expected endTime in seconds"),
        ({"endTime": float("nan")}, "bad_time", "expected endTime in seconds"),
        ({"custom_llm_provider": None}, "missing_name", "expected custom_llm_provider"),
        ({"litellm_call_id": None, "id": ""}, "missing_name", "expected litellm_call_id"),
    ],
)
def test_a_broken_payload_is_refused_with_a_reason(
    fields: dict[str, Any], reason: str, detail: str
) -> None:
    outcome = from_payload(changed("ok", **fields), GATEWAY)
    assert isinstance(outcome, Refused)
    assert outcome.reason == reason
    assert detail in outcome.detail
    assert "SECRET" not in outcome.detail


@pytest.mark.parametrize("chosen", ["x" * 1_000, "\ud800", {"a": 1}, 7])
def test_what_a_client_may_choose_does_not_keep_its_call_off_the_bill(chosen: object) -> None:
    """The call id by a header, the trace id by a field of the body."""
    payload = changed("ok", litellm_call_id=chosen, trace_id=chosen)
    event = event_of(payload)
    assert (event["input_tokens"], event["tenant"]) == (1200, "acme")
    assert (event["request_id"], event["operation_id"]) == (None, None)
    assert identity(payload) != identity(changed("ok", litellm_call_id="another"))


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"prompt_tokens": "SECRET"}, "bad_count"),
        ({"prompt_tokens": -1, "completion_tokens": 80}, "bad_count"),
        ({"prompt_tokens": float("nan")}, "bad_count"),
        ({"prompt_tokens": 10**30}, "bad_count"),
        ({"prompt_tokens": 1, "prompt_tokens_details": "SECRET"}, "bad_usage"),
    ],
)
def test_a_call_whose_usage_cannot_be_read_is_kept_without(told: object, reason: str) -> None:
    """It was answered, and may be billed: unknown spend is seen, a call that is left out is not."""
    metadata = {**METADATA, "usage_object": told}
    outcome = from_payload(changed("ok", metadata=metadata), GATEWAY)
    assert isinstance(outcome, Call)
    assert outcome.unread is not None
    assert (outcome.unread.reason, "SECRET" in outcome.unread.detail) == (reason, False)
    event = outcome.event
    assert (event["tenant"], event["status"], event["usage_source"]) == ("acme", "ok", "none")
    assert (event["input_tokens"], event["output_tokens"], event["raw_usage"]) == (None, None, None)


@pytest.mark.parametrize("cost", [-1.0, float("nan"), float("inf"), "free", True])
def test_a_cost_that_is_no_amount_is_left_out_and_the_call_is_kept(cost: object) -> None:
    event = event_of(changed("ok", response_cost=cost))
    assert (event["input_tokens"], event["reported_cost"]) == (1200, None)


def test_a_guardrail_that_stepped_in_blocked_the_call() -> None:
    fields = {"llm_api_status": "failure", "guardrail_status": "guardrail_intervened"}
    assert event_of(changed("rate_limited", status_fields=fields))["status"] == "blocked"
    error = {"error_class": "Timeout", "error_code": "408"}
    assert event_of(changed("rate_limited", error_information=error))["status"] == "timeout"
    error = {"error_class": "InternalServerError", "error_code": "500"}
    assert event_of(changed("rate_limited", error_information=error))["status"] == "error"

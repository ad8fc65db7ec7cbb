"""LiteLLM's StandardLoggingPayload (1.106): what its loggers get and its `generic_api` pushes.

Only what is named here is read: never messages, the response, headers, addresses or mail. LiteLLM's
own cost is often wrong and is kept to compare with. A hit of its cache has tokens like any call;
they are what was avoided. Who pays comes from what LiteLLM itself authenticated (`user_api_key_…`);
`requester_metadata`, tags and the body's `user` are the client's word and are not looked at.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final, Literal

from agents.gateway.normalise import values
from agents.gateway.normalise.anthropic import region_of, tier_of
from agents.gateway.normalise.openai_usage import usage
from agents.gateway.normalise.outcome import (
    Call,
    Declared,
    Ignored,
    Outcome,
    Refused,
    refused,
)
from agents.gateway.normalise.reading import Json, count, name, part
from agents.gateway.normalise.status import STATUS_OF_CODE
from agents.gateway.normalise.usage import Usage, some
from agents.gateway.normalise.values import Unfit, inside, said
from schemas.providers import provider_name
from schemas.records import InferenceUsage

UsageSource = Literal["provider", "estimate", "none"]

# Where LiteLLM tells the tenant, in order; all of it is what it authenticated.
TENANT: Final = (
    "user_api_key_auth_metadata.tenant",
    "user_api_key_team_id",
    "user_api_key_org_id",
)
TRUSTED: Final = "user_api_key_"
ASSERTED: Final = frozenset({"user_api_key_end_user_id", "user_api_key_request_route"})  # client's

OPERATIONS: Final = {  # call_type, or without the `a` of async -> gen_ai.operation.name
    "completion": "chat",
    "responses": "chat",
    "anthropic_messages": "chat",
    "text_completion": "text_completion",
    "embedding": "embeddings",
    "generate_content": "generate_content",
    "generate_content_stream": "generate_content",
    "image_generation": "image",
    "image_edit": "image",
    "image_variation": "image",
    "rerank": "rerank",
    "transcription": "transcription",
    "speech": "speech",
    "moderation": "moderation",
}
# What only asks how a batch, a file or a job is getting on: its usage is told every time.
POLLS: Final = re.compile(r"(?:^_?a?|_)(?:retrieve|list|cancel|delete|get)(?:_|$)")
# They stream usage only when asked to; otherwise LiteLLM counts with a tokenizer of its own.
ON_REQUEST: Final = frozenset({
    "azure", "azure_text", "custom_openai", "hosted_vllm", "openai", "openai_like",
    "text-completion-openai", "vllm",
})  # fmt: skip
# They stream usage always.
UNASKED: Final = frozenset({"anthropic", "bedrock", "cohere", "cohere_chat", "gemini", "vertex_ai"})
MADE_UP_ID: Final = re.compile(r"chatcmpl-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TOTALS: Final = ("prompt_tokens", "completion_tokens")
INTERVENED: Final = "guardrail_intervened"
BY_CODE: Final = {str(code): ended for code, ended in STATUS_OF_CODE.items()}
STATUS_OF_CLASS: Final = {
    "ClientDisconnected": "client_disconnect",
    "ContentPolicyViolationError": "blocked",
    "RateLimitError": "rate_limited",
    "Timeout": "timeout",
}
SECOND_US: Final = 1_000_000
# All that is read of a payload; of the response, which holds the answer, one word.
PLAIN: Final = (
    "cache_hit",
    "call_type",
    "completionStartTime",
    "completion_tokens",
    "custom_llm_provider",
    "endTime",
    "id",
    "litellm_call_id",
    "model",
    "model_group",
    "prompt_tokens",
    "response_cost",
    "startTime",
    "status",
    "stream",
    "trace_id",
)
PARTS: Final = (
    "cost_breakdown",
    "error_information",
    "metadata",
    "model_map_information",
    "model_parameters",
    "status_fields",
)
RESPONSE: Final = "response"
TIER: Final = "service_tier"
LATEST_S: Final = 10**11  # seconds; what is above is milliseconds or nonsense
CURRENCY: Final = "USD"  # LiteLLM's prices are in no other


def from_payload(payload: object, source: Declared) -> Outcome:
    """Return what becomes of one payload: an attempt that failed is one, too."""
    if not isinstance(payload, Mapping):
        return Ignored("not_a_model_call")
    call_type = name(payload, "call_type") or ""
    if POLLS.search(call_type):
        return Ignored("not_a_model_call")
    try:
        used, unread = read_usage(payload)
        made = event(payload, source, used)
        if made["usage_source"] == "none" and known_operation(call_type) is None:
            return Ignored("not_a_model_call")
        return Call(made, identity(payload), unread)
    except Unfit as error:
        return refused(error)


def read_usage(payload: Json) -> tuple[Usage, Refused | None]:
    """Return what was used; nothing, and why, where it cannot be read: it may be billed even so."""
    try:
        return used_by(payload, part(part(payload, "metadata"), "usage_object")), None
    except Unfit as error:
        return Usage(), refused(error)


def kept(payload: object) -> Json | None:
    """Return what is read of a payload, for later: without messages, and apart from LiteLLM's own.

    None: it is no payload.
    """
    if not isinstance(payload, Mapping):
        return None
    told = {field: payload[field] for field in PLAIN if field in payload}
    for field in PARTS:
        found = payload.get(field)
        told[field] = dict(found) if isinstance(found, Mapping) else found
    return {**told, RESPONSE: {TIER: _response(payload).get(TIER)}}


def identity(payload: Json) -> tuple[str, ...]:
    """Return what names an attempt. A call id alone does not: attempts of a fallback share it.

    Nor may it decide whether there is a call: a client can choose it (`x-litellm-call-id`).
    """
    call_id = payload.get("litellm_call_id") or payload.get("id")
    if not call_id:
        raise Unfit("missing_name", "expected litellm_call_id, got none; make the sender tell it")
    named = (call_id, payload.get("status"), payload.get("startTime"))
    return "litellm", *(str(each) for each in named)


def event(payload: Json, source: Declared, used: Usage) -> InferenceUsage:
    """Return the event of a payload. Raises Unfit."""
    told, error = part(payload, "metadata"), part(payload, "error_information")
    litellm_provider = values.needed(payload.get("custom_llm_provider"), "custom_llm_provider")
    status = status_of(payload, error)
    is_hit = payload.get("cache_hit") is True
    billed = Usage(raw=used.raw) if is_hit else used
    is_stream = payload.get("stream") is True
    cost = cost_of(payload) if status == "ok" else None
    return {
        **billed.counted(),  # type: ignore[typeddict-item] # Counted is final: no other keys
        "at_us": instant(payload, "endTime"),
        "tenant": tenant_of(told, source),
        "project": values.name(told.get("user_api_key_project_id"), "user_api_key_project_id"),
        "provider": source.provider(provider_name(litellm_provider)),
        "model": model_of(payload, litellm_provider),
        "endpoint": source.endpoint(name(payload, "model_group")),
        "request_id": values.described(payload.get("litellm_call_id")),
        "response_id": None if is_hit else response_id(payload, litellm_provider),
        "operation_id": values.described(payload.get("trace_id")),
        "operation": operation_of(payload),
        "status": status,
        "error_type": None if status == "ok" else name(error, "error_class"),
        "usage_source": None if is_hit else counted_by(payload, litellm_provider, status, used),
        "gateway_cache": "hit" if is_hit else "miss" if payload.get("cache_hit") is False else None,
        "avoided_input_tokens": used.input_tokens if is_hit else None,
        "avoided_output_tokens": used.output_tokens if is_hit else None,
        "started_at_us": instant(payload, "startTime"),
        "first_token_at_us": first_token_us(payload) if is_stream and not is_hit else None,
        "is_stream": is_stream,
        "reported_cost": cost,
        "reported_currency": None if cost is None else CURRENCY,
        "gateway": source.name,
        "key_hash": values.described(told.get("user_api_key_hash")),
    }


def cost_of(payload: Json) -> bytes | None:
    """Return what LiteLLM says it cost; None also where that is no amount: it bills nothing."""
    try:
        return values.amount(payload.get("response_cost"), "response_cost")
    except Unfit:
        return None


def tenant_of(told: Json, source: Declared) -> str | None:
    """Return who pays: whom the operator declared, else whom LiteLLM authenticated."""
    if source.tenant is not None:
        return source.tenant
    paths = TENANT if source.tenant_from is None else (source.tenant_from,)
    trusted = [path for path in paths if path.startswith(TRUSTED) and path not in ASSERTED]
    found = (values.name(inside(told, *path.split(".")), path) for path in trusted)
    return next((tenant for tenant in found if tenant), None)


def used_by(payload: Json, told: Json) -> Usage:
    """Return what was used, by the usage object, else by the totals where they are not zero."""
    if not any(value is not None for value in told.values()):
        totals = {each: count(payload, each) or None for each in TOTALS}
        return usage(totals)
    cost = part(payload, "cost_breakdown")
    tier = name(cost, TIER) or tier_of(told) or name(_response(payload), TIER)
    searches = count(part(told, "server_tool_use"), "web_search_requests")
    searched = searches or count(part(told, "prompt_tokens_details"), "web_search_requests")
    used = usage(told, tier).plus(some(("call.web_searches", "Queries", searched)))
    region = region_of(told)
    return used if region is None else replace(used, region=region)


def model_of(payload: Json, litellm_provider: str) -> str:
    """Return the deployment's model: the one it is priced as, where LiteLLM was told (base_model).

    The alias that was asked for is `model_group`; the dated snapshot that answered is lost.
    """
    priced = part(payload, "model_map_information")
    known = priced.get("model_map_value") is not None
    model = (name(priced, "model_map_key") if known else None) or payload.get("model")
    return values.needed(model, "model").removeprefix(f"{litellm_provider}/")


def response_id(payload: Json, litellm_provider: str) -> str | None:
    """Return the provider's id of the response; LiteLLM makes one up where it does not keep it."""
    found = name(payload, "id")
    if found is None or found == payload.get("litellm_call_id"):
        return None
    is_made_up = litellm_provider not in ON_REQUEST and MADE_UP_ID.fullmatch(found)
    return None if is_made_up else found


def operation_of(payload: Json) -> str | None:
    """Return the operation, as OpenTelemetry names it or else as LiteLLM does."""
    call_type = name(payload, "call_type") or ""
    return known_operation(call_type) or values.word(call_type.removeprefix("_"))


def known_operation(call_type: str) -> str | None:
    """Return what calls a model by itself; None: files, threads, searches and what is to come."""
    return OPERATIONS.get(call_type) or OPERATIONS.get(call_type.removeprefix("a"))


def status_of(payload: Json, error: Json) -> str:
    """Return how the attempt ended. A client that left is a success to LiteLLM."""
    by_class = STATUS_OF_CLASS.get(str(error.get("error_class")))
    if payload.get("status") == "success":
        return "client_disconnect" if by_class == "client_disconnect" else "ok"
    if inside(payload, "status_fields", "guardrail_status") == INTERVENED:
        return "blocked"
    return by_class or BY_CODE.get(str(error.get("error_code")), "error")


def counted_by(
    payload: Json, litellm_provider: str, status: str, billed: Usage
) -> UsageSource | None:
    """Return who counted. None: a provider that may or may not have told its stream's usage."""
    if not billed.is_reported:
        return "none"
    if status == "client_disconnect":
        return "estimate"
    is_asked = inside(payload, "model_parameters", "stream_options", "include_usage") is True
    if payload.get("stream") is not True or is_asked or litellm_provider in UNASKED:
        return "provider"
    return "estimate" if litellm_provider in ON_REQUEST else None


def first_token_us(payload: Json) -> int | None:
    """Return when the first part of a stream came."""
    return instant(payload, "completionStartTime") if payload.get("completionStartTime") else None


def instant(payload: Json, field: str) -> int:
    """Return an instant, which LiteLLM tells in seconds since 1970."""
    seconds = payload.get(field)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise Unfit("bad_time", f"expected {field} in seconds since 1970, got {said(seconds)}")
    if not 0 < seconds < LATEST_S:
        raise Unfit("bad_time", f"expected {field} in seconds since 1970, got {said(seconds)}")
    return values.within(round(seconds * SECOND_US), field)


def _response(payload: Json) -> Json:
    found = payload.get(RESPONSE)
    return found if isinstance(found, Mapping) else {}

"""Kong's `http-log`: one JSON object a request, with what its AI plugins counted.

Each plugin that called a model is a call of its own (`ai.<plugin>`). Kong writes 0 for counts that
it does not know, so 0 is read as not told; it costs the same. A hit of its semantic cache called no
provider: its counts are what was avoided. The tenant is the consumer that Kong authenticated.
"""

from collections.abc import Iterator, Mapping

from agents.gateway.normalise import values
from agents.gateway.normalise.outcome import Call, Declared, Ignored, Outcome, refused
from agents.gateway.normalise.status import status_of_code
from agents.gateway.normalise.values import Unfit, inside
from schemas.records import InferenceUsage

MS_US = 1_000
DAY_MS = 86_400_000
PROXIES = ("proxy", "ai-proxy", "ai-proxy-advanced")
CONSUMER = ("consumer.custom_id", "consumer.username")
# What Kong itself authenticated or decided. Headers and bodies are the client's.
TRUSTED = ("consumer", "authenticated_entity", "workspace_name", "route", "service")


def from_http_log(entry: object, source: Declared) -> Iterator[Outcome]:
    """Yield what becomes of one logged request."""
    plugins = inside(entry, "ai")
    if not isinstance(entry, Mapping) or not isinstance(plugins, Mapping):
        yield Ignored("not_a_model_call")
        return
    is_hit = any(
        str(inside(each, "cache", "cache_status")).lower() == "hit" for each in plugins.values()
    )
    called = [
        (name, each)
        for name, each in plugins.items()
        if inside(each, "meta") or inside(each, "usage")
    ]
    if not called:
        yield Ignored("not_a_model_call")
    for name, plugin in called:
        try:
            yield call(entry, name, plugin, source, is_hit=is_hit and name in PROXIES)
        except Unfit as error:
            yield refused(error)


def call(
    entry: Mapping[str, object], name: str, plugin: object, source: Declared, *, is_hit: bool
) -> Call:
    """Return the call that a plugin made. Raises Unfit."""
    request_id = values.needed(inside(entry, "request", "id"), "request.id")
    started_us = started(entry)
    tokens_in = told(plugin, "prompt_tokens", "prompt_token")
    tokens_out = told(plugin, "completion_tokens", "completion_token")
    code = values.count(inside(entry, "response", "status"), "response.status")
    status = status_of_code(code)
    model = inside(plugin, "meta", "response_model") or inside(plugin, "meta", "request_model")
    event = InferenceUsage(
        at_us=started_us + duration_us(entry),
        tenant=tenant_of(entry, source),
        project=None if source.project_from is None else at_path(entry, source.project_from),
        provider=source.provider(
            values.needed(inside(plugin, "meta", "provider_name"), "meta.provider_name")
        ),
        model=values.needed(model, "meta.response_model"),
        endpoint=source.endpoint(values.name(inside(entry, "service", "name"), "service.name")),
        request_id=request_id if name in PROXIES else f"{request_id}:{name}"[: values.LONGEST_NAME],
        input_tokens=None if is_hit else tokens_in,
        cache_read_tokens=None,
        cache_write_5m_tokens=None,
        cache_write_1h_tokens=None,
        output_tokens=None if is_hit else tokens_out,
        reasoning_tokens=None,
        region=None,
        service_tier=None,
        quantities=None,
        operation_id=request_id,
        status=status,
        error_type=str(code) if code and status not in {None, "ok"} else None,
        usage_source="none" if tokens_in is tokens_out is None else "provider",
        gateway_cache="hit" if is_hit else None,
        avoided_input_tokens=tokens_in if is_hit else None,
        avoided_output_tokens=tokens_out if is_hit else None,
        started_at_us=started_us,
        gateway=source.name,
    )
    return Call(event, ("kong", request_id, str(started_us), name))


def started(entry: Mapping[str, object]) -> int:
    """Return when Kong began a request; Kong tells it in milliseconds."""
    started_ms = values.count(entry.get("started_at"), "started_at")
    if started_ms is None:
        raise Unfit("bad_time", "expected started_at in milliseconds, got none; log it")
    return values.within(started_ms * MS_US, "started_at")


def duration_us(entry: Mapping[str, object]) -> int:
    """Return how long a request took; 0 where Kong does not tell."""
    match inside(entry, "latencies", "request"):
        case int() | float() as duration_ms if 0 <= duration_ms < DAY_MS:
            return round(duration_ms * MS_US)
    return 0


def told(plugin: object, *names: str) -> int | None:
    """Return a count under the first of its names; Kong's 0 is not told."""
    counts = (values.count(inside(plugin, "usage", each), each) for each in names)
    return next((count for count in counts if count), None)


def tenant_of(entry: Mapping[str, object], source: Declared) -> str | None:
    """Return who pays: whom the operator declared, else whom Kong authenticated."""
    if source.tenant is not None:
        return source.tenant
    paths = CONSUMER if source.tenant_from is None else (source.tenant_from,)
    return next((tenant for path in paths if (tenant := at_path(entry, path))), None)


def at_path(entry: Mapping[str, object], path: str) -> str | None:
    """Return a name that Kong itself vouches for."""
    steps = path.split(".")
    return values.name(inside(entry, *steps), path) if steps[0] in TRUSTED else None

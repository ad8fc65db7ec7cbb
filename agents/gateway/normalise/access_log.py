"""Envoy AI Gateway's access logs: JSON lines whose names the operator chose.

The defaults are the names in Envoy AI Gateway's documentation (both spellings); a source declares
its own with `fields`. A gateway's clients can choose `x-request-id`, so the instant at which Envoy
began the request is part of its identity, and its length decides nothing: nobody escapes a bill by
sending the same one again, or one that no event can have.
"""

from collections.abc import Mapping

from agents.gateway.normalise import values
from agents.gateway.normalise.outcome import Call, Declared, Ignored, Outcome, refused
from agents.gateway.normalise.status import status_of_code
from agents.gateway.normalise.values import Unfit
from schemas.records import InferenceUsage

MS_US = 1_000
SILENT = "-"  # how Envoy writes what it does not know

# Of an event of ours, the names in a log line that tell it, the declared one aside.
NAMES: dict[str, tuple[str, ...]] = {
    "request_id": ("x-request-id",),
    "started_at": ("start_time",),
    "duration_ms": ("duration",),
    "provider": ("gen_ai.provider.name", "genai_backend_name"),
    "model": ("gen_ai.response.model", "gen_ai.request.model_override", "genai_model_name_override",
              "gen_ai.request.model", "genai_model_name"),
    "input_tokens": ("gen_ai.usage.input_tokens", "genai_tokens_input"),
    "cache_read_tokens": ("gen_ai.usage.cache_read.input_tokens",),
    "cache_write_tokens": ("gen_ai.usage.cache_write.input_tokens",
                           "gen_ai.usage.cache_creation.input_tokens"),
    "output_tokens": ("gen_ai.usage.output_tokens", "genai_tokens_output"),
    "reasoning_tokens": ("gen_ai.usage.reasoning.output_tokens",),
    "status_code": ("response_code",),
    "response_flags": ("response_flags",),
    "response_id": ("gen_ai.response.id",),
    "attempt": ("upstream_request_attempt_count",),
    "service_tier": (),
    "region": (),
    "tenant": (),  # only a name that the operator declares is an authenticated one
    "project": (),
    "key_hash": (),
}  # fmt: skip

# Envoy's response flags (envoyproxy.io, access log usage, %RESPONSE_FLAGS%).
STATUS_OF_FLAG = {
    "DC": "client_disconnect",
    "UT": "timeout",
    "DT": "timeout",
    "SI": "timeout",
    "RL": "rate_limited",
    "UAEX": "blocked",
}


class Line:
    """A log line, read by our names."""

    def __init__(self, told: Mapping[str, object], source: Declared) -> None:
        self._told = told
        self._declared = source.fields

    def get(self, ours: str) -> object:
        """Return what the line tells of a field of ours; None when it does not."""
        declared = self._declared.get(ours)
        names = NAMES[ours] if declared is None else (declared,)
        found = (self._told.get(each) for each in names)
        return next((value for value in found if value not in (None, SILENT, "")), None)

    def count(self, ours: str) -> int | None:
        """Return a count."""
        return values.count(self.get(ours), ours)

    def name(self, ours: str) -> str | None:
        """Return a name."""
        return values.name(self.get(ours), ours)


def from_access_log(told: object, source: Declared) -> Outcome:
    """Return what becomes of one line."""
    if not isinstance(told, Mapping):
        return Ignored("not_a_log_line")
    line = Line(told, source)
    if line.get("model") is None:
        return Ignored("not_a_model_call")
    try:
        return call(line, source)
    except Unfit as error:
        return refused(error)


def call(line: Line, source: Declared) -> Call:
    """Return the call that a line tells of. Raises Unfit."""
    request_id = line.get("request_id")
    if request_id is None:
        raise Unfit("missing_name", "expected x-request-id, got none; have Envoy log it")
    started_us = values.instant(values.needed(line.get("started_at"), "start_time"), "start_time")
    assert started_us is not None  # noqa: S101 - it was needed
    duration_ms = line.count("duration_ms") or 0
    backend = values.needed(line.get("provider"), "the provider or backend")
    attempt = values.small(line.get("attempt"), "attempt")
    total_in, read = line.count("input_tokens"), line.count("cache_read_tokens")
    write, total_out = line.count("cache_write_tokens"), line.count("output_tokens")
    if source.adds_cache and total_in is not None:
        total_in += (read or 0) + (write or 0)
    code = line.count("status_code")
    status = status_of(line.get("response_flags"), code)
    event = InferenceUsage(
        at_us=values.within(started_us + duration_ms * MS_US, "start_time + duration"),
        tenant=source.tenant if source.tenant is not None else line.name("tenant"),
        project=line.name("project"),
        provider=source.provider(backend),
        model=values.needed(line.get("model"), "model"),
        endpoint=source.endpoint(backend),
        request_id=values.described(request_id),
        input_tokens=total_in,
        cache_read_tokens=read,
        cache_write_5m_tokens=write,
        cache_write_1h_tokens=None,
        output_tokens=total_out,
        reasoning_tokens=line.count("reasoning_tokens"),
        region=line.name("region"),
        service_tier=values.word(line.get("service_tier")),
        quantities=None,
        response_id=line.name("response_id"),
        attempt=attempt,
        status=status,
        error_type=str(code) if code and status not in {None, "ok"} else None,
        usage_source="none" if total_in is total_out is None else "provider",
        started_at_us=started_us,
        gateway=source.name,
        key_hash=line.name("key_hash"),
    )
    return Call(event, ("access_log", str(request_id), str(started_us), str(attempt)))


def status_of(flags: object, code: int | None) -> str | None:
    """Return how an attempt ended, by Envoy's flags, else by the status code.

    >>> status_of("DC", 200), status_of("-", 429), status_of(None, 200), status_of(None, None)
    ('client_disconnect', 'rate_limited', 'ok', None)
    """
    for flag in flags.split(",") if isinstance(flags, str) else ():
        if flag in STATUS_OF_FLAG:
            return STATUS_OF_FLAG[flag]
    return status_of_code(code)

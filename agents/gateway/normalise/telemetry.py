"""OpenTelemetry's spans and log records of model calls, as calls. Both encodings end here.

Only leaf inference spans count: what an agent or a workflow reports is the sum of them. A span and
the log record of the same call carry the same ids, so they have one identity.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from agents.gateway.normalise import attributes as names
from agents.gateway.normalise import values
from agents.gateway.normalise.access_log import from_access_log
from agents.gateway.normalise.outcome import Call, Declared, Ignored, Outcome, Refused, refused
from agents.gateway.normalise.values import Unfit
from schemas.decimals import ONE, to_bytes
from schemas.records import CallQuantity, InferenceUsage

Attributes: TypeAlias = Mapping[str, object]
Status = Literal["ok", "error", "client_disconnect", "timeout", "rate_limited"]

US_NS = 1_000
SECOND_US = 1_000_000
DAY_S = 86_400
UNKNOWN_ID = ("", "0" * 32, "0" * 16)
STATUS_OF_ERROR: dict[str, Status] = {
    "429": "rate_limited",
    "529": "rate_limited",  # Anthropic's: overloaded
    "408": "timeout",
    "504": "timeout",
    "499": "client_disconnect",
    "timeout": "timeout",
    "TimeoutError": "timeout",
    "APITimeoutError": "timeout",
    "RateLimitError": "rate_limited",
    "CancelledError": "client_disconnect",
}


@dataclass(frozen=True, slots=True)
class Span:
    """What is read of a span."""

    trace_id: str  # hex
    span_id: str  # hex
    start_ns: int
    end_ns: int
    is_error: bool
    trace_state: str
    attributes: Attributes  # its own over those of its resource, known names only


@dataclass(frozen=True, slots=True)
class LogRecord:
    """What is read of a log record."""

    trace_id: str
    span_id: str
    at_ns: int
    event_name: str
    attributes: Attributes


def wanted(source: Declared) -> frozenset[str]:
    """Return the names of the attributes that are read of what a source sends."""
    declared = (source.tenant_from, source.project_from, *source.fields.values())
    return names.KNOWN | {each for each in declared if each is not None}


def from_span(span: Span, source: Declared) -> Outcome:
    """Return what becomes of a span."""
    operation = operation_of(span.attributes)
    if operation is None:
        return Ignored("not_a_leaf_call")
    if not source.is_unsampled or is_sampled(span.trace_state):
        return Refused(
            "sampled",
            "expected spans of which none was sampled away; export all of them and declare the "
            "source `unsampled: true`, or bill by a gateway's logs",
        )
    try:
        return call(span, operation, source)
    except Unfit as error:
        return refused(error)


def from_log(record: LogRecord, source: Declared) -> Outcome:
    """Return what becomes of a log record: an access log's line, or an event beside a span."""
    event = record.event_name or record.attributes.get("event.name")
    if event == names.DETAILS_EVENT:
        at_ns, told = record.at_ns, record.attributes
        span = Span(record.trace_id, record.span_id, at_ns, at_ns, False, "", told)
        return from_span(span, source)
    if source.fields:
        return from_access_log(record.attributes, source)
    return Ignored("not_a_call_event")


def operation_of(attributes: Attributes) -> str | None:
    """Return the operation of a leaf inference call; None: it is none."""
    operation = values.first(attributes, names.OPERATION)
    if operation is not None:
        return operation if isinstance(operation, str) and operation in names.LEAVES else None
    kinds = (leaf for (name, kind), leaf in names.KINDS.items() if attributes.get(name) == kind)
    return next(kinds, None)


def is_sampled(trace_state: str) -> bool:
    """Tell whether a trace says that others like it were sampled away (tracestate `ot=th:`).

    >>> is_sampled("ot=th:8"), is_sampled("ot=th:0;rv:1,a=b"), is_sampled("")
    (True, False, False)
    """
    members = dict(member.strip().partition("=")[::2] for member in trace_state.split(","))
    pairs = dict(pair.partition(":")[::2] for pair in members.get("ot", "").split(";"))
    return pairs.get("th", "0").strip("0") != ""


def call(span: Span, operation: str, source: Declared) -> Call:
    """Return the call that a span tells of. Raises Unfit."""
    if span.trace_id in UNKNOWN_ID or span.span_id in UNKNOWN_ID:
        raise Unfit("missing_identity", "expected a trace id and a span id, got none; send both")
    told = span.attributes
    started_us = values.within(span.start_ns // US_NS, "the begin of a span")
    error = values.word(values.first(told, names.ERROR))
    counts = counts_of(told, adds_cache=source.adds_cache)
    event = InferenceUsage(
        at_us=values.within(span.end_ns // US_NS, "the end of a span"),
        tenant=tenant_of(told, source),
        project=None
        if source.project_from is None
        else values.name(told.get(source.project_from), source.project_from),
        provider=source.provider(
            values.needed(values.first(told, names.PROVIDER), names.PROVIDER[0])
        ),
        model=values.needed(values.first(told, names.MODEL), names.MODEL[0]),
        endpoint=source.endpoint(values.name(values.first(told, names.ADDRESS), names.ADDRESS[0])),
        request_id=f"{span.trace_id}-{span.span_id}",
        input_tokens=counts["input"],
        cache_read_tokens=counts["cache_read"],
        cache_write_5m_tokens=counts["cache_write"],
        cache_write_1h_tokens=None,
        output_tokens=counts["output"],
        reasoning_tokens=counts["reasoning"],
        region=None,
        service_tier=values.word(values.first(told, names.TIER)),
        quantities=quantities_of(told),
        response_id=values.name(values.first(told, names.RESPONSE_ID), names.RESPONSE_ID[0]),
        operation_id=span.trace_id,
        operation=operation,
        status=STATUS_OF_ERROR.get(error or "", "error") if error or span.is_error else "ok",
        error_type=error,
        usage_source="none" if counts["input"] is counts["output"] is None else "provider",
        started_at_us=started_us if span.end_ns > span.start_ns else None,
        first_token_at_us=first_token_us(started_us, values.first(told, names.TO_FIRST_S)),
        is_stream=stream_of(values.first(told, names.IS_STREAM)),
        gateway=source.name,
    )
    return Call(event, ("otlp", span.trace_id, span.span_id))


def tenant_of(told: Attributes, source: Declared) -> str | None:
    """Return who pays: whom the operator declared, else what the declared attribute says."""
    if source.tenant is not None or source.tenant_from is None:
        return source.tenant
    return values.name(told.get(source.tenant_from), source.tenant_from)


def counts_of(told: Attributes, *, adds_cache: bool) -> dict[str, int | None]:
    """Return the tokens of a call, totals inclusive."""
    read, write = (
        values.count(values.first(told, each), each[0])
        for each in (names.CACHE_READ, names.CACHE_WRITE)
    )
    total = values.count(values.first(told, names.INPUT), names.INPUT[0])
    if adds_cache and total is not None:
        total += (read or 0) + (write or 0)
    return {
        "input": total,
        "cache_read": read,
        "cache_write": write,
        "output": values.count(values.first(told, names.OUTPUT), names.OUTPUT[0]),
        "reasoning": values.count(values.first(told, names.REASONING), names.REASONING[0]),
    }


def quantities_of(told: Attributes) -> list[CallQuantity] | None:
    """Return the parts of the totals that may be priced apart; None: it tells of none."""
    parts = [
        CallQuantity(meter=meter, unit="Tokens", quantity=to_bytes(tokens * ONE))
        for meter, each in names.PARTS.items()
        if (tokens := values.count(values.first(told, each), each[0]))
    ]
    return parts or None


def first_token_us(started_us: int, after_s: object) -> int | None:
    """Return when the first part of the answer came; None when that is not told."""
    match after_s:
        case bool():
            return None
        case int() | float() if 0 <= after_s < DAY_S:
            return started_us + round(after_s * SECOND_US)
    return None


def stream_of(told: object) -> bool | None:
    """Return whether an answer was asked for as a stream."""
    return told if isinstance(told, bool) else None

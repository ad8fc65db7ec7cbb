"""OTLP exports of model calls, in both encodings, from one description. With text in them."""

from collections.abc import Mapping

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Status

START_NS = 1_795_251_600_000_000_000  # 2026-11-21T09:00:00Z
SECOND_NS = 1_000_000_000
PROMPT = "the-prompt-that-nobody-may-keep"
ANSWER = "the-answer-that-nobody-may-keep"

CHAT: dict[str, object] = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.response.model": "gpt-4o-2024-08-06",
    "gen_ai.usage.input_tokens": 1200,
    "gen_ai.usage.output_tokens": 80,
    "gen_ai.input.messages": PROMPT,
    "gen_ai.output.messages": ANSWER,
    "gen_ai.prompt": PROMPT,
    "tenant.id": "acme",
}


def value(of: object) -> AnyValue:
    match of:
        case bool():
            return AnyValue(bool_value=of)
        case int():
            return AnyValue(int_value=of)
        case float():
            return AnyValue(double_value=of)
        case _:
            return AnyValue(string_value=str(of))


def pairs(attributes: Mapping[str, object]) -> list[KeyValue]:
    return [KeyValue(key=key, value=value(of)) for key, of in attributes.items()]


def json_value(of: object) -> dict[str, object]:
    match of:
        case bool():
            return {"boolValue": of}
        case int():
            return {"intValue": str(of)}
        case float():
            return {"doubleValue": of}
        case _:
            return {"stringValue": str(of)}


def json_pairs(attributes: Mapping[str, object]) -> list[dict[str, object]]:
    return [{"key": key, "value": json_value(of)} for key, of in attributes.items()]


def traces(
    *spans: Mapping[str, object], first: int = 1, trace_state: str = "", is_error: bool = False
) -> bytes:
    """Spans with these attributes, numbered from `first`, in protobuf."""
    export = ExportTraceServiceRequest()
    resource = export.resource_spans.add()
    resource.resource.attributes.extend(pairs({"service.name": "app", "deployment": "prod"}))
    for number, attributes in enumerate(spans, first):
        span = resource.scope_spans.add().spans.add(
            trace_id=number.to_bytes(16, "big"),
            span_id=number.to_bytes(8, "big"),
            start_time_unix_nano=START_NS,
            end_time_unix_nano=START_NS + 2 * SECOND_NS,
            trace_state=trace_state,
        )
        span.attributes.extend(pairs(attributes))
        span.events.add(name="gen_ai.user.message").attributes.extend(pairs({"content": PROMPT}))
        if is_error:
            status = Status(code=Status.STATUS_CODE_ERROR, message=PROMPT)
            span.status.CopyFrom(status)
    return export.SerializeToString()


def traces_json(
    *spans: Mapping[str, object], first: int = 1, trace_state: str = "", is_error: bool = False
) -> dict[str, object]:
    """The same in JSON."""
    made = [
        {
            "traceId": number.to_bytes(16, "big").hex(),
            "spanId": number.to_bytes(8, "big").hex(),
            "startTimeUnixNano": str(START_NS),
            "endTimeUnixNano": str(START_NS + 2 * SECOND_NS),
            "traceState": trace_state,
            "attributes": json_pairs(attributes),
            "events": [{"name": "x", "attributes": json_pairs({"content": PROMPT})}],
            "status": {"code": 2, "message": PROMPT} if is_error else {},
            "aFieldOfTheFuture": [1, 2],
        }
        for number, attributes in enumerate(spans, first)
    ]
    about = {"attributes": json_pairs({"service.name": "app", "deployment": "prod"})}
    return {"resourceSpans": [{"resource": about, "scopeSpans": [{"spans": made}]}]}


def logs(
    attributes: Mapping[str, object], event_name: str = "", number: int = 1, body: str = PROMPT
) -> bytes:
    """One log record in protobuf."""
    export = ExportLogsServiceRequest()
    record = (
        export.resource_logs.add()
        .scope_logs.add()
        .log_records.add(
            time_unix_nano=START_NS + 2 * SECOND_NS,
            trace_id=number.to_bytes(16, "big"),
            span_id=number.to_bytes(8, "big"),
            event_name=event_name,
            body=value(body),
        )
    )
    record.attributes.extend(pairs(attributes))
    return export.SerializeToString()


def logs_json(
    attributes: Mapping[str, object], event_name: str = "", number: int = 1, body: str = PROMPT
) -> dict[str, object]:
    """The same in JSON."""
    record = {
        "timeUnixNano": str(START_NS + 2 * SECOND_NS),
        "traceId": number.to_bytes(16, "big").hex(),
        "spanId": number.to_bytes(8, "big").hex(),
        "eventName": event_name,
        "body": {"stringValue": body},
        "attributes": json_pairs(attributes),
    }
    return {"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}

"""OTLP in protobuf, read into what `telemetry` knows.

Events and links of spans are not looked at.
"""

from collections.abc import Iterable, Iterator
from itertools import chain

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1 import trace_pb2

from agents.gateway.normalise.telemetry import LogRecord, Span
from agents.gateway.normalise.values import Unfit

SCALARS = frozenset({"string_value", "bool_value", "int_value", "double_value"})


def spans(body: bytes, wanted: frozenset[str]) -> Iterator[Span]:
    """Yield the spans of an export. Raises Unfit before the first when it is none."""
    request = ExportTraceServiceRequest()
    parse(request, body)
    return (
        Span(
            span.trace_id.hex(),
            span.span_id.hex(),
            span.start_time_unix_nano,
            span.end_time_unix_nano,
            span.status.code == trace_pb2.Status.STATUS_CODE_ERROR,
            span.trace_state,
            attributes(wanted, each.resource.attributes, span.attributes),
        )
        for each in request.resource_spans
        for scope in each.scope_spans
        for span in scope.spans
    )


def log_records(body: bytes, wanted: frozenset[str]) -> Iterator[LogRecord]:
    """Yield the log records of an export. Raises Unfit before the first when it is none."""
    request = ExportLogsServiceRequest()
    parse(request, body)
    return (
        LogRecord(
            record.trace_id.hex(),
            record.span_id.hex(),
            record.time_unix_nano or record.observed_time_unix_nano,
            record.event_name,
            attributes(wanted, each.resource.attributes, record.attributes),
        )
        for each in request.resource_logs
        for scope in each.scope_logs
        for record in scope.log_records
    )


def parse(request: ExportTraceServiceRequest | ExportLogsServiceRequest, body: bytes) -> None:
    """Read a message. The parser itself bounds how deep it may be nested."""
    try:
        request.ParseFromString(body)
    except DecodeError as error:
        raise Unfit(
            "bad_protobuf", f"expected {request.DESCRIPTOR.name} in protobuf, got {error}"
        ) from None


def attributes(
    wanted: frozenset[str], resource: Iterable[KeyValue], own: Iterable[KeyValue]
) -> dict[str, object]:
    """Return the attributes that are known, its own over the resource's. Lists are left out."""
    found: dict[str, object] = {}
    for pair in chain(resource, own):
        if pair.key in wanted:
            kind = pair.value.WhichOneof("value")
            if kind in SCALARS:
                found[pair.key] = getattr(pair.value, kind)
    return found

"""OTLP in JSON, read into what `telemetry` knows: ids in hex, 64-bit integers as text.

Unknown fields are passed over, as the specification asks (opentelemetry-proto,
docs/specification.md). Events and links of spans are not looked at.
"""

import re
from collections.abc import Iterator, Mapping

from agents.gateway.normalise import values
from agents.gateway.normalise.telemetry import LogRecord, Span
from agents.gateway.normalise.values import Unfit, inside

TRACE_ID_HEX = 32
INTEGER = re.compile(r"-?[0-9]+")
LONGEST_INTEGER = 20  # characters of 64 bits
HEX = frozenset("0123456789abcdef")
ERROR_CODES = (2, "2", "STATUS_CODE_ERROR")


def spans(body: object, wanted: frozenset[str]) -> Iterator[Span]:
    """Yield the spans of an export. Raises Unfit where it is none."""
    for each in children(body, "resourceSpans"):
        about = attributes(inside(each, "resource", "attributes"), wanted)
        for scope in children(each, "scopeSpans"):
            for span in children(scope, "spans"):
                yield Span(
                    hexed(span.get("traceId")),
                    hexed(span.get("spanId")),
                    nanoseconds(span, "startTimeUnixNano"),
                    nanoseconds(span, "endTimeUnixNano"),
                    inside(span, "status", "code") in ERROR_CODES,
                    str(span.get("traceState") or ""),
                    about | attributes(span.get("attributes"), wanted),
                )


def log_records(body: object, wanted: frozenset[str]) -> Iterator[LogRecord]:
    """Yield the log records of an export. Raises Unfit where it is none."""
    for each in children(body, "resourceLogs"):
        about = attributes(inside(each, "resource", "attributes"), wanted)
        for scope in children(each, "scopeLogs"):
            for record in children(scope, "logRecords"):
                yield LogRecord(
                    hexed(record.get("traceId")),
                    hexed(record.get("spanId")),
                    nanoseconds(record, "timeUnixNano")
                    or nanoseconds(record, "observedTimeUnixNano"),
                    str(record.get("eventName") or ""),
                    about | attributes(record.get("attributes"), wanted),
                )


def children(parent: object, name: str) -> Iterator[Mapping[str, object]]:
    """Yield the objects of a list; no list is an empty one."""
    if not isinstance(parent, Mapping):
        raise Unfit("bad_json", f"expected an object with {name}, got {values.said(parent)}")
    found = parent.get(name, [])
    if not isinstance(found, list):
        raise Unfit("bad_json", f"expected {name} as a list, got {values.said(found)}")
    for each in found:
        if not isinstance(each, Mapping):
            raise Unfit("bad_json", f"expected objects in {name}, got {values.said(each)}")
        yield each


def attributes(pairs: object, wanted: frozenset[str]) -> dict[str, object]:
    """Return the attributes that are known. Lists and maps are left out."""
    found: dict[str, object] = {}
    for pair in pairs if isinstance(pairs, list) else ():
        key, value = inside(pair, "key"), inside(pair, "value")
        if isinstance(key, str) and key in wanted and isinstance(value, Mapping):
            for kind in ("stringValue", "boolValue", "doubleValue"):
                if kind in value:
                    found[key] = value[kind]
            if "intValue" in value:
                found[key] = integer(value["intValue"])
    return found


def integer(value: object) -> object:
    """Return a 64-bit integer, which JSON may have as text; another value as it is."""
    match value:
        case str() if len(value) <= LONGEST_INTEGER and INTEGER.fullmatch(value):
            return int(value)
    return value


def hexed(value: object) -> str:
    """Return an id in hex, lower case; what is no id is none, and its span is refused for that."""
    text = value.lower() if isinstance(value, str) else ""
    return text if len(text) <= TRACE_ID_HEX and HEX.issuperset(text) else ""


def nanoseconds(of: Mapping[str, object], what: str) -> int:
    """Return an instant in nanoseconds; 0 for what is none, and its span is refused for that."""
    try:
        return values.count(of.get(what), what) or 0
    except Unfit:
        return 0

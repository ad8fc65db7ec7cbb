"""The dialects that are spoken here: where each is pushed to, and how it is read.

A reader raises Turned, or Unfit, for a body that is none of its dialect; what is wrong with one
event is an outcome of that event.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias, TypeVar

from agents.gateway.body import Turned, documents
from agents.gateway.normalise import otlp_json, otlp_protobuf, telemetry
from agents.gateway.normalise.access_log import from_access_log
from agents.gateway.normalise.cloudevents import from_cloudevent
from agents.gateway.normalise.kong import from_http_log
from agents.gateway.normalise.litellm import from_payload
from agents.gateway.normalise.outcome import Declared, Outcome
from agents.gateway.normalise.own import from_own
from agents.gateway.settings import LimitSettings
from agents.gateway.sources import Dialect

PROTOBUF = "application/x-protobuf"
JSON = "application/json"
BINARY_MARK = "ce-"  # headers of a CloudEvent in binary mode: its attributes
SECOND_US = 1_000_000


@dataclass(frozen=True, slots=True)
class Sent:
    """A body as it came, unpacked."""

    body: bytes
    content_type: str  # without parameters, lower case
    headers: Mapping[str, str]
    received_us: int


Reader: TypeAlias = Callable[[Sent, Declared, LimitSettings], Iterable[Outcome]]
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Door:
    """A path, and the dialect that is spoken there."""

    path: str
    dialect: Dialect
    read: Reader
    rejected: str | None = None  # OTLP: the field of its answer that counts refused events


def traces(sent: Sent, source: Declared, limits: LimitSettings) -> Iterator[Outcome]:
    """Read an OTLP export of spans."""
    wanted = telemetry.wanted(source)
    if is_protobuf(sent):
        found = otlp_protobuf.spans(sent.body, wanted)
    else:
        found = otlp_json.spans(one(sent, limits), wanted)
    return (telemetry.from_span(span, source) for span in few(found, limits))


def logs(sent: Sent, source: Declared, limits: LimitSettings) -> Iterator[Outcome]:
    """Read an OTLP export of log records."""
    wanted = telemetry.wanted(source)
    if is_protobuf(sent):
        found = otlp_protobuf.log_records(sent.body, wanted)
    else:
        found = otlp_json.log_records(one(sent, limits), wanted)
    return (telemetry.from_log(record, source) for record in few(found, limits))


def kong(sent: Sent, source: Declared, limits: LimitSettings) -> Iterator[Outcome]:
    """Read what Kong's http-log posts."""
    logged = documents(sent.body, limits)
    return (outcome for entry in logged for outcome in from_http_log(entry, source))


def envoy(sent: Sent, source: Declared, limits: LimitSettings) -> Iterator[Outcome]:
    """Read access log lines of Envoy AI Gateway."""
    return (from_access_log(line, source) for line in documents(sent.body, limits))


def litellm(sent: Sent, source: Declared, limits: LimitSettings) -> Iterator[Outcome]:
    """Read what LiteLLM's generic_api posts: payloads as a list, one a line, or one alone."""
    return (from_payload(payload, source) for payload in documents(sent.body, limits))


def usage(sent: Sent, source: Declared, limits: LimitSettings) -> Iterator[Outcome]:
    """Read our own JSON."""
    return (from_own(told, source) for told in documents(sent.body, limits))


def cloudevents(sent: Sent, source: Declared, limits: LimitSettings) -> Iterator[Outcome]:
    """Read CloudEvents: structured, batched, or binary with attributes in headers."""
    received = datetime.fromtimestamp(sent.received_us / SECOND_US, UTC).isoformat()
    told = documents(sent.body, limits)
    if "ce-specversion" in sent.headers:
        told = [{**attributes(sent.headers), "data": one(sent, limits)}]
    return (from_cloudevent(each, source, received) for each in told)


def attributes(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the attributes of a CloudEvent in binary mode."""
    return {
        name.removeprefix(BINARY_MARK): value
        for name, value in headers.items()
        if name.startswith(BINARY_MARK)
    }


def is_protobuf(sent: Sent) -> bool:
    """Tell which of OTLP's encodings a body has. Raises Turned for another."""
    if sent.content_type not in {PROTOBUF, JSON}:
        raise Turned(415, f"expected {PROTOBUF} or {JSON} as content-type")
    return sent.content_type == PROTOBUF


def one(sent: Sent, limits: LimitSettings) -> object:
    """Return the one JSON document of a body. Raises Turned."""
    found = documents(sent.body, limits)
    if len(found) != 1:
        raise Turned(400, f"expected one JSON object, got {len(found)}")
    return found[0]


def few(found: Iterable[Item], limits: LimitSettings) -> Iterator[Item]:
    """Yield things as long as there are no more than allowed. Raises Turned."""
    for number, each in enumerate(found):
        if number >= limits.events:
            raise Turned(413, f"expected at most {limits.events} events; send fewer")
        yield each


DOORS = (
    Door("/v1/traces", "otlp", traces, "rejected_spans"),
    Door("/v1/logs", "otlp", logs, "rejected_log_records"),
    Door("/v1/kong", "kong", kong),
    Door("/v1/envoy", "envoy", envoy),
    Door("/v1/litellm", "litellm", litellm),
    Door("/v1/events", "cloudevents", cloudevents),
    Door("/api/v1/events", "cloudevents", cloudevents),  # where OpenMeter's clients send to
    Door("/v1/usage", "usage", usage),
)

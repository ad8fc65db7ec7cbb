"""What a client is told, in the words of its dialect. A detail may name a field, never a value."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from starlette.responses import JSONResponse, Response

from agents.gateway.body import Turned
from agents.gateway.dialects import PROTOBUF, Door
from agents.gateway.normalise.outcome import Call, Ignored, Outcome, Refused

DETAILS_TOLD = 5
RPC_MESSAGE = b"\x12"  # field 2 of google.rpc.Status, which OTLP wants of errors
NOTHING_TAKEN = 422


@dataclass(slots=True)
class Sorted:
    """What became of the events of one request."""

    calls: list[Call] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    unread: Counter[str] = field(default_factory=Counter)  # calls that are kept without usage
    details: list[str] = field(default_factory=list)  # the first of them, each once
    ignored: int = 0

    def refuse(self, refusal: Refused) -> None:
        """Count a refusal."""
        self.refused[refusal.reason] += 1
        self._tell(refusal)

    def keep_unread(self, why: Refused) -> None:
        """Count a call whose usage could not be read."""
        self.unread[why.reason] += 1
        self._tell(why)

    def _tell(self, refusal: Refused) -> None:
        detail = f"{refusal.reason}: {refusal.detail}"
        if len(self.details) < DETAILS_TOLD and detail not in self.details:
            self.details.append(detail)


def sorted_out(outcomes: Iterable[Outcome]) -> Sorted:
    """Return outcomes by kind."""
    found = Sorted()
    for outcome in outcomes:
        match outcome:
            case Call():
                found.calls.append(outcome)
                if outcome.unread is not None:
                    found.keep_unread(outcome.unread)
            case Refused():
                found.refuse(outcome)
            case Ignored():
                found.ignored += 1
    return found


def taken(door: Door, content_type: str, found: Sorted) -> Response:
    """Return the answer to a request whose calls are on disk."""
    if door.rejected is not None:
        return exported(door, content_type, found)
    refused = found.refused.total()
    told = {
        "taken": len(found.calls),
        "refused": refused,
        "ignored": found.ignored,
        "errors": found.details,
    }
    # Gateways that log repeat whatever is not 200, which would be in vain; others want to know.
    is_in_vain = refused and not found.calls and door.dialect in {"usage", "cloudevents"}
    return JSONResponse(told, status_code=NOTHING_TAKEN if is_in_vain else 200)


def exported(door: Door, content_type: str, found: Sorted) -> Response:
    """Return OTLP's answer, with a partial success where events were refused."""
    refused, message = found.refused.total(), "; ".join(found.details)
    if content_type != PROTOBUF:
        name = "rejectedSpans" if door.rejected == "rejected_spans" else "rejectedLogRecords"
        partial = {name: str(refused), "errorMessage": message}
        return JSONResponse({"partialSuccess": partial} if refused else {})
    is_spans = door.rejected == "rejected_spans"
    answer = ExportTraceServiceResponse() if is_spans else ExportLogsServiceResponse()
    if refused:
        setattr(answer.partial_success, door.rejected or "", refused)
        answer.partial_success.error_message = message
    return Response(answer.SerializeToString(), media_type=PROTOBUF)


def turned(door: Door | None, content_type: str, reason: Turned) -> Response:
    """Return the answer to a request that was not taken."""
    headers = {}
    if reason.retry_after_s is not None:
        headers["Retry-After"] = str(reason.retry_after_s)
    if reason.status == 401:  # noqa: PLR2004 - HTTP's
        headers["WWW-Authenticate"] = "Bearer"
    if reason.status in {400, 408, 413, 415}:
        headers["Connection"] = "close"  # the rest of its body is not read
    if door is not None and door.rejected is not None and content_type == PROTOBUF:
        text = reason.detail.encode()[:127]  # so that its length takes one byte
        body = RPC_MESSAGE + bytes([len(text)]) + text
        return Response(body, reason.status, headers, media_type=PROTOBUF)
    told = {"message": reason.detail} if door and door.rejected else {"error": reason.detail}
    return JSONResponse(told, status_code=reason.status, headers=headers)

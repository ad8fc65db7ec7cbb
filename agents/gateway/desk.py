"""One request from its head to its answer. The order makes each answer true, and is numbered.

Not here: reading settings, serving, following files. A crash before the answer: the client sends it
again, and what was kept is recognised by its identity.
"""

import asyncio
import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from starlette.requests import Request
from starlette.responses import Response

from agents.gateway import answers, body
from agents.gateway.answers import Sorted
from agents.gateway.body import Held, Lease, Turned
from agents.gateway.commit import Committer
from agents.gateway.dialects import Door, Sent
from agents.gateway.grants import Grants
from agents.gateway.metrics import Metric
from agents.gateway.normalise.outcome import Call, Refused
from agents.gateway.normalise.values import Unfit
from agents.gateway.rate import Buckets
from agents.gateway.settings import LimitSettings
from agents.gateway.sources import Source, Sources
from agents.logs import Occasionally
from agents.metrics import Metrics
from agents.outbox import Outbox, identity
from agents.outbox.clock import Clock
from schemas.records import InferenceUsage

LOG = structlog.get_logger("agents.gateway")
LARGE_BYTES = 64 * 1024  # read in a thread, so that others are answered meanwhile
SECOND_US = 1_000_000
BUSY_S, FULL_S = 1, 10  # for a client to wait
SCHEME = "bearer "


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What a desk works with."""

    outbox: Outbox
    committer: Committer
    sources: Callable[[], Sources]
    grants: Callable[[], Grants | None]  # None: no catalog was read yet
    limits: LimitSettings
    metrics: Metrics
    clock: Clock


class Desk:
    """Takes requests. For one event loop."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._limits = tools.limits
        self._buckets = Buckets(tools.limits.events_per_s, tools.limits.burst_s)
        self._occasionally = Occasionally(10.0)
        self._requests = 0
        self.held = Held(tools.limits.held_bytes)

    async def answer(self, door: Door, request: Request) -> Response:
        """Return the answer to a request at a door."""
        start_s = time.perf_counter()
        content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        self._requests += 1
        try:
            with Lease(self.held) as lease:
                answer = await self._taken(door, request, content_type, lease)
        except Turned as reason:
            answer = answers.turned(door, content_type, reason)
        finally:
            self._requests -= 1
        metrics = self._tools.metrics
        metrics.count(Metric.REQUESTS, dialect=door.dialect, status=str(answer.status_code))
        metrics.observe(Metric.REQUEST_S, time.perf_counter() - start_s, dialect=door.dialect)
        return answer

    async def _taken(
        self, door: Door, request: Request, content_type: str, lease: Lease
    ) -> Response:
        """Take a request.

        1. Who is it? Before anything of the body is read.
        2. Is there room, and is it known whom a source may speak of?
        3. Read it, within bounds.
        4. Refuse, one by one, what may not be billed. Nothing was put so far.
        5. Put the calls. A crash after: some may be on disk; none is confirmed.
        6. Wait for the disk, then confirm.
        """
        source = self._authenticated(door, request)
        grants = self._admitted(source)
        sent = Sent(
            await body.read(request, self._limits, lease),
            content_type,
            request.headers,
            self._tools.clock.now_us(),
        )
        read = self._read if len(sent.body) < LARGE_BYTES else self._read_aside
        found = await read(door, sent, source, grants)
        self._take_rate(source, len(found.calls))
        await self._keep(source, found)
        self._told(source, found)
        return answers.taken(door, content_type, found)

    def _authenticated(self, door: Door, request: Request) -> Source:
        said = request.headers.get("authorization", "")
        token = said[len(SCHEME) :].strip() if said[: len(SCHEME)].lower() == SCHEME else ""
        source = self._tools.sources().who(token)
        if source is None:
            raise Turned(401, "expected a token of a source: Authorization: Bearer ...")
        if not source.speaks(door.dialect):
            raise Turned(403, f"this source is not declared to send {door.dialect}")
        return source

    def _admitted(self, source: Source) -> Grants:
        grants = self._tools.grants()
        if grants is None:
            raise Turned(503, "no catalog was read yet", FULL_S)
        if self._requests > self._limits.requests:
            raise Turned(503, "too many requests at the same time", BUSY_S)
        self._take_rate(source, 0)
        return grants

    def _take_rate(self, source: Source, events: int) -> None:
        """Count events of a source. Raises Turned when it has used up what it may send."""
        now_s = self._tools.clock.monotonic_s()
        name = source.declared.name
        wait_s = self._buckets.take(name, source.events_per_s, events, now_s)
        if wait_s > 0:
            raise Turned(429, "more events than this source may send", math.ceil(wait_s))

    async def _read(self, door: Door, sent: Sent, source: Source, grants: Grants) -> Sorted:
        return self._sort(door, sent, source, grants)

    async def _read_aside(self, door: Door, sent: Sent, source: Source, grants: Grants) -> Sorted:
        return await asyncio.to_thread(self._sort, door, sent, source, grants)

    def _sort(self, door: Door, sent: Sent, source: Source, grants: Grants) -> Sorted:
        """Return what becomes of the events of a body. Raises Turned."""
        try:
            found = answers.sorted_out(door.read(sent, source.declared, self._limits))
        except Unfit as error:
            raise Turned(400, error.detail) from None
        horizon_us = sent.received_us + round(self._limits.max_skew_s * SECOND_US)
        calls, found.calls = found.calls, []
        for call in calls:
            refusal = refusal_of(call.event, source, grants, horizon_us)
            if refusal is None:
                found.calls.append(call)
            else:
                found.refuse(refusal)
        return found

    async def _keep(self, source: Source, found: Sorted) -> None:
        """Have the calls on disk. Raises Turned when they may not be: the client repeats them."""
        if not found.calls:
            return
        outbox, name = self._tools.outbox, source.declared.name
        mark = outbox.mark()
        if not all(outbox.put(call.event, identified(name, call)) for call in found.calls):
            raise Turned(503, "the outbox takes no more for now", FULL_S)
        if not await self._tools.committer.kept(mark):
            raise Turned(503, "the disk did not take it", FULL_S)

    def _told(self, source: Source, found: Sorted) -> None:
        name, metrics = source.declared.name, self._tools.metrics
        metrics.count(Metric.EVENTS, len(found.calls), source=name, outcome="taken")
        metrics.count(Metric.EVENTS, found.ignored, source=name, outcome="ignored")
        metrics.count(Metric.EVENTS, found.refused.total(), source=name, outcome="refused")
        reasons = found.refused + found.unread
        for reason, events in reasons.items():
            metrics.count(Metric.REFUSED, events, source=name, reason=reason)
        if reasons and self._occasionally.due(name):
            LOG.warning("events_refused", source=name, reasons=dict(reasons))


def identified(source: str, call: Call) -> bytes:
    """Return the identity of a call among those of all sources."""
    return identity(source, *call.identity)


def refusal_of(
    event: InferenceUsage, source: Source, grants: Grants, horizon_us: int
) -> Refused | None:
    """Return why a call may not be billed; None: it may."""
    name = source.declared.name
    if event["at_us"] > horizon_us:
        return Refused("future_time", "expected calls that have ended; set the sender's clock")
    cached = (event["cache_read_tokens"] or 0) + (event["cache_write_5m_tokens"] or 0)
    cached += event["cache_write_1h_tokens"] or 0
    if cached > (event["input_tokens"] or 0):
        return Refused(
            "cache_exceeds_input",
            "expected cached tokens to be part of the input's; where the sender leaves them out, "
            "declare its source `adds_cache: true`",
        )
    if (event["reasoning_tokens"] or 0) > (event["output_tokens"] or 0):
        return Refused(
            "reasoning_exceeds_output", "expected reasoning tokens to be part of the output's"
        )
    if not grants.may_speak(name, event["tenant"], event["at_us"]):
        return Refused(
            "tenant_not_granted",
            f"expected a tenant that the catalog lets {name} speak of; see `sources` there",
        )
    return None

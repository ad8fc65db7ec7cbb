"""The agent at work: it looks, and hands what is closed to the outbox, until it is told to stop.

The order of one round, and what a crash after each step costs:
1. look: nothing, the time until the next agent's first look is unobserved
2. sample: as 1
3. put the closed intervals with their notes: up to a second of them is in memory only; their notes
   are too, so the next agent tells of their time as unobserved, once
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog

from agents.errors import AgentError
from agents.gpu import metrics as counting
from agents.gpu.looking import Eyes, look
from agents.gpu.metrics import Metric
from agents.gpu.notes import covered_of, notes_of
from agents.gpu.observed import DeviceSeen, Standing
from agents.gpu.pace import Pace
from agents.gpu.sampler import Outcome, Sampler, Terms
from agents.gpu.sampler.elapsed import MISSED_PERIODS
from agents.metrics import Metrics
from agents.outbox import Outbox

LOG = structlog.get_logger("agents.gpu")
SECOND_US = 1_000_000
PATIENCE_S = 10.0  # with a driver that is slow: whoever restarts unhealthy agents helps nobody


@dataclass(frozen=True, slots=True)
class Tools:
    """What the agent works with. `wait` sleeps for seconds, and says whether to stop."""

    eyes: Eyes
    outbox: Outbox
    pace: Pace
    metrics: Metrics
    wait: Callable[[float], bool]


class Agent:
    """One agent. `run` is called once."""

    def __init__(self, terms: Terms, tools: Tools) -> None:
        """Take up what was covered when the agent before ended. Raises NotesUnreadable."""
        self._tools = tools
        remembered = covered_of(tools.outbox.notes)
        self._sampler = Sampler(terms, remembered, tools.outbox.stats().epoch)
        self._standings: dict[str, Standing] = {}
        self._idle: set[str] = set()
        self._looked_us: int | None = None  # monotonic
        self._cpu_s = tools.eyes.cpu_s()
        LOG.info("agent_started", node=terms.node, remembered_devices=len(remembered))

    def run(self) -> None:
        """Look until told to stop. What is open is closed at the last look, however it ends.

        Raises what the reader and the outbox raise: then only a new process can go on.
        """
        try:
            due_us = self._now_us()
            while True:
                self._round()
                due_us = self._next_due_us(due_us)
                if self._tools.wait(max(0, due_us - self._now_us()) / SECOND_US):
                    return
        finally:
            self._put(self._sampler.finish())

    def health(self) -> tuple[bool, Mapping[str, object]]:
        """Return whether it looks and keeps what it sees, and what an operator should know."""
        stats = self._tools.outbox.stats()
        looked_us, now_us = self._looked_us, self._now_us()
        late_us = (MISSED_PERIODS * self._tools.pace.period_s + PATIENCE_S) * SECOND_US
        why_not = stats.failure or stats.refusing
        if looked_us is None or now_us - looked_us > late_us:
            why_not = why_not or "no look at the GPUs for a while"
        detail = {
            "why_not": why_not,
            "devices": {uuid: standing.value for uuid, standing in self._standings.items()},
            "delivery": stats.last_error,
            "pending_batches": stats.pending_batches,
        }
        return why_not is None, detail

    def _round(self) -> None:
        pace, counts = self._tools.pace, self._tools.metrics
        began_us, is_first = self._now_us(), self._looked_us is None
        seen = look(self._tools.eyes, pace.period_s)
        self._looked_us = self._now_us()
        for_s = (self._looked_us - began_us) / SECOND_US
        self._put(self._sampler.look(seen))
        self._check_outbox()
        self._tell_changes(seen.devices)
        before_s, self._cpu_s = self._cpu_s, self._tools.eyes.cpu_s()
        if not is_first:  # which also started what looks
            pace.note(self._cpu_s - before_s)
        counts.count(Metric.LOOKS)
        counts.count(Metric.CPU_S, self._cpu_s - before_s)
        counts.observe(Metric.LOOK_S, for_s)
        counts.set(Metric.PERIOD_S, pace.period_s)
        counting.count_devices(counts, seen.devices)

    def _put(self, outcome: Outcome) -> None:
        counts = self._tools.metrics
        for closed in outcome.closed:
            is_kept = self._tools.outbox.put(closed.interval, notes=notes_of(closed.covered))
            counts.count(Metric.DROPPED, 0 if is_kept else 1)
            counting.count_interval(counts, closed.interval)
            is_idle = counting.is_idle(closed.interval)
            (self._idle.add if is_idle else self._idle.discard)(closed.interval["device"])
        counts.set(Metric.IDLE_DEVICES, len(self._idle))
        if outcome.skipped_us:
            counts.count(Metric.SKIPPED_S, outcome.skipped_us / SECOND_US)
            LOG.warning("time_skipped", device_s=outcome.skipped_us / SECOND_US)
        counting.count_outbox(counts, self._tools.outbox.stats())

    def _check_outbox(self) -> None:
        failure = self._tools.outbox.stats().failure
        if failure is not None:
            raise AgentError(f"expected the outbox to go on, but it stopped: {failure}")

    def _tell_changes(self, devices: tuple[DeviceSeen, ...]) -> None:
        """Log which GPUs came, went, or stand otherwise than before."""
        now = {device.uuid: device.standing for device in devices}
        for device in devices:
            before = self._standings.get(device.uuid)
            if before is not device.standing:
                LOG.info(
                    "device_standing",
                    device=device.uuid,
                    before=before and before.value,
                    now=device.standing.value,
                    flags=sorted(device.flags),
                )
        for uuid in self._standings.keys() - now.keys():
            LOG.warning("device_gone", device=uuid)
        self._standings = now

    def _next_due_us(self, due_us: int) -> int:
        """Return when to look next: on the beat, or at once when that has passed."""
        return max(due_us + round(self._tools.pace.period_s * SECOND_US), self._now_us())

    def _now_us(self) -> int:
        return self._tools.eyes.clock().monotonic_us

"""Keeps one part running: starts it, asks how it is, starts it again when it ends.

Restarts back off exponentially and never give up; a part that stayed ready for a while starts
with a clean slate. What it does not do: judge a part that runs but answers badly.
"""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

import structlog

from streams.metrics import Metric, Metrics
from streams.up.lines import Sink
from streams.up.parts import Part
from streams.up.process import Process

State = Literal["waiting", "starting", "ready", "unready", "backing_off", "stopped"]
Probe = Callable[[Part], Awaitable[bool]]

STARTING_PROBE_S = 0.1
READY_PROBE_S = 1.0
FIRST_BACKOFF_S = 0.2
LAST_BACKOFF_S = 30.0
FORGIVEN_AFTER_S = 10.0  # of being ready

log = structlog.get_logger()


def backoff_s(failures: int) -> float:
    """Return the wait before the next start, doubling with each failure.

    >>> [backoff_s(n) for n in (1, 2, 3, 20)]
    [0.2, 0.4, 0.8, 30.0]
    """
    return float(min(LAST_BACKOFF_S, FIRST_BACKOFF_S * 2 ** min(failures - 1, 16)))


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a supervisor is given by its stack."""

    probe: Probe
    sink: Sink
    metrics: Metrics
    changed: Callable[[], None]  # called after a start or an end


class Supervisor:
    """One part and its current process, if it has one."""

    def __init__(self, part: Part, around: Surroundings, *, restart: bool = True) -> None:
        self.part = part
        self.state: State = "waiting"
        self.failures = 0  # in a row
        self.last_lines: list[str] = []  # of the last run that ended
        self.last_status: int | None = None  # of the last run that ended
        self.ended = asyncio.Event()  # for good
        self._around = around
        self._restart = restart
        self._process: Process | None = None
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """Process id; None while it has no process."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Begin. Returns at once."""
        self._task = asyncio.create_task(self._keep_running())

    def send(self, number: signal.Signals) -> None:
        """Send the process a signal, as a fault or a pause would."""
        if self._process:
            self._process.send(number)

    async def stop(self, within_s: float) -> None:
        """End the part and keep it ended; past the time it is killed."""
        self._stopping.set()
        process = self._process
        if process and not await process.stop(within_s):
            log.warning("part_killed", part=self.part.name, waited_s=within_s)
        if self._task:
            await self._task

    async def _keep_running(self) -> None:
        try:
            while not self._stopping.is_set():
                await self._run_once()
                if self._stopping.is_set() or not self._restart:
                    break
                self._note_failure()
                await self._back_off()
        finally:
            self.state = "stopped"
            self.ended.set()
            self._around.changed()

    async def _run_once(self) -> None:
        self.state = "starting"
        process = await Process.start(self.part.name, self.part.command, self._around.sink)
        self._process = process
        log.info("part_started", part=self.part.name, pid=process.pid)
        self._around.changed()
        if self._stopping.is_set():
            process.send(signal.SIGTERM)
        self.last_status = await self._probe_until_ended(process)
        self._process = None
        self.last_lines = list(process.last_lines)

    async def _probe_until_ended(self, process: Process) -> int:
        ended = asyncio.create_task(process.wait())
        clock = asyncio.get_running_loop().time
        ready_since_s = None
        while not ended.done():
            is_ready = await self._around.probe(self.part)
            self._note_probe(is_ready=is_ready)
            ready_since_s = (ready_since_s or clock()) if is_ready else None
            if ready_since_s is not None and clock() - ready_since_s > FORGIVEN_AFTER_S:
                self.failures = 0
            pause_s = READY_PROBE_S if is_ready else STARTING_PROBE_S
            await asyncio.wait({ended}, timeout=pause_s)
        return ended.result()

    def _note_probe(self, *, is_ready: bool) -> None:
        if is_ready and self.state != "ready":
            log.info("part_ready", part=self.part.name)
            self.state = "ready"
        elif not is_ready and self.state == "ready":
            log.warning("part_unready", part=self.part.name)
            self.state = "unready"

    def _note_failure(self) -> None:
        self.failures += 1
        self.state = "backing_off"
        self._around.metrics.count(Metric.PART_RESTARTS, part=self.part.name)
        log.error(
            "part_ended",
            part=self.part.name,
            status=self.last_status,
            failures=self.failures,
            again_in_s=backoff_s(self.failures),
            last_lines=self.last_lines[-3:],
        )
        self._around.changed()

    async def _back_off(self) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), backoff_s(self.failures))
        except TimeoutError:
            return

"""Several supervised parts: start them together, wait until all are ready, stop them in order."""

import asyncio
import signal
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import structlog

from streams.errors import PartFailed
from streams.up.parts import Part, Role
from streams.up.probes import Probes
from streams.up.supervisor import Supervisor, Surroundings

GIVE_UP_AFTER = 3  # ends of a part before it was ever ready
MISUSED = 2  # exit status of a part whose settings are wrong: starting again will not help
ORDER: tuple[Role, ...] = (
    "accrue",
    "meter",
    "allocate",
    "watch",
    "budgets",
    "anomalies",
    "notify",
    "store",
    "broker",
)  # as input flows
STOP_S: dict[Role, float] = {
    "accrue": 2.0,
    "meter": 4.0,
    "allocate": 4.0,
    "watch": 4.0,
    "budgets": 4.0,
    "anomalies": 4.0,
    "notify": 4.0,
    "store": 4.0,
    "broker": 0.5,
}
# Time each role leaves for those after it; the store has most to finish.
KEEP_S: dict[Role, float] = {
    "accrue": 3.8,
    "meter": 3.8,
    "allocate": 2.8,
    "watch": 2.0,
    "budgets": 2.0,
    "anomalies": 2.0,
    "notify": 1.0,
    "store": 0.3,
    "broker": 0.0,
}
CATCH_UP: Final[frozenset[Role]] = frozenset(  # what reads what others send when they stop
    {"allocate", "watch", "budgets", "anomalies", "notify", "store"}
)
LEAST_S = 0.1  # for a role when all time is used up
LAG_POLL_S = 0.1
READY_POLL_S = 0.05

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a drain may take in all, and of it each role for reading what was sent to it."""

    within_s: float
    catch_up_s: float


TOLD = Pace(within_s=8.0, catch_up_s=0.6)  # of the 10 s within which Ctrl-C ends
FULL = Pace(within_s=68.0, catch_up_s=30.0)  # the broker is full: what is not read now is lost
KILLED = Pace(within_s=8.0, catch_up_s=0.0)  # there is nothing to read any more


class Fleet:
    """The parts of one stack, by name."""

    def __init__(self, around: Surroundings, probes: Probes) -> None:
        self.supervisors: dict[str, Supervisor] = {}
        self._around = around
        self._probes = probes

    def start(self, parts: Iterable[Part]) -> list[Supervisor]:
        """Start parts; returns at once. The broker is not started again when it ends."""
        started = []
        for part in parts:
            supervisor = Supervisor(part, self._around, restart=part.role != "broker")
            self.supervisors[part.name] = supervisor
            supervisor.start()
            started.append(supervisor)
        return started

    async def wait_ready(self, supervisors: Iterable[Supervisor], within_s: float) -> None:
        """Return once all are ready. Raises PartFailed for one that keeps ending or is too slow."""
        clock = asyncio.get_running_loop().time
        deadline_s = clock() + within_s
        waiting = list(supervisors)
        while waiting := [s for s in waiting if s.state != "ready"]:
            for supervisor in waiting:
                if clock() > deadline_s or _is_hopeless(supervisor):
                    raise _failed(supervisor)
            await asyncio.sleep(READY_POLL_S)

    def of(self, role: Role) -> list[Supervisor]:
        """Return the parts of a role."""
        return [s for s in self.supervisors.values() if s.part.role == role]

    async def stop(self, name: str, within_s: float) -> None:
        """Stop one part and forget it; past the time it is killed."""
        await self.supervisors.pop(name).stop(within_s)

    async def drain(self, pace: Pace) -> None:
        """Stop all, each role after the one that feeds it and after it has read what that sent."""
        clock = asyncio.get_running_loop().time
        end_s = clock() + pace.within_s
        for role in ORDER:
            if role in CATCH_UP:
                await self._catch_up(role, min(pace.catch_up_s, end_s - KEEP_S[role] - clock()))
            limit_s = max(LEAST_S, min(STOP_S[role], end_s - KEEP_S[role] - clock()))
            await asyncio.gather(*(self.stop(s.part.name, limit_s) for s in self.of(role)))

    def kill(self) -> None:
        """Kill all parts now; stopping them is then quick."""
        for supervisor in self.supervisors.values():
            supervisor.send(signal.SIGKILL)

    async def _catch_up(self, role: Role, within_s: float) -> None:
        clock = asyncio.get_running_loop().time
        deadline_s = clock() + within_s
        while any([await self._probes.lag(s.part) for s in self.of(role) if s.state == "ready"]):
            if clock() > deadline_s:
                log.warning("input_left_unread", role=role, waited_s=within_s)
                return
            await asyncio.sleep(LAG_POLL_S)


def _is_hopeless(supervisor: Supervisor) -> bool:
    misused = supervisor.last_status == MISUSED
    return misused or supervisor.state == "stopped" or supervisor.failures >= GIVE_UP_AFTER


def _failed(supervisor: Supervisor) -> PartFailed:
    status = supervisor.last_status
    why = "it did not answer in time" if status is None else f"it ended with status {status}"
    last = "".join(f"\n  {line}" for line in supervisor.last_lines)
    return PartFailed(supervisor.part.name, why + (f"; its last lines:{last}" if last else ""))

"""The reader over NVML that always answers in time: it reads in a process of its own.

A driver in trouble can block a call in the kernel for ever, where no signal reaches it. A thread
blocked so would keep the agent's process from ending. Here the agent goes on, says that it saw
nothing, and after a while stops and leaves the blocked child behind.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from agents.errors import ReaderStale, ReaderUnavailable
from agents.gpu.findings import Finding
from agents.gpu.nvml.child import Child
from agents.gpu.nvml.wire import Answer, Failed, Question
from agents.gpu.observed import DeviceSeen, Standing

TIMED_OUT = frozenset({"nvml_timeout"})


@dataclass(frozen=True, slots=True)
class Patience:
    """How long an answer may take."""

    first_s: float = 60.0  # without persistence mode NVML wakes every GPU when it initialises
    look_s: float = 1.0
    last_s: float = 120.0  # a call that hangs for so long will not come back


class WatchedReader:
    """Implements `observed.Reader`. Not thread-safe."""

    def __init__(
        self,
        patience: Patience | None = None,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._patience = patience or Patience()
        self._now_s = monotonic_s
        self._child = Child()
        self._hung_since_s: float | None = None  # a look was asked for and has not been answered
        self._seen: tuple[DeviceSeen, ...] | None = None  # by the last look that was answered
        self._late_xids: dict[str, tuple[int, ...]] = {}  # of looks answered too late

    def look(self) -> tuple[DeviceSeen, ...]:
        """Return every GPU; when NVML hangs, those of the last answer as UNREADABLE.

        Raises ReaderStale when it hangs for too long or the child has ended, and
        ReaderUnavailable while no GPU was ever seen.
        """
        if self._hung_since_s is None or self._has_come_back(self._hung_since_s):
            asked_at_s = self._now_s()
            self._child.ask(Question.LOOK)
            is_first = self._seen is None
            answer = self._child.answer(
                self._patience.first_s if is_first else self._patience.look_s
            )
            if answer is not None:
                self._seen = tuple(self._complete(seen) for seen in _seen(answer))
                self._late_xids.clear()
                return self._seen
            self._hung_since_s = asked_at_s
        return self._unreadable()

    def probe(self) -> tuple[Finding, ...]:
        """Return what NVML can and cannot tell here. For a reader that is used for nothing else."""
        self._child.ask(Question.PROBE)
        answer = self._child.answer(self._patience.first_s)
        if answer is None:
            why = f"did not answer within {self._patience.first_s:.0f} s"
            return (Finding("NVML", False, why, HUNG_TO_DO),)
        return tuple(found for found in _checked(answer) if isinstance(found, Finding))

    def cpu_s(self) -> float:
        """Return the CPU time that reading has cost so far, seconds. Raises ReaderStale."""
        return self._child.cpu_s

    def close(self) -> None:
        """End the child."""
        self._child.close()

    def _has_come_back(self, since_s: float) -> bool:
        """Tell whether a late answer is there. It is of the past: only its Xids are kept."""
        answer = self._child.answer(within_s=0)
        if answer is None:
            for_s = self._now_s() - since_s
            if for_s > self._patience.last_s:
                raise ReaderStale(
                    f"expected NVML to answer within {self._patience.last_s:.0f} s, but it has "
                    f"hung for {for_s:.0f} s; {HUNG_TO_DO}"
                )
            return False
        self._hung_since_s = None
        for seen in _seen(answer):
            self._late_xids[seen.uuid] = self._late_xids.get(seen.uuid, ()) + seen.xids
        return True

    def _complete(self, seen: DeviceSeen) -> DeviceSeen:
        late = self._late_xids.get(seen.uuid, ())
        return replace(seen, xids=late + seen.xids) if late else seen

    def _unreadable(self) -> tuple[DeviceSeen, ...]:
        if self._seen is None:
            raise ReaderStale(
                f"expected NVML to answer for the first time within {self._patience.first_s:.0f} s "
                f"and it did not; {HUNG_TO_DO}"
            )
        return tuple(_blind(seen) for seen in self._seen)


HUNG_TO_DO = "look for NVIDIA processes in state D and for Xids in the kernel's log"


def _blind(seen: DeviceSeen) -> DeviceSeen:
    """Return a GPU as it is known from before: that it is there, and not what it does."""
    return DeviceSeen(
        uuid=seen.uuid,
        model=seen.model,
        standing=Standing.UNREADABLE,
        memory_bytes=seen.memory_bytes,
        energy_epoch=seen.energy_epoch,
        flags=TIMED_OUT,
        index=seen.index,
        minor=seen.minor,
    )


def _seen(answer: Answer) -> tuple[DeviceSeen, ...]:
    return tuple(seen for seen in _checked(answer) if isinstance(seen, DeviceSeen))


def _checked(answer: Answer) -> tuple[DeviceSeen, ...] | tuple[Finding, ...]:
    if not isinstance(answer, Failed):
        return answer
    error = ReaderStale if answer.error == "stale" else ReaderUnavailable
    raise error(answer.text)

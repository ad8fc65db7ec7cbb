"""The process that reads NVML, as the agent holds it: one question at a time, answers in time.

Invariant: no method waits longer than it is told, whatever the child does.
"""

import os
import select
import subprocess
import sys
import time

from agents.errors import ReaderStale
from agents.gpu.nvml.wire import Answer, Question, unframed

CHUNK_BYTES = 1 << 16
GOODBYE_S = 1.0  # for the child to end when it is no longer needed
PROCESS_CPU_CLOCK = (
    2  # CPUCLOCK_SCHED; the rest of the id is the inverted pid (Linux posix-timers.h)
)


class Child:
    """Started when made. Not thread-safe."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            # -P: no module of the working directory instead of ours; the other: where it crashed
            [sys.executable, "-P", "-X", "faulthandler", "-m", "agents.gpu.nvml"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,  # a Ctrl-C is for the agent
        )
        if self._process.stdin is None or self._process.stdout is None:
            raise AssertionError("Popen was told to make both pipes")
        self._questions, self._answers = self._process.stdin, self._process.stdout
        self._poll = select.poll()
        self._poll.register(self._answers, select.POLLIN)
        self._received = bytearray()

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    @property
    def cpu_s(self) -> float:
        """CPU time it has used, seconds. Raises ReaderStale when it has ended."""
        try:
            return time.clock_gettime(~self.pid << 3 | PROCESS_CPU_CLOCK)
        except OSError as error:
            raise self._ended() from error

    def ask(self, question: Question) -> None:
        """Send a question. The answer to the one before must have been received."""
        try:
            os.write(self._questions.fileno(), question.value)
        except BrokenPipeError as error:
            raise self._ended() from error

    def answer(self, within_s: float) -> Answer | None:
        """Return the answer, or None when it does not come in time. Raises ReaderStale."""
        until_s = time.monotonic() + within_s
        while True:
            left_ms = max(0.0, until_s - time.monotonic()) * 1_000
            if not self._poll.poll(left_ms):
                return None
            chunk = os.read(self._answers.fileno(), CHUNK_BYTES)
            if not chunk:
                raise self._ended()
            self._received += chunk
            answer = unframed(self._received)
            if answer is not None:
                return answer

    def close(self) -> None:
        """Let the child end, or end it. One that hangs in the kernel is left behind."""
        self._questions.close()
        self._answers.close()
        if self._has_ended():
            return
        self._process.kill()
        self._has_ended()

    def _has_ended(self) -> bool:
        try:
            self._process.wait(GOODBYE_S)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _ended(self) -> ReaderStale:
        self._has_ended()
        return ReaderStale(
            "expected the process that reads NVML to go on, but it ended with exit status "
            f"{self._process.returncode}; its last words are in this log; start a new agent"
        )

"""One run of one command: its output line by line, its last words, and an end that always comes."""

import asyncio
import contextlib
import os
import signal
import sys
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from streams.up import leash
from streams.up.lines import Sink

LAST_LINES = 20  # kept to say why a part ended
LINE_BYTES = 16 * 1024  # a longer line is cut
CHUNK_BYTES = 64 * 1024


class Process:
    """A started process. Its stdout and stderr go to the sink together."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, sink: Sink) -> None:
        self.name = name
        self.pid = process.pid
        self.last_lines: deque[str] = deque(maxlen=LAST_LINES)
        self._process = process
        self._sink = sink
        self._ended = asyncio.create_task(self._run())

    @classmethod
    async def start(cls, name: str, command: Sequence[str], sink: Sink) -> "Process":
        """Start a command, which dies with us and does not get our terminal's Ctrl-C."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-IS",
            str(Path(leash.__file__)),
            str(os.getpid()),
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        return cls(name, process, sink)

    async def wait(self) -> int:
        """Return the exit status, negative for a signal, once all output was read."""
        return await asyncio.shield(self._ended)

    def send(self, number: signal.Signals) -> None:
        """Send a signal; to a process that has ended, nothing."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)

    async def stop(self, within_s: float) -> bool:
        """Ask it to end, then make it. Returns whether it ended by itself."""
        self.send(signal.SIGTERM)
        self.send(signal.SIGCONT)  # a paused process cannot end
        ended, _ = await asyncio.wait({self._ended}, timeout=within_s)
        if not ended:
            self.send(signal.SIGKILL)
        await self.wait()
        return bool(ended)

    async def _run(self) -> int:
        await self._read_lines()
        return await self._process.wait()

    async def _read_lines(self) -> None:
        out = self._process.stdout
        if out is None:
            return
        pending = b""
        while chunk := await out.read(CHUNK_BYTES):
            *lines, pending = (pending + chunk).split(b"\n")
            for line in lines:
                self._take(line)
            pending = pending[:LINE_BYTES]
        if pending:
            self._take(pending)

    def _take(self, line: bytes) -> None:
        text = line[:LINE_BYTES].decode("utf-8", "replace").rstrip("\r")
        self.last_lines.append(text)
        self._sink(self.name, text)

"""Processors as processes: started, killed, paused, resumed, and started again when they end.

Each start of a worker has a log of its own, in JSON lines, kept for whoever has to find out why.
They die with this process, however it ends.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from streams.up import leash

STOP_S = 20.0  # a worker drains within a few seconds, on a busy machine


@dataclass(frozen=True, slots=True)
class End:
    """A process that ended without being told to."""

    worker: str
    code: int
    log: Path


@dataclass(slots=True)
class Worker:
    """One worker: a processor and its number, over all of its processes."""

    processor: str
    number: int
    arguments: tuple[str, ...]
    folder: Path
    starts: int = 0
    is_paused: bool = False
    process: subprocess.Popen[bytes] | None = None
    ends: list[End] = field(default_factory=list)
    environment: Mapping[str, str] = field(default_factory=dict)  # beside what this process has

    @property
    def name(self) -> str:
        """Say who it is, e.g. meter-2."""
        return f"{self.processor}-{self.number}"

    @property
    def log(self) -> Path:
        """Log of the process that runs now."""
        return self.folder / f"{self.name}.{self.starts}.log"

    @property
    def command(self) -> list[str]:
        """What its process runs."""
        return [sys.executable, "-P", "-m", "streams", "run", self.processor, *self.arguments]

    def start(self) -> None:
        """Start a process for it."""
        self.starts += 1
        self.is_paused = False
        with self.log.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-IS", str(Path(leash.__file__)), str(os.getpid()), *self.command],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env={**os.environ, "APPORTION_LOG__FORMAT": "json", **self.environment},
                start_new_session=True,
            )

    def revive(self) -> None:
        """Start it again when it has ended by itself, and remember that it had."""
        if self.process is not None and self.process.poll() is not None:
            self.ends.append(End(self.name, self.process.returncode, self.log))
            self.start()

    def kill(self) -> None:
        """End it at once, as a crash of the machine would, and start it again."""
        self.signal(signal.SIGKILL)
        if self.process is not None:
            self.process.wait()
        self.start()

    def pause(self) -> None:
        """Stop it where it stands."""
        self.is_paused = True
        self.signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on, not knowing that time has passed."""
        self.is_paused = False
        self.signal(signal.SIGCONT)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        if self.process is not None:
            self.process.send_signal(number)

    def stop(self) -> int:
        """End it in order and return its exit code; one that does not end is killed."""
        process, self.process = self.process, None
        if process is None:
            return 0
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGCONT)
        try:
            return process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    def entries(self, event: str) -> list[Mapping[str, object]]:
        """Return the entries of one kind in the log of the process that runs now."""
        lines = self.log.read_text("utf-8", "replace").splitlines()
        return [json.loads(s) for s in lines if f'"{event}"' in s and s.startswith("{")]

"""A process that tests start, kill, pause and start again. It dies with them, however they end."""

import os
import signal
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from streams.up import leash

STOP_S = 20.0  # a worker drains, and a broker hands over, within a few seconds


@dataclass(slots=True, kw_only=True)
class Daemon(ABC):
    """The process that runs now, and how many there were."""

    starts: int = 0
    process: subprocess.Popen[bytes] | None = None

    @property
    @abstractmethod
    def log(self) -> Path:
        """Where the process that runs now says what it says."""

    @property
    def is_running(self) -> bool:
        """Whether it has a process, paused or not."""
        return self.process is not None and self.process.poll() is None

    def launch(
        self, command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        """Start a process in a folder; `environment` is beside what this process has."""
        self.starts += 1
        leashed = [sys.executable, "-IS", leash.__file__, str(os.getpid())]
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                [*leashed, *command],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env={**os.environ, **(environment or {})},
                start_new_session=True,
            )

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        if self.process is not None:
            self.process.send_signal(number)

    def kill(self) -> None:
        """End it as a power failure would."""
        self.send(signal.SIGKILL)
        if self.process is not None:
            self.process.wait()

    def pause(self) -> None:
        """Stop it where it stands."""
        self.send(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on, not knowing that time has passed."""
        self.send(signal.SIGCONT)

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

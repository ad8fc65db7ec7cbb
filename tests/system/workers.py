"""Processors as processes: started, killed, paused, resumed, and started again when they end.

Each start of a worker has a log of its own, in JSON lines, kept for whoever has to find out why.
"""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.daemon import Daemon


@dataclass(frozen=True, slots=True)
class End:
    """A process that ended without being told to."""

    worker: str
    code: int
    log: Path


@dataclass(slots=True)
class Worker(Daemon):
    """One worker: a processor and its number, over all of its processes."""

    processor: str
    number: int
    arguments: tuple[str, ...]
    folder: Path
    is_paused: bool = False
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
        self.is_paused = False
        own = {"APPORTION_LOG__FORMAT": "json", **self.environment}
        self.launch(self.command, self.folder, own)

    def revive(self) -> None:
        """Start it again when it has ended by itself, and remember that it had."""
        if self.process is not None and self.process.poll() is not None:
            self.ends.append(End(self.name, self.process.returncode, self.log))
            self.start()

    def kill(self) -> None:
        """End it at once, as a crash of the machine would, and start it again."""
        Daemon.kill(self)
        self.start()

    def pause(self) -> None:
        """Stop it where it stands."""
        self.is_paused = True
        Daemon.pause(self)

    def resume(self) -> None:
        """Let it go on, not knowing that time has passed."""
        self.is_paused = False
        Daemon.resume(self)

    def entries(self, event: str) -> list[Mapping[str, object]]:
        """Return the entries of one kind in the log of the process that runs now."""
        lines = self.log.read_text("utf-8", "replace").splitlines()
        return [json.loads(s) for s in lines if f'"{event}"' in s and s.startswith("{")]

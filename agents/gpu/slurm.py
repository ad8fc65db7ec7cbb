"""What Slurm has handed out, as its prolog writes it down on the node. `squeue` is never asked.

A directory as dcgm-exporter reads it too: a file for each device, named by its index, by index and
GPU instance (`1.5`), or by its UUID, with one job number a line. Beside them our prolog writes
`job-<number>` with the job's account and user.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from agents.gpu.processes import SECOND_US

DEVICE: Final = re.compile(r"^(?:\d+(?:\.\d+)?|(?:GPU|MIG)-[\w-]+)$")
JOB: Final = re.compile(r"^\d+$")
DETAILS: Final = ("account", "user", "partition")
KEPT_US: Final = 120 * SECOND_US  # how long what was written last is believed
MAX_BYTES: Final = 65_536  # of a file


@dataclass(frozen=True, slots=True)
class Written:
    """What is believed now. `jobs` None: nothing is known (any more). `fault`: of the last try."""

    jobs: Mapping[str, tuple[str, ...]] | None = None  # by the name of a device's file
    fault: str | None = None


class SlurmJobs:
    """The directory of one node. `now_us`: a clock that only goes forward."""

    def __init__(self, folder: Path, now_us: Callable[[], int]) -> None:
        self.folder = folder
        self._now_us = now_us
        self._written = Written()
        self._read_us: int | None = None

    def ask(self) -> Written:
        """Return which jobs have which devices."""
        now_us = self._now_us()
        try:
            self._written = Written(self._jobs())
            self._read_us = now_us
        except OSError as error:
            self._written = replace(self._written, fault=repr(error))
            if self._read_us is None or now_us - self._read_us > KEPT_US:
                self._written = Written(None, self._written.fault)
        return self._written

    def details(self, job: str) -> dict[str, str]:
        """Return account, user and partition of a job, as far as they were written down."""
        try:
            lines = self._text(f"job-{job}").splitlines()
        except OSError:
            return {}
        said = dict(line.strip().split("=", 1) for line in lines if "=" in line)
        return {name: said[name] for name in DETAILS if said.get(name)}

    def _jobs(self) -> dict[str, tuple[str, ...]]:
        names = sorted(each.name for each in self.folder.iterdir() if DEVICE.match(each.name))
        return {name: self._jobs_of(name) for name in names}

    def _jobs_of(self, name: str) -> tuple[str, ...]:
        try:
            lines = self._text(name).split()
        except FileNotFoundError:  # the epilog was faster
            return ()
        return tuple(dict.fromkeys(line for line in lines if JOB.match(line)))

    def _text(self, name: str) -> str:
        with (self.folder / name).open(encoding="utf-8", errors="replace") as file:
            return file.read(MAX_BYTES)

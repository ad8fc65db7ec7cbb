"""A /proc as the kernel shows it, in a folder."""

import shutil
from dataclasses import dataclass
from pathlib import Path

BOOT = "5d2f3f0e-8c1a-4e5b-9d7c-000000000001"


@dataclass
class Proc:
    """Processes that a test starts, moves and ends."""

    root: Path

    def __post_init__(self) -> None:
        boot = self.root / "sys/kernel/random/boot_id"
        boot.parent.mkdir(parents=True)
        boot.write_text(BOOT + "\n")

    def start(  # noqa: PLR0913 - a field of the kernel's each
        self,
        pid: int,
        group: str,
        *,
        start_ticks: int = 100,
        name: str = "python",
        uid: int = 0,
        parent: int = 1,
        state: str = "S",
    ) -> None:
        """Start a process in a control group, or change one that runs."""
        folder = self.root / str(pid)
        folder.mkdir(exist_ok=True)
        fields = f"{state} {parent} " + "0 " * 17 + f"{start_ticks} 0 0"
        (folder / "stat").write_text(f"{pid} ({name}) {fields}\n")
        (folder / "cgroup").write_text(f"0::{group}\n")
        (folder / "status").write_text(f"Name:\t{name}\nUid:\t{uid}\t0\t0\t0\nGid:\t7\t0\t0\t0\n")

    def end(self, pid: int) -> None:
        """End a process: nothing of it is left."""
        shutil.rmtree(self.root / str(pid))


class Clock:
    """A clock that a test moves."""

    def __init__(self, now_us: int = 1_000_000_000) -> None:
        self.now_us = now_us

    def __call__(self) -> int:
        return self.now_us

    def later(self, s: float) -> None:
        """Let seconds pass."""
        self.now_us += round(s * 1_000_000)

"""Processes by their identity: (boot, pid, start), and where each runs. Reads /proc.

A pid alone is no identity: the kernel gives it to another process. What was found out is kept for
a while after a process is gone, since the driver still speaks of it then. Environment variables
are never read: the workload writes them.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from agents.gpu.cgroups import NOWHERE, Place, place_of

PROC: Final = Path("/proc")
INITIAL_PID_NAMESPACE: Final = 0xEFFFFFFC  # its inode, include/linux/proc_ns.h: PROC_PID_INIT_INO
SECOND_US: Final = 1_000_000
KEPT_US: Final = 60 * SECOND_US  # after a process was seen last: one window
TRUSTED_US: Final = 60 * SECOND_US  # how long groups are not read again: processes may be moved
MAX_BYTES: Final = 16_384  # of such a file; the kernel gives it whole to one read
PARENT, START = 1, 19  # of /proc/<pid>/stat after the name: fields 4 and 22


@dataclass(frozen=True, slots=True)
class Identity:
    """One process for ever."""

    boot_id: str
    pid: int
    start_ticks: int  # since boot


@dataclass(frozen=True, slots=True)
class Process:
    """A process, and where it runs."""

    identity: Identity
    name: str  # that it gave itself
    place: Place
    uid: int | None  # real, of the initial user namespace as this reader sees it
    gid: int | None
    parent: int


class Stat(NamedTuple):
    """What changes, or tells one process from another."""

    name: str
    parent: int
    start_ticks: int


@dataclass(slots=True)
class Known:
    """A process, when it was seen last, and when its groups were read."""

    process: Process
    seen_us: int
    read_us: int


class Processes:
    """The processes of a node. `now_us`: a clock that only goes forward."""

    def __init__(self, now_us: Callable[[], int], root: Path = PROC) -> None:
        self.root = root
        self.boot_id = boot_id(root)
        self.now_us = now_us
        self._known: dict[int, Known] = {}

    def find(self, pid: int) -> Process | None:
        """Return a process, or the one that just went; None when it was never seen."""
        now_us = self.now_us()
        known = self._known.get(pid)
        stat = self._stat(pid)
        if stat is None:
            return known.process if known and now_us - known.seen_us <= KEPT_US else None
        is_same = known is not None and known.process.identity.start_ticks == stat.start_ticks
        if known is not None and is_same and now_us - known.read_us <= TRUSTED_US:
            known.seen_us = now_us
            return known.process
        read = self._read(pid, stat, known.process if known and is_same else None)
        if read is None:  # another process by now: the next look finds it
            return known.process if known and is_same else None
        self._known[pid] = Known(read, now_us, now_us)
        return read

    def forget_gone(self) -> None:
        """Forget processes that were not asked for in a while."""
        last_us = self.now_us() - KEPT_US
        self._known = {pid: each for pid, each in self._known.items() if each.seen_us >= last_us}

    def _read(self, pid: int, stat: Stat, before: Process | None) -> Process | None:
        place = place_of(self._text(pid, "cgroup") or "")
        if place == NOWHERE and before is not None:  # of a zombie nothing else may be left
            place = before.place
        uid, gid = ids_of(self._text(pid, "status") or "")
        again = self._stat(pid)
        if again is None or again.start_ticks != stat.start_ticks:
            return None
        identity = Identity(self.boot_id, pid, stat.start_ticks)
        return Process(identity, stat.name, place, uid, gid, stat.parent)

    def _stat(self, pid: int) -> Stat | None:
        text = self._text(pid, "stat")
        return stat_of(text) if text else None

    def _text(self, pid: int, name: str) -> str | None:
        try:
            file = os.open(f"{self.root}/{pid}/{name}", os.O_RDONLY)  # a third of open()'s time
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            return None
        try:
            return os.read(file, MAX_BYTES).decode(errors="replace")
        except ProcessLookupError:
            return None
        finally:
            os.close(file)


def boot_id(root: Path) -> str:
    """Return what is another one after each boot; empty where it cannot be read."""
    try:
        return (root / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def stat_of(text: str) -> Stat | None:
    """Return what a /proc/<pid>/stat says; a name may have spaces and parentheses in it.

    >>> stat_of("7 (a) b) S 1 " + "0 " * 17 + "99 0")
    Stat(name='a) b', parent=1, start_ticks=99)
    """
    before, mark, after = text.rpartition(")")
    fields = after.split(None, START + 1)
    if not mark or len(fields) <= START:
        return None
    name = before.partition("(")[2]
    return Stat(name, int(fields[PARENT]), int(fields[START]))


def ids_of(text: str) -> tuple[int | None, int | None]:
    r"""Return the real uid and gid of a /proc/<pid>/status.

    >>> ids_of("Name: x\nUid:\t1001\t0\t0\t0\nGid:\t7\t0\t0\t0\n")
    (1001, 7)
    """
    found = {
        name: int(said.split()[0])
        for name, _, said in (line.partition(":") for line in text.splitlines())
        if name in {"Uid", "Gid"}
    }
    return found.get("Uid"), found.get("Gid")


def is_initial_pid_namespace(root: Path = PROC) -> bool:
    """Whether this process is where NVML's pids are: else its pids name other processes."""
    try:
        return (root / "self/ns/pid").stat().st_ino == INITIAL_PID_NAMESPACE
    except OSError:
        return False

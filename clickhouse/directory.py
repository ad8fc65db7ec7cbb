"""One process for one data directory of the embedded engine, by a lock file beside it.

The engine itself refuses a second process with an empty message; this says who is in, and lets a
second process wait as a hot standby. The kernel frees the lock when its holder dies, however it
dies. Not for servers: those lock their own directories.
"""

import fcntl
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from clickhouse.errors import DataDirectoryBusy, Misconfigured

POLL_S = 0.2  # a standby takes over within this of the holder's death


@dataclass(frozen=True, slots=True)
class DirectoryLock:
    """A held lock. Release it after the engine is closed, or let the process end."""

    path: Path
    descriptor: int

    def release(self) -> None:
        """Free the directory for the next process."""
        os.close(self.descriptor)


def lock_file(path: Path) -> Path:
    """Return the lock file of a data directory."""
    return path.with_name(path.name + ".lock")


def lock_directory(path: Path) -> DirectoryLock:
    """Take a data directory, made when it is new. Raises DataDirectoryBusy when it is taken."""
    path = path.resolve()
    try:
        path.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(lock_file(path), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise Misconfigured(f"expected a directory we may write to, got {path}: {error}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
        os.close(descriptor)
        raise DataDirectoryBusy(path, int(holder) if holder.isdigit() else None) from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return DirectoryLock(path, descriptor)


def wait_for_directory(
    path: Path,
    on_wait: Callable[[DataDirectoryBusy], None],
    stop: threading.Event | None = None,
    timeout_s: float | None = None,
) -> DirectoryLock:
    """Take a data directory as soon as it is free. Blocks; pass the lock to `connect`.

    `on_wait` is called once per holder waited for. Raises DataDirectoryBusy when `stop` is set or
    `timeout_s` have passed.
    """
    stopped = stop or threading.Event()
    deadline = None if timeout_s is None else time.monotonic() + timeout_s
    told: int | None = None
    while True:
        try:
            return lock_directory(path)
        except DataDirectoryBusy as busy:
            if told != (busy.holder_pid or 0):
                told = busy.holder_pid or 0
                on_wait(busy)
            late = deadline is not None and time.monotonic() >= deadline
            if late or stopped.wait(POLL_S):
                raise

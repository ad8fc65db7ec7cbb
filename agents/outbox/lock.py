"""One outbox file, one producer instance: an advisory lock beside the file.

The lock file outlives the outbox file and remembers its last epoch, so that an outbox deleted and
started again gets a greater one even when the clock went back. Not for network file systems.
"""

import fcntl
import os
from pathlib import Path

from agents.errors import OutboxBusy, OutboxCorrupt, OutboxDiskRefused

EPOCH_DIGITS = 20  # any 64-bit number


class Lock:
    """Holds `<file>.lock` until `release`, or until the process dies. Raises OutboxBusy."""

    def __init__(self, outbox: Path) -> None:
        self._outbox = outbox
        path = lock_path(outbox)
        try:
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise OutboxDiskRefused(
                outbox,
                f"cannot open {path}: {error.strerror}; create the folder and give it to this user",
                is_full=False,
            ) from error
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._fd)
            raise OutboxBusy(
                outbox,
                "expected to be its only producer, but another one holds it; give every producer "
                "instance a file and a source of its own",
            ) from error

    def next_epoch(self, now_us: int) -> int:
        """Return the start of a new epoch, greater than every one before, and remember it."""
        epoch = max(now_us, self._last_epoch() + 1)
        os.pwrite(self._fd, b"%0*d" % (EPOCH_DIGITS, epoch), 0)
        os.fsync(self._fd)
        return epoch

    def _last_epoch(self) -> int:
        text = os.pread(self._fd, EPOCH_DIGITS, 0) or b"0"
        if not text.isdigit():
            raise OutboxCorrupt(
                self._outbox,
                f"expected its last epoch in {lock_path(self._outbox)}, got {text!r}; delete that "
                "file if no other program uses it",
            )
        return int(text)

    def release(self) -> None:
        """Let another producer have the file."""
        os.close(self._fd)


def lock_path(outbox: Path) -> Path:
    """Return where the lock of an outbox file lies."""
    return outbox.with_name(outbox.name + ".lock")

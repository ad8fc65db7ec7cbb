"""One process a data directory: who is in is said, and the next one gets in when it dies."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from clickhouse.directory import lock_directory, lock_file, wait_for_directory
from clickhouse.errors import DataDirectoryBusy, Misconfigured

HOLD = """
import sys
from pathlib import Path
from clickhouse.directory import lock_directory
lock = lock_directory(Path(sys.argv[1]))
print("in", flush=True)
sys.stdin.read()
"""
LONGEST_S = 20


@contextmanager
def holder(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Run a process that holds a directory."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "in\n"
        try:
            yield process
        finally:
            process.kill()


def test_a_second_process_is_told_who_is_in(tmp_path: Path) -> None:
    with holder(tmp_path / "data") as process, pytest.raises(DataDirectoryBusy) as caught:
        lock_directory(tmp_path / "data")
    assert caught.value.holder_pid == process.pid
    assert f"process {process.pid} holds it" in str(caught.value)


def test_a_second_lock_in_one_process_is_refused_too(tmp_path: Path) -> None:
    lock = lock_directory(tmp_path)
    with pytest.raises(DataDirectoryBusy) as caught:
        lock_directory(tmp_path)
    assert caught.value.holder_pid == os.getpid()
    lock.release()


def test_a_released_directory_is_free(tmp_path: Path) -> None:
    lock_directory(tmp_path).release()
    lock_directory(tmp_path).release()


def test_a_standby_gets_in_when_the_holder_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "data"
    waited_for: list[int | None] = []
    with holder(path) as process:

        def on_wait(busy: DataDirectoryBusy) -> None:
            waited_for.append(busy.holder_pid)
            process.send_signal(signal.SIGKILL)

        lock = wait_for_directory(path, on_wait, timeout_s=LONGEST_S)
        assert waited_for == [process.pid]
    assert lock_file(path).read_text() == f"{os.getpid()}\n"
    lock.release()


def test_a_free_directory_is_not_waited_for(tmp_path: Path) -> None:
    waited: list[object] = []
    wait_for_directory(tmp_path, waited.append).release()
    assert waited == []


def test_a_standby_can_be_stopped(tmp_path: Path) -> None:
    lock = lock_directory(tmp_path)
    stop = threading.Event()
    with pytest.raises(DataDirectoryBusy):
        wait_for_directory(tmp_path, lambda _: stop.set(), stop)
    lock.release()


def test_a_standby_gives_up_in_time(tmp_path: Path) -> None:
    lock = lock_directory(tmp_path)
    with pytest.raises(DataDirectoryBusy):
        wait_for_directory(tmp_path, lambda _: None, timeout_s=0)
    lock.release()


def test_a_directory_that_cannot_be_made_is_a_misconfiguration(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Misconfigured, match="expected a directory"):
        lock_directory(tmp_path / "file" / "data")


def test_a_link_to_a_directory_is_that_directory(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "data")
    lock = lock_directory(tmp_path / "data")
    with pytest.raises(DataDirectoryBusy):
        lock_directory(tmp_path / "link")
    lock.release()

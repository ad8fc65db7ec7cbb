"""The directory a stack works in: data, SQL socket, and a file that says what runs where.

Only a directory that carries our own marker is ever cleared.
"""

import contextlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from streams.errors import DataInUse, NotOurDirectory

MARKER = ".made-by-apportion-up"
RUNTIME = "up.json"


@dataclass(frozen=True, slots=True)
class Directory:
    """A prepared data directory."""

    path: Path

    @property
    def clickhouse(self) -> Path:
        """Where the embedded engine keeps its tables."""
        return self.path / "clickhouse"

    @property
    def sql_socket(self) -> Path:
        """Where the store answers SQL while it runs embedded."""
        return self.path / "sql.sock"

    def write_runtime(self, content: Mapping[str, object]) -> None:
        """Say what runs where, for other commands; readers see the old or the new file."""
        draft = self.path / f".{RUNTIME}"
        draft.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        draft.replace(self.path / RUNTIME)

    def clear_runtime(self) -> None:
        """Nothing runs here any more."""
        (self.path / RUNTIME).unlink(missing_ok=True)


def kept(path: Path) -> Directory:
    """Return a directory whose content stays. Raises DataInUse when a stack runs in it."""
    path = path.resolve()
    path.mkdir(parents=True, exist_ok=True)
    _refuse_running(path)
    return Directory(path)


def fresh(path: Path) -> Directory:
    """Return an empty directory, cleared of an earlier run.

    Raises NotOurDirectory when it holds anything an earlier run did not make, DataInUse when a
    stack runs in it.
    """
    path = path.resolve()
    if path.exists():
        _refuse_running(path)
        if any(path.iterdir()) and not (path / MARKER).is_file():
            raise NotOurDirectory(str(path))
        shutil.rmtree(path)
    path.mkdir(parents=True)
    (path / MARKER).touch()
    return Directory(path)


def running(path: Path) -> dict[str, object] | None:
    """Return what the stack in a directory said of itself; None when none runs there."""
    try:
        content = json.loads((path / RUNTIME).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return content if _is_alive(int(content["pid"])) else None


def _refuse_running(path: Path) -> None:
    content = running(path)
    if content is not None:
        raise DataInUse(str(path), int(str(content["pid"])))


def _is_alive(pid: int) -> bool:
    with contextlib.suppress(PermissionError):  # alive, and another user's
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
    return True

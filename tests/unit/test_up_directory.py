"""A stack clears what it made, and nothing else."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from streams.errors import DataInUse, NotOurDirectory
from streams.up import directory

Prepare = Callable[[Path], directory.Directory]
NOBODY = 2**22 + 1  # above the highest process id of Linux


def test_a_fresh_directory_is_emptied_of_an_earlier_run(tmp_path: Path) -> None:
    first = directory.fresh(tmp_path / "up")
    first.clickhouse.mkdir()
    again = directory.fresh(tmp_path / "up")
    assert [path.name for path in again.path.iterdir()] == [directory.MARKER]


def test_a_directory_somebody_else_made_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(NotOurDirectory):
        directory.fresh(tmp_path)
    assert (tmp_path / "thesis.tex").exists()


def test_an_empty_directory_may_be_used(tmp_path: Path) -> None:
    assert directory.fresh(tmp_path).path == tmp_path


def test_a_kept_directory_keeps_everything_and_gets_no_marker(tmp_path: Path) -> None:
    (tmp_path / "clickhouse").mkdir()
    kept = directory.kept(tmp_path)
    assert [path.name for path in kept.path.iterdir()] == ["clickhouse"]
    with pytest.raises(NotOurDirectory):
        directory.fresh(tmp_path)


@pytest.mark.parametrize("prepare", [directory.kept, directory.fresh])
def test_a_directory_in_use_is_refused(tmp_path: Path, prepare: Prepare) -> None:
    used = directory.fresh(tmp_path / "up")
    used.write_runtime({"pid": os.getpid()})
    with pytest.raises(DataInUse) as caught:
        prepare(used.path)
    assert caught.value.pid == os.getpid()


def test_what_a_dead_stack_left_does_not_count(tmp_path: Path) -> None:
    left = directory.fresh(tmp_path / "up")
    left.write_runtime({"pid": NOBODY})
    assert directory.running(left.path) is None
    assert directory.fresh(left.path).path == left.path


def test_a_stack_that_ended_says_nothing(tmp_path: Path) -> None:
    place = directory.kept(tmp_path)
    place.write_runtime({"pid": os.getpid()})
    place.clear_runtime()
    place.clear_runtime()
    assert directory.running(tmp_path) is None

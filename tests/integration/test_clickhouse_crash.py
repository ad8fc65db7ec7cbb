"""A writer killed in the middle of an insert: nothing is lost, nothing doubled, the next gets in.

Whole processes throughout: this one never opens the engine, which admits one directory a process.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from clickhouse.client import connect
from clickhouse.errors import DataDirectoryBusy
from tests.integration.clickhouse_crash_writer import EVENTS, LINES

pytestmark = pytest.mark.integration

MODULE = "tests.integration.clickhouse_crash_writer"
ROUNDS = 3
ACKED_A_ROUND = 2


@contextmanager
def writer(path: Path, *numbers: int) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", MODULE, str(path), *map(str, numbers)]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as process:
        try:
            yield process
        finally:
            process.kill()


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def acknowledged(process: subprocess.Popen[str], count: int) -> int:
    """Wait for some portions to be acknowledged; return the last one's number."""
    return [int(said(process)) for _ in range(count)][-1]


def finish(path: Path, first: int, last: int) -> dict[str, object]:
    """Write some portions and return what the tables hold then."""
    with writer(path, first, last) as process:
        assert said(process) == "in"
        assert acknowledged(process, last - first + 1) == last
        counts: dict[str, object] = json.loads(said(process))
        assert process.wait(60) == 0
    return counts


def test_a_writer_killed_again_and_again_loses_and_doubles_nothing(tmp_path: Path) -> None:
    path = tmp_path / "data"
    acked = -1
    for number in range(ROUNDS):
        with writer(path, acked + 1) as process:
            assert said(process) == "in"
            # Killed while the next portion is being written: some of its partitions are in.
            acked = acknowledged(process, ACKED_A_ROUND + number)
            process.kill()
    portions = acked + 2  # one more than was acknowledged
    cost = str(Decimal("0.02") * LINES * portions)  # as corrected
    assert finish(path, acked + 1, acked + 1) == {
        "lines": LINES * portions,
        "cost": cost.rstrip("0").rstrip("."),
        "hourly_cost": cost.rstrip("0").rstrip("."),
        "daily_cost": cost.rstrip("0").rstrip("."),
        "settled": 2 * LINES * portions,  # as streamed, and as corrected
        "generation": 1,
        "events": EVENTS * portions,
        "batches": portions,
        "missing": 0,
    }


def test_portions_written_again_after_a_kill_change_nothing(tmp_path: Path) -> None:
    path = tmp_path / "data"
    with writer(path, 0) as process:
        assert said(process) == "in"
        acked = acknowledged(process, 3)
        process.kill()
    once = finish(path, acked + 1, acked + 1)
    assert finish(path, 0, acked + 1) == once


def test_a_second_process_is_refused_and_a_waiting_one_takes_over(tmp_path: Path) -> None:
    path = tmp_path / "data"
    with writer(path, 0) as first:
        assert said(first) == "in"
        with pytest.raises(DataDirectoryBusy) as caught:
            connect(f"chdb://{path}")
        assert caught.value.holder_pid == first.pid
        with writer(path, 0, 1) as standby:
            assert said(standby) == f"waiting {first.pid}"
            first.kill()
            assert said(standby) == "in"
            assert acknowledged(standby, 2) == 1

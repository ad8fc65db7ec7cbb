"""`make bench-nab` on a small folder: what it reads when, and what it says of a wrong one."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from streams.core.anomaly.detector import detector
from tests.nab.__main__ import bench
from tests.nab.corpus import LABELS, PROFILES, NotACorpus, read_series, read_windows

ROWS, JUMP = 1000, 700
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
PROFILE = {"CostMatrix": {"tpWeight": 1.0, "fnWeight": 1.0, "fpWeight": 0.11, "tnWeight": 1.0}}


def instant(row: int) -> str:
    return (BEGIN + timedelta(minutes=5 * row)).strftime("%Y-%m-%d %H:%M:%S")


def written(folder: Path, value: Callable[[int], float]) -> None:
    path = folder / "data" / "some" / "one.csv"
    path.parent.mkdir(parents=True)
    rows = "".join(f"{instant(row)},{value(row)}\n" for row in range(ROWS))
    path.write_text(f"timestamp,value\n{rows}")


def labelled(folder: Path, begin: int, end: int) -> None:
    for path, content in (
        (LABELS, {"some/one.csv": [[f"{instant(begin)}.000000", f"{instant(end)}.000000"]]}),
        (PROFILES, {"standard": PROFILE}),
    ):
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(json.dumps(content))


def jumping(row: int) -> float:
    return 10 + row % 7 + 100 * (row >= JUMP)


def test_a_jump_in_its_window_is_found(tmp_path: Path) -> None:
    written(tmp_path, jumping)
    labelled(tmp_path, JUMP, JUMP + 50)
    said = bench(tmp_path, detector, tmp_path / "scores")
    assert "| standard | 1 | 100.0 |" in said
    assert "| some/one.csv | 1 of 1 | 0 | 1.00 |" in said


def test_scores_are_written_before_labels_are_read(tmp_path: Path) -> None:
    written(tmp_path, jumping)
    with pytest.raises(NotACorpus, match=r"expected the benchmark's file .*combined_windows.json"):
        bench(tmp_path, detector, tmp_path / "scores")
    lines = (tmp_path / "scores" / "some" / "one.csv").read_text().splitlines()
    assert len(lines) == ROWS + 1


def test_labels_change_no_score(tmp_path: Path) -> None:
    written(tmp_path, jumping)
    for name, begin in (("a", JUMP), ("b", 300)):
        labelled(tmp_path, begin, begin + 50)
        bench(tmp_path, detector, tmp_path / name)
    one, other = ((tmp_path / name / "some" / "one.csv").read_text() for name in "ab")
    assert one == other


def test_windows_are_the_rows_from_first_to_last_instant(tmp_path: Path) -> None:
    written(tmp_path, jumping)
    labelled(tmp_path, 200, 260)
    found = {one.name: one for one in read_series(tmp_path)}
    assert read_windows(tmp_path, found) == {"some/one.csv": [(200, 260)]}
    assert found["some/one.csv"].period_us == 300_000_000


def test_a_folder_without_series_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotACorpus, match="expected series as"):
        bench(tmp_path, detector, tmp_path / "scores")


def test_series_without_windows_earn_what_false_alarms_cost(tmp_path: Path) -> None:
    written(tmp_path, lambda row: float(row % 7))
    (tmp_path / "labels").mkdir()
    (tmp_path / "config").mkdir()
    (tmp_path / LABELS).write_text(json.dumps({"some/one.csv": []}))
    (tmp_path / PROFILES).write_text(json.dumps({"standard": PROFILE}))
    assert "| standard | inf | 0.00 points |" in bench(tmp_path, detector, tmp_path / "scores")

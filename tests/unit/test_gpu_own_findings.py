"""What `doctor` says of disk and clock, and how it tells findings."""

import ctypes
from pathlib import Path

from agents.gpu.doctor import is_fit, told
from agents.gpu.findings import Finding
from agents.gpu.own_findings import TIME_ERROR, clock, disk

GB = 10**9


def test_a_disk_that_can_be_written_and_has_room_is_fit(tmp_path: Path) -> None:
    found = disk(tmp_path / "state" / "outbox.db", wanted_bytes=1)
    assert found.is_ok
    assert list((tmp_path / "state").iterdir()) == []


def test_a_disk_without_room_for_its_bound_is_said_and_no_fault(tmp_path: Path) -> None:
    found = disk(tmp_path / "outbox.db", wanted_bytes=10**9 * GB)
    assert not found.is_ok
    assert is_fit([found])
    assert "outbox.disk_bytes" in found.to_do


def test_a_disk_that_cannot_be_written_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    found = disk(tmp_path / "file" / "outbox.db", wanted_bytes=1)
    assert not is_fit([found])
    assert "give" in found.to_do


def test_a_clock_that_nobody_keeps_is_said_and_no_fault() -> None:
    asked: list[ctypes.Array[ctypes.c_char]] = []

    def adjtime(timex: ctypes.Array[ctypes.c_char]) -> int:
        asked.append(timex)
        return TIME_ERROR

    found = clock(adjtime)
    assert not found.is_ok
    assert is_fit([found])
    assert bytes(asked[0]) == bytes(len(asked[0]))  # modes 0: asks, sets nothing
    assert clock(lambda _: 0).is_ok
    assert not clock(lambda _: -1).is_ok  # refused: not known, and not said to be well


def test_the_kernel_can_be_asked_for_its_clock() -> None:
    assert clock().what == "clock"


def test_what_fails_and_is_needed_makes_a_node_unfit() -> None:
    good, bad = Finding("a", True, "yes"), Finding("b", False, "no", "mend it")
    assert is_fit([good])
    assert not is_fit([good, bad])
    assert told([good, bad]).splitlines() == ["ok    a: yes", "FAIL  b: no", "      -> mend it"]

"""What the command refuses before it starts anything."""

from collections.abc import Callable
from pathlib import Path

import pytest
import typer

from streams.demo.command import check_clean, event_speed, main, overrides, trace_load
from streams.demo.errors import BadTrace, DemoOff
from streams.errors import NotOurDirectory
from streams.replay.audit import Audit, Incomplete

CLEAN = Audit(60, 0, 1, 0, 0, 0, (), (), ())


@pytest.mark.parametrize("text", ["0", "-1", "fast", "inf", "nan", ""])
def test_a_speed_is_a_number_above_zero_or_max(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="expected a number above 0 or max"):
        event_speed(text, 1.0)


def test_a_file_that_is_no_trace_is_refused_before_anything_starts(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a trace\n")
    with pytest.raises(BadTrace):
        trace_load(path, 1, None)


def test_a_directory_that_is_not_ours_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    demo: Callable[..., None] = main
    with pytest.raises(NotOurDirectory):
        demo(data=tmp_path)
    assert (tmp_path / "thesis.tex").exists()


def test_the_parts_take_their_time_from_the_log_whatever_else_is_set() -> None:
    assert overrides(["meter.window_s=30", "meter.clock=wall"]) == {
        "meter.window_s": "30",
        "meter.clock": "log",
    }


def test_a_clean_audit_passes() -> None:
    check_clean(CLEAN)


def test_an_audit_that_found_anything_fails_the_demo() -> None:
    found = Audit(60, 0, 1, 0, 0, 0, (), (), (Incomplete("gw", 1, 1, 0),))
    with pytest.raises(DemoOff, match="1 sources incomplete"):
        check_clean(found)

"""The check of a real GPU finds out how a made-up one samples."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.gpu_check.findings import work
from tests.gpu_check.recording import Tick
from tests.nvml_scenario import Node

QUICK = ("--tick-s", "0.3", "--ticks", "8")


def check(node: Node, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.gpu_check", str(folder), *QUICK, *options],
        env=os.environ | node.environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_says_how_the_gpu_samples_and_keeps_every_answer(tmp_path: Path) -> None:
    node = Node(tmp_path)
    gpu = node.add_gpu()
    gpu.work(100, 40)
    done = check(node, tmp_path / "answers", "--without-work")
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "answers" / "findings.json").read_text("utf-8"))
    assert found == json.loads(done.stdout)
    assert found["model"] == gpu.name
    assert found["sample_period_us"] == node.period_us
    assert found["samples_kept"] == node.ring_samples
    assert found["row_stamps_equal_newest_sample"] > 0.5  # a sample may come between two calls
    assert found["largest_sum_of_rows_percent"] == 40
    assert found["counter_over_power"] == pytest.approx(1.0, abs=0.25)  # the machine may be slow
    ticks = (tmp_path / "answers" / "ticks.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(tick)["step"] for tick in ticks] == ["idle"] * 8


def test_without_cuda_it_says_so(tmp_path: Path) -> None:
    node = Node(tmp_path)
    node.add_gpu()
    done = check(node, tmp_path / "answers")
    assert done.returncode == 1
    assert "libcuda.so.1" in done.stderr
    assert "expected CUDA work to start" in done.stderr


def tick(at_us: int, rows: list[tuple[int, int, int]], samples: list[tuple[int, int]]) -> Tick:
    return Tick(
        step="a step",
        at_us=at_us,
        since_us=at_us - 1_000_000,
        rows=rows,
        samples=samples,
        all_rows=rows,
        all_samples=samples,
        processes=[],
        gauge_percent=None,
        energy_mj=None,
        power_mw=None,
        took_us={},
        refused={},
    )


def test_it_tells_a_mean_to_a_rows_own_stamp_from_one_to_the_newest() -> None:
    """One works all the second at 50 %, the other the first 0.4 s of it at 40 %."""
    rows = [(1, 2_000_000, 50), (2, 1_400_000, 40)]
    told = work([tick(1_000_000, [], []), tick(2_000_000, rows, [(2_000_000, 66)])], "a step")
    assert told["rows_to_their_own_stamp"] == pytest.approx(0.5 + 0.4 * 0.4)
    assert told["rows_to_the_newest_stamp"] == pytest.approx(0.5 + 0.4)
    assert told["device_samples"] == pytest.approx(0.66)

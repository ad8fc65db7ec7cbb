"""The demo as a person runs it: exact on a real trace, clean on its own load, its advice works."""

import json
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e

WITHIN_S = 240  # a demo of a few minutes of event time takes half a minute on two idle cores
AZURE_WINDOWS = 60


def apportion(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "streams", *arguments],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )


def demo(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    done = apportion(root, "demo", *arguments)
    assert done.returncode == 0, done.stderr
    return done


@pytest.mark.shared
def test_the_azure_trace_costs_exactly_what_its_tokens_cost(
    root: Path, tmp_path: Path, shared_data: Path
) -> None:
    trace = shared_data / "azure_llm_2023_conv.csv"
    done = demo(root, "--trace", str(trace), "--speed", "max", "--json", "--data", str(tmp_path))
    found = json.loads(done.stdout)  # one object and nothing else
    assert found.pop("seconds") > 0
    assert found == {
        "events": 19_366,
        "input_tokens": 22_361_870,
        "output_tokens": 4_088_665,
        "cache_read_tokens": 0,
        # 22,361,870 * 2.50 / 1e6 + 4,088,665 * 10 / 1e6 = 55.904675 + 40.88665
        "cost_usd": "96.791325",
        "residual_pico": 0,
        "windows": AZURE_WINDOWS,
        "final_windows": AZURE_WINDOWS,
        "tenants": 12,
        "unpriced_events": 0,
        "dead_letters": 0,
    }


@pytest.mark.shared
def test_the_mooncake_trace_counts_its_cached_tokens(
    root: Path, tmp_path: Path, shared_data: Path
) -> None:
    trace = shared_data / "mooncake_synthetic.jsonl"
    done = demo(root, "--trace", str(trace), "--speed", "max", "--json", "--data", str(tmp_path))
    found = json.loads(done.stdout)
    assert found["cache_read_tokens"] == 39_852_661
    # 21,341,967 uncached at 2.50: 53.3549175; 39,852,661 cached at 1.25: 49.81582625;
    # 595,432 out at 10: 5.95432
    assert found["cost_usd"] == "109.12506375"
    assert found["residual_pico"] == 0


def test_a_made_up_load_settles_audits_clean_and_leaves_data_to_ask(
    root: Path, tmp_path: Path
) -> None:
    data = tmp_path / "demo"
    done = demo(root, "--minutes", "5", "--speed", "max", "--data", str(data))
    assert "residual: 0 pico" in " ".join(done.stdout.split())
    assert "all add up to the last pico-dollar" in done.stdout
    advice = re.findall(r"^  apportion (.+)$", done.stdout, re.MULTILINE)
    assert len(advice) >= 4
    for command in advice:
        tried = apportion(root, *shlex.split(command))
        assert tried.returncode == 0, f"{command}: {tried.stderr}"
        assert tried.stdout.strip()


def test_a_bad_trace_fails_before_anything_starts(root: Path, tmp_path: Path) -> None:
    trace = tmp_path / "trace.csv"
    trace.write_text("TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.6,1,-1\n")
    data = tmp_path / "data"
    done = apportion(root, "demo", "--trace", str(trace), "--data", str(data))
    assert done.returncode == 1
    assert f"{trace}:2: expected a whole number >= 0 as GeneratedTokens, got '-1'" in done.stderr
    assert not data.exists()


def test_ctrl_c_drains_and_says_that_it_did_not_finish(root: Path, tmp_path: Path) -> None:
    data = tmp_path / "demo"
    command = [sys.executable, "-m", "streams", "demo", "--speed", "1", "--data", str(data)]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "event time" in line:  # it plays
                break
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=WITHIN_S) == 1
        assert "stopped before the end" in process.stdout.read()
    assert not (data / "up.json").exists()  # nothing runs there any more

"""What docs/prices.md shows of a run is what runs."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs" / "prices.md"
RUN = re.compile(
    r"<!-- (?:tested|exits with (\d)) -->\n```console\n\$ apportion (.*?)\n```\n+```text\n(.*?)```",
    re.DOTALL,
)
RUNS = [
    pytest.param(shlex.split(words), int(status or 0), text, id=words[:60])
    for status, words, text in RUN.findall(PAGE.read_text(encoding="utf-8"))
]


def test_there_are_runs_to_check() -> None:
    assert len(RUNS) >= 3


@pytest.mark.parametrize(("words", "status", "text"), RUNS)
def test_the_page_shows_what_a_command_prints(words: list[str], status: int, text: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "streams", *words],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (status, text), done.stderr

"""What the pages on prices and the catalog show of a run is what runs."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = [ROOT / "docs" / "prices.md", ROOT / "docs" / "catalog.md"]
RUN = re.compile(
    r"<!-- (?:tested|exits with (\d)) -->\n```console\n\$ apportion (.*?)\n```\n+```text\n(.*?)```",
    re.DOTALL,
)
RUNS = [
    pytest.param(shlex.split(words), int(status or 0), text, id=words[:60])
    for page in PAGES
    for status, words, text in RUN.findall(page.read_text(encoding="utf-8"))
]


def test_there_are_runs_to_check() -> None:
    assert len(RUNS) >= 4


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

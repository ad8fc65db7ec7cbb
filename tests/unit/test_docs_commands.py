"""Commands written in the documentation exist, and those marked as tested run."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.command_line import parse

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"(<!-- tested -->\n)?```console\n(.*?)```", re.DOTALL)
LINK = re.compile(r"\]\(([^)#\s]+)(#[^)\s]*)?\)")


@dataclass(frozen=True, slots=True)
class Shown:
    """A command as a page shows it."""

    page: str
    text: str
    is_tested: bool

    def words(self) -> list[str]:
        return shlex.split(self.text, comments=True)


def shown() -> Iterator[Shown]:
    for page in PAGES:
        for tested, block in BLOCK.findall(page.read_text(encoding="utf-8")):
            for line in block.splitlines():
                if line.startswith("$ "):
                    yield Shown(page.name, line.removeprefix("$ "), bool(tested))


COMMANDS = list(shown())
OURS = [command for command in COMMANDS if command.words()[0] == "apportion"]
MAKES = [command for command in COMMANDS if command.words()[0] == "make"]
TESTED = [command for command in COMMANDS if command.is_tested]


def test_there_is_something_to_check() -> None:
    assert OURS
    assert MAKES
    assert TESTED


@pytest.mark.parametrize("command", TESTED, ids=lambda command: command.text)
def test_command_marked_as_tested_succeeds(command: Shown, tmp_path: Path) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        command.words(),
        cwd=ROOT,
        env=os.environ | {"PATH": path, "TMPDIR": str(tmp_path)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout


@pytest.mark.parametrize("command", OURS, ids=lambda command: command.text)
def test_command_parses_with_the_options_it_is_shown_with(
    command: Shown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # where the files are that a reader of the page would have
    for word in command.words():
        if word.endswith((".json", ".yaml")):
            (tmp_path / word).parent.mkdir(exist_ok=True)
            (tmp_path / word).touch()
    trace = tmp_path / "trace.csv"  # a reader downloads it
    trace.touch()
    words = [str(trace) if word.endswith(".csv") else word for word in command.words()[1:]]
    if not words[0].startswith("-"):
        parse(words)


@pytest.mark.parametrize("command", MAKES, ids=lambda command: command.text)
def test_make_target_exists(command: Shown) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    target = command.words()[1]
    assert re.search(rf"^{re.escape(target)}:", makefile, re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_files_lead_somewhere(page: Path) -> None:
    links = [path for path, _ in LINK.findall(page.read_text(encoding="utf-8"))]
    local = [link for link in links if not link.startswith(("http://", "https://"))]
    assert [link for link in local if not (page.parent / link).exists()] == []


def test_decisions_are_numbered_and_have_the_four_parts() -> None:
    files = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [int(file.name[:4]) for file in files] == list(range(1, len(files) + 1))
    parts = ["## Context", "## Choice", "## Rejected", "## What would change our mind"]
    for file in files:
        lines = file.read_text(encoding="utf-8").splitlines()
        assert [line for line in lines if line.startswith("## ")] == parts, file.name
        assert len(lines) <= 50, f"{file.name} is longer than half a page"

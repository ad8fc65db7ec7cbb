"""Where things lie, how long they are, and what a clean clone needs."""

import ast
import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGES = ("schemas", "agents", "streams", "clickhouse")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
LONGEST_FILE = 400
LONGEST_TEST_FILE = 500
LONGEST_FUNCTION = 50
LONG_FOR_A_REASON = {
    "streams/core/inference.py:meter_inference": "the hot loop: each call in it costs throughput",
}
CATCH_ALL_NAMES = {"utils.py", "helpers.py", "common.py", "misc.py", "base.py"}
OWN_DISTRIBUTION = "agents/gateway-hook/"  # test_hook_wheel.py looks into its wheel


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_no_file_is_a_catch_all() -> None:
    assert [named(path) for path in SOURCES + TESTS if path.name in CATCH_ALL_NAMES] == []


def test_files_stay_one_idea_long() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCES + TESTS}
    limits = {p: LONGEST_FILE if p in SOURCES else LONGEST_TEST_FILE for p in lengths}
    assert {named(p): n for p, n in lengths.items() if n > limits[p]} == {}


def test_functions_stay_short() -> None:
    """Counted without the signature: a command has a parameter per option."""
    long = {
        f"{named(path)}:{node.name}": length
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or 0) - node.body[0].lineno) > LONGEST_FUNCTION
    }
    assert long.keys() - LONG_FOR_A_REASON.keys() == set(), long


def test_every_module_says_what_it_is() -> None:
    silent = [
        named(path)
        for path in SOURCES
        if path.stat().st_size and not ast.get_docstring(ast.parse(path.read_text("utf-8")))
    ]
    assert silent == []


def test_tests_have_no_packages() -> None:
    assert [named(path) for path in TESTS if path.name == "__init__.py"] == []


def test_test_files_have_unique_names() -> None:
    names = [path.name for path in TESTS if path.name.startswith("test_")]
    assert sorted(names) == sorted(set(names))


def test_migrations_are_numbered_without_gaps() -> None:
    files = sorted((ROOT / "clickhouse" / "migrations").glob("*.sql"))
    numbers = [int(re.match(r"\d+", file.name).group()) for file in files]  # type: ignore[union-attr] # a name without one fails here
    assert numbers == list(range(1, len(files) + 1))


@pytest.mark.parametrize("module", ["environ", "getenv"])
def test_only_settings_and_entry_points_read_the_environment(module: str) -> None:
    readers = [
        named(path)
        for path in SOURCES
        if re.search(rf"\bos\.{module}\b", path.read_text(encoding="utf-8"))
        and path.name not in {"settings.py", "__main__.py"}
    ]
    assert readers == []


def test_ci_script_is_executable_and_forbids_skips() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    text = script.read_text(encoding="utf-8")
    assert "APPORTION_NO_SKIPS=1" in text
    assert "make check test" in text
    assert "APPORTION_NO_SKIPS" in (ROOT / "tests" / "conftest.py").read_text(encoding="utf-8")


def test_makefile_has_the_targets_that_are_documented() -> None:
    done = subprocess.run(
        ["make", "--dry-run", "--always-make", "demo", "test", "check", "bench", "clean"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_lock_file_pins_every_dependency_with_a_hash() -> None:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    pinned = re.findall(r"^([a-z0-9._-]+)(?:\[[^]]*\])?==(\S+)", text, re.MULTILINE)
    assert len(pinned) > 30
    blocks = re.split(r"\n(?=[a-z0-9])", text.strip())
    assert [b.splitlines()[0] for b in blocks if "--hash=sha256:" not in b] == []


def test_uv_is_pinned() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(r"^UV\s*:= uv==\d+\.\d+\.\d+$", makefile, re.MULTILINE)


def test_every_data_file_of_the_packages_is_installed() -> None:
    """What an editable install finds by lying beside the code must also be in a built one."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    globs = declared["tool"]["setuptools"]["package-data"]
    tracked = subprocess.run(
        ["git", "ls-files", *PACKAGES], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    ours = [name for name in tracked if not name.startswith(OWN_DISTRIBUTION)]
    data = [Path(name) for name in ours if not name.endswith((".py", "py.typed"))]
    assert data
    missing = [
        str(path)
        for path in data
        if not any(path.relative_to(path.parts[0]).match(g) for g in globs.get(path.parts[0], []))
    ]
    assert missing == []

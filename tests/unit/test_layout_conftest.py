"""The rules of conftest.py, seen from outside: a run of pytest over a file made for it."""

import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent


def run_pytest(root: Path, file: Path, text: str, **env: str) -> str:
    """Return what a run says over a test file with this text."""
    file.write_text(dedent(text), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest", "-p", "no:randomly"]
    command += ["-c", str(root / "pyproject.toml"), "--rootdir", str(root), str(file)]
    environment = {k: v for k, v in os.environ.items() if k != "APPORTION_NO_SKIPS"}
    done = subprocess.run(
        command, cwd=root, env=environment | env, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


SKIPS = """
    import pytest

    def test_skips():
        pytest.skip("because")

    @pytest.mark.skipif(True, reason="also")
    def test_skips_by_mark():
        pass

    @pytest.mark.xfail(reason="known", strict=True)
    def test_fails_as_expected():
        raise AssertionError
"""


def test_skips_are_skips_by_default(root: Path, tmp_path: Path) -> None:
    assert "2 skipped, 1 xfailed" in run_pytest(root, tmp_path / "test_it.py", SKIPS)


def test_skips_are_failures_in_ci(root: Path, tmp_path: Path) -> None:
    said = run_pytest(root, tmp_path / "test_it.py", SKIPS, APPORTION_NO_SKIPS="1")
    assert "failed" in said or "error" in said
    assert " skipped" not in said.splitlines()[-1]
    assert "APPORTION_NO_SKIPS forbids" in said


def test_a_module_that_skips_itself_is_a_failure_in_ci(root: Path, tmp_path: Path) -> None:
    text = "import pytest\npytest.skip('all of it', allow_module_level=True)"
    said = run_pytest(root, tmp_path / "test_it.py", text, APPORTION_NO_SKIPS="1")
    assert "error" in said.splitlines()[-1]


REACHES = """
    import socket, threading
    from contextlib import suppress
    import pytest

    def reach():
        with socket.socket() as client, suppress(Exception):
            client.connect(("127.0.0.1", 9))

    @pytest.fixture
    def reaching():
        reach()

    def test_in_the_test():
        reach()

    def test_in_a_fixture(reaching):
        pass

    def test_in_a_thread():
        thread = threading.Thread(target=reach)
        thread.start()
        thread.join()

    @pytest.mark.integration
    def test_with_integration_marker():
        reach()

    @pytest.mark.e2e
    def test_with_e2e_marker():
        reach()

    def test_wants_data(shared_data):
        pass
"""


def test_a_swallowed_refusal_fails_the_test_unless_marked(root: Path, tmp_path: Path) -> None:
    said = run_pytest(root, tmp_path / "test_it.py", REACHES)
    for name in ("in_the_test", "in_a_fixture", "in_a_thread"):
        assert f"::test_{name} - tests.services.ServiceBlocked" in said, said
    assert "carries the marker `shared`" in said
    assert "2 passed" in said.splitlines()[-1], said

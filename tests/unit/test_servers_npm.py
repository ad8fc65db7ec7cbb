"""What a package for a test server must be: fetched by npm, and the pinned one."""

from pathlib import Path

import pytest

from tests.servers.maven import NoServer
from tests.servers.npm import Package, check, packed

PACKAGE = Package("@x/y", "1.0.0", "sha512-AAAA", "lib.so")


def test_a_machine_without_npm_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoServer, match=r"expected npm on the path to fetch @x/y@1\.0\.0"):
        packed(PACKAGE, tmp_path)


def test_a_package_that_is_not_the_pinned_one_is_refused_and_removed(tmp_path: Path) -> None:
    archive = tmp_path / "it.tgz"
    archive.write_bytes(b"something else")
    with pytest.raises(NoServer, match=r"expected @x/y@1\.0\.0 to be sha512-AAAA, got sha512-"):
        check(PACKAGE, archive)
    assert not archive.exists()

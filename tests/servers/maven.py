"""Jars of the servers that tests run, fetched by Maven once and kept in build/servers."""

import fcntl
import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).parent
KEPT = HERE.parent.parent / "build" / "servers"
PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.9.0"
WITHIN_S = 600.0


class NoServer(RuntimeError):
    """A server could not be fetched, or did not come up."""


def jars(name: str) -> Path:
    """Return the folder of the jars that `<name>.pom.xml` asks for. Raises NoServer."""
    pom = HERE / f"{name}.pom.xml"
    folder = KEPT / name
    KEPT.mkdir(parents=True, exist_ok=True)
    with (KEPT / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        have = folder / pom.name
        if not have.is_file() or have.read_bytes() != pom.read_bytes():
            shutil.rmtree(folder, ignore_errors=True)
            copy(pom, folder)
            shutil.copy(pom, have)  # last: it says that all of it is there
    return folder


def copy(pom: Path, folder: Path) -> None:
    """Have Maven copy what a pom depends on."""
    maven = shutil.which("mvn")
    if maven is None:
        raise NoServer("expected Maven (mvn) on the path to fetch test servers, found none")
    goal = f"{PLUGIN}:copy-dependencies"
    command = [maven, "--batch-mode", "--quiet", "--file", str(pom), goal]
    command += [f"-DoutputDirectory={folder}", "-DincludeScope=runtime"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=WITHIN_S, check=False)
    if done.returncode:
        raise NoServer(f"mvn {goal} of {pom}: exit {done.returncode}\n{done.stdout}{done.stderr}")

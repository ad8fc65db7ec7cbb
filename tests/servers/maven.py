"""What the servers of tests are made of, fetched by Maven once and kept in build/servers."""

import fcntl
import shutil
import subprocess
from collections.abc import Sequence
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
    arguments = (f"-DoutputDirectory={KEPT / name}", "-DincludeScope=runtime")
    return fetched(name, pom.read_text(), ("copy-dependencies", "--file", str(pom), *arguments))


def unpacked(name: str, artifact: str) -> Path:
    """Return the folder of an archive, by group:artifact:version:type:classifier. Raises NoServer.

    Maven needs no project for it, and is run in a folder where its marks do no harm.
    """
    marks = f"-Dmdep.useDefaultMarkersDirectory=false -DmarkersDirectory={KEPT / name / '.marks'}"
    arguments = (f"-Dartifact={artifact}", f"-DoutputDirectory={KEPT / name}", *marks.split())
    return fetched(name, artifact, ("unpack", *arguments))


def fetched(name: str, wanted: str, goal: Sequence[str]) -> Path:
    """Return the folder a goal of Maven's fills, run when it was not filled for `wanted` yet."""
    folder = KEPT / name
    KEPT.mkdir(parents=True, exist_ok=True)
    with (KEPT / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        have = folder / ".fetched"
        if not have.is_file() or have.read_text() != wanted:
            shutil.rmtree(folder, ignore_errors=True)
            run(goal)
            have.write_text(wanted)  # last: it says that all of it is there
    return folder


def run(goal: Sequence[str]) -> None:
    """Run one goal of the dependency plugin."""
    maven = shutil.which("mvn")
    if maven is None:
        raise NoServer("expected Maven (mvn) on the path to fetch test servers, found none")
    command = [maven, "--batch-mode", "--quiet", f"{PLUGIN}:{goal[0]}", *goal[1:]]
    done = subprocess.run(
        command, cwd=KEPT, capture_output=True, text=True, timeout=WITHIN_S, check=False
    )
    if done.returncode:
        raise NoServer(f"{' '.join(command)}: exit {done.returncode}\n{done.stdout}{done.stderr}")

"""Kafka's own shell scripts, as far as a page of ours shows them, over the jars of the tests."""

import os
import shlex
import subprocess
from pathlib import Path

from tests.servers.kafka_node import java

CLASSES = {
    "kafka-acls.sh": "org.apache.kafka.tools.AclCommand",
    "kafka-configs.sh": "kafka.admin.ConfigCommand",
}
WITHIN_S = 300.0  # each starts a JVM


def run(script: str, folder: Path) -> str:
    """Run a shell script in a folder, with Kafka's commands on its path, and return what it said.

    Raises AssertionError for a script that fails.
    """
    commands = folder / "bin"
    commands.mkdir(exist_ok=True)
    for name, kind in CLASSES.items():
        file = commands / name
        file.write_text(f'#!/bin/sh\nexec {shlex.join(java(kind))} "$@"\n')
        file.chmod(0o755)
    path = f"{commands}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    return done.stdout

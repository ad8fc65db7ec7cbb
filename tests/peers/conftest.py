"""What tests with real peers get: the hook as a wheel, unpacked, and the topic it sends to."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from schemas.topics import USAGE_INFERENCE
from tests.peers.environment import ROOT
from tests.topics import shared_topic


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The hook's wheel, built from this checkout."""
    into = tmp_path_factory.mktemp("wheel")
    uv = Path(sys.executable).with_name("uv")
    command = [str(uv), "build", "--quiet", "--wheel", "--system-certs", "-o", str(into)]
    subprocess.run(
        [*command, str(ROOT / "agents" / "gateway-hook")], check=True, capture_output=True
    )
    [found] = into.glob("*.whl")
    return found


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for PYTHONPATH with what the wheel installs."""
    into = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(into)
    return into


@pytest.fixture(scope="session")
def usage_broker(broker: str) -> str:
    """The session's broker, with the topic of model calls."""
    shared_topic(broker, USAGE_INFERENCE.name)
    return broker

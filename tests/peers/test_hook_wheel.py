"""The hook as others install it: a wheel that needs nothing of this checkout."""

import subprocess
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

from tests.peers.environment import program

pytestmark = pytest.mark.integration

PROGRAM = """
import sys
import agents, schemas
from apportion_hook import Hook, HookConfig
from apportion_hook.asgi import UsageMiddleware
from pathlib import Path
assert agents.WHOSE == schemas.WHOSE == "theirs"
assert not {"litellm", "structlog", "pydantic"} & set(sys.modules)
hook = Hook(HookConfig(source="gw", directory=Path(sys.argv[1]),
                       kafka={"bootstrap.servers": "127.0.0.1:1"}, close_s=0.1))
assert hook.record(provider="openai", model="m", input_tokens=3)
assert hook.flush()
assert hook.close().events == 1
"""


def test_it_works_beside_packages_that_are_called_like_ours(
    installed: Path, tmp_path: Path
) -> None:
    for name in ("agents", "schemas"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text('WHOSE = "theirs"\n')
    done = subprocess.run(
        [program("python"), "-W", "error", "-c", PROGRAM, tmp_path / "outboxes"],
        env={"PYTHONPATH": f"{tmp_path}:{installed}"}, cwd=tmp_path,
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout == "", "a guest says nothing on stdout"


def test_it_needs_little_and_holds_no_tests(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        [metadata] = [name for name in names if name.endswith("METADATA")]
        needs = message_from_bytes(archive.read(metadata)).get_all("Requires-Dist") or []
    assert [need for need in needs if "extra ==" not in need] == [
        "confluent-kafka<3,>=2.16", "fastavro<2,>=1.13",
    ]  # fmt: skip
    tops = {name.partition("/")[0] for name in names}
    assert tops == {"apportion_hook", metadata.partition("/")[0]}
    assert "apportion_hook/carried/schemas/avro/inference_usage.v1.avsc" in names

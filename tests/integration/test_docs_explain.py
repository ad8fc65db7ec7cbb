"""What docs/explain.md shows is what `apportion explain` prints of data at rest."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from clickhouse.client import connect
from clickhouse.migrate import migrate
from streams.core.windows import SECOND_US
from tests.builders.archived import Document, Live
from tests.builders.usage import T0, call, holder, interval

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = (ROOT / "docs" / "explain.md").read_text(encoding="utf-8")
YAML = dict(re.findall(r"<!-- (prices|catalog) -->\n```yaml\n(.*?)```", PAGE, re.DOTALL))
RUNS = re.findall(
    r"```console\n\$ apportion (explain [^\n]*)\n```\n+```text\n(.*?)```", PAGE, re.DOTALL
)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The minute of the page, at rest."""
    folder = tmp_path_factory.mktemp("data")
    with connect(f"chdb://{folder / 'clickhouse'}") as connection:
        migrate(connection)
        live = Live(connection)
        rules = live.publish(Document(YAML["prices"], T0), Document(YAML["catalog"], T0))
        live.send(
            rules,
            interval(holder(30 * SECOND_US, endpoint="llama"), end_us=T0 + 30 * SECOND_US),
            interval(holder(10 * SECOND_US, tenant="search"), node="gpu-node-2"),
            interval(node="gpu-node-3", end_us=T0 + 20 * SECOND_US),
        )
        served = {"endpoint": "llama", "provider": "vllm", "model": "llama-70b"}
        usual = {"input_tokens": 1_000, "cache_read_tokens": 500, "output_tokens": 100}
        at_us = [T0 + second * SECOND_US for second in range(1, 41)]
        live.send(rules, *(call(tenant="search", at_us=at, **served, **usual) for at in at_us))
        live.send(rules, call(tenant="fraud", **served, input_tokens=48_000, output_tokens=2_800))
        live.send(rules, *(call(tenant="search", at_us=at, **usual) for at in at_us[:3]))
        live.close()
    return folder


def apportion(data: Path, words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "streams", *words.split(), "--data", str(data)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_there_are_runs_to_check() -> None:
    assert len(RUNS) >= 2


@pytest.mark.parametrize(("words", "text"), RUNS)
def test_the_page_shows_what_is_printed(data: Path, words: str, text: str) -> None:
    assert apportion(data, words) == text


def test_json_has_the_same_lines_and_says_whether_all_are_explained(data: Path) -> None:
    found = json.loads(apportion(data, "explain --tenant search --window latest --json"))
    assert found["explained"] is True
    assert {window["pool"] for window in found["windows"]} == {"h100", "api:openai"}


def test_a_tenant_without_lines_is_refused_with_where_to_look(data: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "streams", "explain", "--tenant", "nobody", "--data", str(data)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "expected lines of 'nobody' in the window of latest, got none" in done.stderr

"""The command line loads only what it runs, and exits with 0, 1 or 2."""

import subprocess
import sys
from pathlib import Path

import pytest

from streams.cli.programs import PROGRAMS
from streams.cli.verbs import VERBS
from tests.command_line import Apportion, runner

HEAVY = ("faust", "chdb", "confluent_kafka", "clickhouse_connect", "pydantic", "aiohttp")
WAIT_S = 60.0


@pytest.fixture
def apportion(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Apportion:
    """Run the command in this process; return its status, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    return runner(monkeypatch, capsys)


def loaded(code: str, names: tuple[str, ...]) -> str:
    """Return which of the modules a fresh interpreter has loaded after some code."""
    program = f"import sys\n{code}\nprint([name for name in {names} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        timeout=WAIT_S,
    )
    return done.stdout.splitlines()[-1]


def test_the_overview_loads_no_processor_and_no_engine() -> None:
    code = (
        "from streams.__main__ import main\n"
        "sys.argv = ['apportion', '--help']\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code, end.code"
    )
    assert loaded(code, HEAVY) == "[]"


def test_verbs_load_neither_faust_nor_chdb_before_they_work() -> None:
    code = "from streams.cli.verbs import VERBS\nfor verb in VERBS.values():\n    verb.load()"
    assert loaded(code, ("faust", "chdb")) == "[]"


def test_the_overview_names_every_verb(apportion: Apportion) -> None:
    status, out, _ = apportion("--help")
    assert status == 0
    assert [verb for verb in (*VERBS, *PROGRAMS) if f" {verb} " not in out] == []


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_explains_itself(apportion: Apportion, verb: str) -> None:
    status, out, _ = apportion(verb, "--help")
    assert status == 0
    assert f"apportion {verb}" in out


@pytest.mark.parametrize(
    "arguments", [(), ("nonsense",), ("run",), ("run", "nothing"), ("sql",), ("prices", "publish")]
)
def test_misuse_exits_with_2(apportion: Apportion, arguments: tuple[str, ...]) -> None:
    status, _, _ = apportion(*arguments)
    assert status == 2


def test_wrong_settings_exit_with_2_and_are_all_said(apportion: Apportion) -> None:
    status, out, err = apportion("run", "meter", "--set", "meter.window_s=0", "--set", "web.port=x")
    assert (status, out) == (2, "")
    assert "APPORTION_METER__WINDOW_S" in err
    assert "APPORTION_WEB__PORT" in err


def test_no_data_to_ask_exits_with_1(apportion: Apportion) -> None:
    status, out, err = apportion("sql", "SELECT 1")
    assert (status, out) == (1, "")
    assert "start `apportion up`" in err


def test_a_price_book_with_faults_is_refused(apportion: Apportion, tmp_path: Path) -> None:
    book = tmp_path / "book.yaml"
    book.write_text("currency: USD\nprices: [{meter: gpu, price: cheap}]\n")
    status, out, err = apportion("prices", "publish", str(book))
    assert (status, out) == (2, "")
    assert "book.yaml cannot be used" in err


@pytest.mark.parametrize(
    "verb", [("run", "store"), ("up",), ("sql", "SELECT 1"), ("tail", "x"), ("topics", "create")]
)
def test_check_prints_the_settings_and_does_nothing(
    apportion: Apportion, tmp_path: Path, verb: tuple[str, ...]
) -> None:
    status, out, _ = apportion(*verb, "--check")
    assert status == 0
    assert out.startswith("APPORTION_KAFKA__BOOTSTRAP=")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", PROGRAMS)
def test_an_agent_explains_itself_wherever_it_is_called(name: str, tmp_path: Path) -> None:
    (tmp_path / "agents.py").write_text("raise SystemExit('not the agents that are meant')")
    done = subprocess.run(
        [sys.executable, "-P", "-m", "streams", name, "--help"],
        capture_output=True,
        text=True,
        check=False,
        timeout=WAIT_S,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert f"apportion {name}" in done.stdout

"""Which Kafka and which ClickHouse a command means."""

import json
import os
from pathlib import Path

import pytest

from streams.cli.reach import nearest, settings_of
from streams.errors import SettingsInvalid
from streams.up.options import DEFAULT_DATA

NOBODY = 2**22 + 1  # above the highest process id of Linux


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def running_stack(place: Path, pid: int | None = None) -> None:
    place.mkdir(parents=True)
    said = {"pid": pid or os.getpid(), "bootstrap": "127.0.0.1:7", "clickhouse": "http://ch:8123"}
    (place / "up.json").write_text(json.dumps(said))


def reached(**given: object) -> tuple[str, str]:
    settings = nearest(**given)  # type: ignore[arg-type] # by name, one at a time
    return settings.kafka.bootstrap, settings.clickhouse.url


def test_without_a_stack_it_is_the_default_directory_at_rest(tmp_path: Path) -> None:
    at_rest = f"chdb://{tmp_path / DEFAULT_DATA / 'clickhouse'}"
    assert reached() == ("127.0.0.1:9092", at_rest)


def test_a_running_stack_is_found_by_itself() -> None:
    running_stack(DEFAULT_DATA)
    assert reached() == ("127.0.0.1:7", "http://ch:8123")


def test_a_stack_that_died_is_not_reached(tmp_path: Path) -> None:
    running_stack(DEFAULT_DATA, pid=NOBODY)
    assert reached() == ("127.0.0.1:9092", f"chdb://{tmp_path / DEFAULT_DATA / 'clickhouse'}")


def test_the_environment_wins_over_a_stack_nobody_named(monkeypatch: pytest.MonkeyPatch) -> None:
    running_stack(DEFAULT_DATA)
    monkeypatch.setenv("APPORTION_KAFKA__BOOTSTRAP", "real:9092")
    assert reached() == ("real:9092", "http://ch:8123")


def test_a_named_directory_wins_over_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    running_stack(tmp_path / "data")
    monkeypatch.setenv("APPORTION_KAFKA__BOOTSTRAP", "real:9092")
    monkeypatch.setenv("APPORTION_CLICKHOUSE__URL", "http://real:8123")
    assert reached(data=tmp_path / "data") == ("127.0.0.1:7", "http://ch:8123")


def test_flags_win_over_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    running_stack(DEFAULT_DATA)
    monkeypatch.setenv("APPORTION_KAFKA__BOOTSTRAP", "real:9092")
    found = reached(kafka="flag:1", clickhouse="http://flag:2")
    assert found == ("flag:1", "http://flag:2")


def test_assignments_set_any_setting_and_flags_win_over_them() -> None:
    settings = settings_of(
        ["meter.window_s=5", "web.port=1", "kafka.bootstrap=a=b"],
        {"web.port": 2, "web.host": None, "schema_registry": "http://r"},
    )
    assert (settings.meter.window_s, settings.web.port) == (5, 2)
    assert settings.kafka.bootstrap == "a=b"
    assert settings.schema_registry == "http://r"


def test_assignments_that_are_none_are_all_said() -> None:
    with pytest.raises(SettingsInvalid) as caught:
        settings_of(["window=5", "meter.window_s", "web.port=1"])
    assert [fault.split(":")[0] for fault in caught.value.faults] == [
        "--set window=5",
        "--set meter.window_s",
    ]

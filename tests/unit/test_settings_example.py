"""`.env.example` names every setting once, with its default."""

from pathlib import Path

import pytest

from streams.settings import load, masked

EXAMPLE = Path(__file__).resolve().parent.parent.parent / ".env.example"


def assigned() -> list[tuple[str, str]]:
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    found = [line[1:].partition("=") for line in lines if line.startswith("#APPORTION_")]
    return [(name, value) for name, _, value in found]


def test_it_names_every_setting_and_no_other() -> None:
    settings = [line.partition("=")[0] for line in masked(load()).splitlines()]
    assert [name for name, _ in assigned()] == settings


def test_the_values_in_it_are_the_defaults(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    defaults = masked(load())
    for name, value in assigned():
        monkeypatch.setenv(name, value)
    assert masked(load()) == defaults

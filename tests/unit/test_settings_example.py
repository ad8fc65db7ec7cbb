"""`.env.example` names every setting once, with its default."""

from pathlib import Path

import pytest

from agents import settings
from agents.gateway.settings import CollectorSettings
from agents.gpu.settings import GpuAgentSettings
from streams.settings import load, masked

EXAMPLE = Path(__file__).resolve().parent.parent.parent / ".env.example"


def assigned() -> list[tuple[str, str]]:
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    found = [line[1:].partition("=") for line in lines if line.startswith("#APPORTION_")]
    return [(name, value) for name, _, value in found]


def in_force() -> list[str]:
    """Return what takes effect, NAME=value each, of every program."""
    agents = [
        settings.masked(settings.load(kind)) for kind in (GpuAgentSettings, CollectorSettings)
    ]
    return [line for text in (masked(load()), *agents) for line in text.splitlines()]


def test_it_names_every_setting_and_no_other() -> None:
    assert [name for name, _ in assigned()] == [line.partition("=")[0] for line in in_force()]


def test_the_values_in_it_are_the_defaults(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    defaults = in_force()
    for name, value in assigned():
        monkeypatch.setenv(name, value)
    assert in_force() == defaults

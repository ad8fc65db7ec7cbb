"""Sinks of the settings: what they need, and that their secrets are nowhere else."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest

from streams.errors import SettingsInvalid
from streams.notify.printed import PRINT
from streams.notify.sinks import opened
from streams.settings import load, masked

SINKS = "APPORTION_NOTIFY__SINKS__"
KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def faults(monkeypatch: pytest.MonkeyPatch, **variables: str) -> tuple[str, ...]:
    """Return what is wrong with settings, by the settings or by the sinks made of them."""
    for name, value in variables.items():
        monkeypatch.setenv(SINKS + name, value)
    with pytest.raises(SettingsInvalid) as caught:
        asyncio.run(names())
    return caught.value.faults


async def names() -> set[str]:
    async with opened(load().notify, print) as sinks:
        return {*sinks}


def test_a_secret_comes_from_the_environment_or_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text("xoxb-1\n")
    said = {
        "OPS__KIND": "slack",
        "OPS__SECRET_FILE": str(file),
        "HOOK__KIND": "slack_webhook",
        "HOOK__URL": "https://hooks.slack.com/services/T/B/x",
        "OWN_PROGRAM__KIND": "webhook",
        "OWN_PROGRAM__URL": "https://example.com/in",
        "OWN_PROGRAM__SECRET": KEY,
    }
    for name, value in said.items():
        monkeypatch.setenv(SINKS + name, value)
    assert asyncio.run(names()) == {PRINT, "ops", "hook", "own_program"}
    shown = masked(load())
    assert not [each for each in ("T/B/x", KEY, "example.com") if each in shown]


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"OPS__KIND": "slack"}, "OPS: a sink of kind slack needs secret or secret_file"),
        ({"OPS__KIND": "webhook", "OPS__URL": "https://x.test"}, "needs secret"),
        ({"OPS__KIND": "slack_webhook", "OPS__SECRET": "s"}, "needs url"),
        (
            {"OPS__KIND": "slack_webhook", "OPS__SECRET": "s", "OPS__URL": "https://x.test"},
            "has no secret but its url",
        ),
        ({"OPS__KIND": "mail"}, "KIND"),
        ({"9__KIND": "slack", "9__SECRET": "xoxb-1"}, "SINKS__9"),
        ({"OPS__KIND": "slack", "OPS__SECRET": "xoxp-of-a-person"}, "expected a bot token"),
        (
            {"OPS__KIND": "webhook", "OPS__URL": "ftp://of-mine", "OPS__SECRET": KEY},
            "expected a url like",
        ),
        (
            {"OPS__KIND": "webhook", "OPS__URL": "https://x.test", "OPS__SECRET": "short-one"},
            "expected a signing secret",
        ),
        ({"OPS__KIND": "slack", "OPS__SECRET_FILE": "/not/there"}, "SECRET_FILE"),
    ],
)
def test_a_fault_names_the_setting_and_not_its_value(
    monkeypatch: pytest.MonkeyPatch, variables: Mapping[str, str], words: str
) -> None:
    (fault,) = faults(monkeypatch, **variables)
    assert fault.startswith(SINKS)
    assert words in fault
    for secret in ("xoxp-of-a-person", "ftp://of-mine", "short-one", KEY):
        assert secret not in fault

"""The verbs of `apportion prices` on files: what goes to stdout, and the status they end with."""

import json
from functools import partial
from pathlib import Path

import pytest

from tests.command_line import Apportion, runner

BOOK = """currency: USD
defaults: {effective_from: 2026-01-01T00:00:00Z, source: page}
models:
  - {provider: openai, model: gpt-4o, per_million_tokens: {input: "2.50", output: "10"}}
  - {provider: azure, model: gpt-4o, per_million_tokens: {input: "2.50"}}
  - {provider: openai, model: gpt-4o-mini, per_million_tokens: {input: "0.15"}}
overrides:
  - {tenant: search, discount: "0.15"}
"""


@pytest.fixture
def apportion(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Apportion:
    """Run the command in a folder with book.yaml; return its status, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("APPORTION_KAFKA__BOOTSTRAP", "127.0.0.1:1")  # files need no broker
    (tmp_path / "book.yaml").write_text(BOOK)

    return partial(runner(monkeypatch, capsys), "prices")


def test_a_long_list_is_counted_instead(apportion: Apportion) -> None:
    status, out, err = apportion("show", "book.yaml", "--limit", "3")
    assert status == 0
    assert [line.split() for line in out.splitlines()[1:]] == [
        ["provider", "models", "prices"],
        ["openai", "2", "3"],
        ["azure", "1", "1"],
    ]
    assert "4 prices: name some with --model" in err
    assert "1 uplifts, overrides and commitments" in err


def test_what_is_asked_for_is_shown_with_the_agreements_it_meets(apportion: Apportion) -> None:
    _, out, err = apportion("show", "book.yaml", "--model", "*mini", "--limit", "3")
    assert (len(out.splitlines()), err) == (4, "")  # head, columns, price, override
    _, out, _ = apportion("show", "book.yaml", "--at", "2025-12-31", "--json")
    assert (json.loads(out)["prices_count"], json.loads(out)["prices"]) == (4, [])


def test_a_difference_ends_as_diff_does(apportion: Apportion, tmp_path: Path) -> None:
    (tmp_path / "new.yaml").write_text(BOOK.replace('"0.15"}}', '"0.30"}}'))
    assert apportion("diff", "book.yaml", "book.yaml")[0] == 0
    status, out, _ = apportion("diff", "book.yaml", "new.yaml")
    assert (status, "+100.0 %" in out) == (1, True)
    (tmp_path / "new.yaml").write_text("currency: [")
    assert apportion("diff", "book.yaml", "new.yaml")[:2] == (2, "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--model", "gpt-4o", "--tokens", "input=1"), "one of azure, openai"),
        (("--model", "gpt4o", "--tokens", "input=1"), "gpt-4o"),
        (("--model", "gpt-4o-mini", "--tokens", "input=x"), "whole number of tokens"),
        (("--model", "gpt-4o-mini", "--tokens", "input=1,cache_read=2"), "cached tokens"),
        (("--model", "gpt-4o-mini", "--quantity", "call.pages"), "METER=NUMBER"),
        (("--model", "gpt-4o-mini", "--at", "soon"), "2026-11-01T12:00Z"),
    ],
)
def test_a_question_that_fits_nothing_says_what_would(
    apportion: Apportion, arguments: tuple[str, ...], said: str
) -> None:
    status, out, err = apportion("explain", "--book", "book.yaml", *arguments)
    assert (status, out) == (2, "")
    assert said in err


def test_an_explanation_as_json_is_one_object_with_exact_figures(apportion: Apportion) -> None:
    question = ("--model", "gpt-4o-mini", "--tokens", "input=7", "--tenant", "search")
    status, out, _ = apportion("explain", "--book", "book.yaml", *question, "--json")
    found = json.loads(out)
    assert (status, found["provider"], found["complete"]) == (0, "openai", True)
    assert found["cost"] == "0.000001050000"  # 7 x 0.15 / 1,000,000
    assert found["billed"] == "0.000000892500"  # times 0.85


def test_check_prints_the_settings_and_reads_nothing(apportion: Apportion) -> None:
    for verb in (
        ("show", "nothing"),
        ("diff", "a", "b"),
        ("history",),
        ("explain", "--model", "m"),
    ):
        status, out, _ = apportion(*verb, "--check")
        assert (status, out.startswith("APPORTION_KAFKA__BOOTSTRAP=")) == (0, True), verb

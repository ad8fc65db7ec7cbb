"""`apportion prices import litellm`: a map and a book in, a book and a report out."""

import json
from functools import partial
from pathlib import Path

import pytest

from streams.config.price_book import load_price_book
from tests.command_line import Apportion, runner


@pytest.fixture
def importing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Apportion:
    """Run the command in this process, in a folder with a map of one model; return what it says."""
    monkeypatch.chdir(tmp_path)
    write_map(tmp_path, input_cost_per_token=2.5e-06, discount=1)

    return partial(runner(monkeypatch, capsys), "prices", "import", "litellm", "map.json")


def write_map(folder: Path, **fields: object) -> None:
    """Write a map of one model."""
    model = {"litellm_provider": "openai", "mode": "chat", **fields}
    (folder / "map.json").write_text(json.dumps({"gpt-4o": model}), encoding="utf-8")


def test_the_book_is_on_stdout_and_the_report_on_stderr(importing: Apportion) -> None:
    status, out, err = importing("--effective-from", "2026-11-01")
    book = load_price_book(out)
    assert status == 0
    assert [(p.provider, p.model, p.rate) for p in book.prices] == [
        ("openai", "gpt-4o", 25 * 10**11)
    ]
    assert "gpt-4o  discount = 1" in err
    assert f"version {book.version}" in err


def test_a_price_that_changed_is_shown_old_and_new(importing: Apportion, tmp_path: Path) -> None:
    importing("--effective-from", "2026-11-01", "--out", "book.yaml")
    write_map(tmp_path, input_cost_per_token=2e-06)
    into = ("--into", "book.yaml", "--out", "book.yaml")
    status, out, err = importing("--effective-from", "2026-12-01", *into)
    assert (status, out) == (0, "")
    assert "tokens.input of openai gpt-4o: 2.5 → 2 a million (-20.0 %)" in err
    assert len(load_price_book((tmp_path / "book.yaml").read_text(encoding="utf-8")).prices) == 2


def test_the_same_map_again_leaves_the_file_as_it_is(importing: Apportion, tmp_path: Path) -> None:
    importing("--effective-from", "2026-11-01", "--out", "book.yaml")
    before = (tmp_path / "book.yaml").read_bytes()
    importing("--effective-from", "2026-12-01", "--into", "book.yaml", "--out", "book.yaml")
    assert (tmp_path / "book.yaml").read_bytes() == before


def test_the_report_as_json_lists_every_field_not_understood(importing: Apportion) -> None:
    status, out, _ = importing("--effective-from", "2026-11-01", "--json", "--out", "book.yaml")
    said = json.loads(out)
    assert status == 0
    assert said["counts"]["taken"] == 1
    assert [(each["model"], each["field"], each["value"]) for each in said["not_understood"]] == [
        ("gpt-4o", "discount", "1")
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"[]", "expected an object of models"), (b"\xff", "JSON in UTF-8"), (b"{", "expected JSON")],
)
def test_a_file_that_is_no_map_is_misuse(
    importing: Apportion, tmp_path: Path, content: bytes, said: str
) -> None:
    (tmp_path / "map.json").write_bytes(content)
    status, out, err = importing("--effective-from", "2026-11-01")
    assert (status, out) == (2, "")
    assert said in err


@pytest.mark.parametrize(
    "arguments",
    [
        ("--effective-from", "yesterday"),
        ("--effective-from", "2026-11-01", "--json"),
        (),
    ],
    ids=["no date", "json and book on stdout", "no begin"],
)
def test_misuse_is_said_and_exits_with_2(importing: Apportion, arguments: tuple[str, ...]) -> None:
    status, out, err = importing(*arguments)
    assert (status, out) == (2, "")
    assert err


def test_an_older_map_is_refused_and_the_book_left_alone(
    importing: Apportion, tmp_path: Path
) -> None:
    importing("--effective-from", "2026-11-01", "--out", "book.yaml")
    before = (tmp_path / "book.yaml").read_bytes()
    status, _, err = importing(
        "--effective-from", "2026-10-01", "--into", "book.yaml", "--out", "book.yaml"
    )
    assert status == 2
    assert "in the order of their dates" in err
    assert (tmp_path / "book.yaml").read_bytes() == before


def test_check_reports_and_writes_nothing(importing: Apportion, tmp_path: Path) -> None:
    status, out, err = importing("--effective-from", "2026-11-01", "--check", "--out", "book.yaml")
    assert (status, out) == (0, "")
    assert "new" in err
    assert not (tmp_path / "book.yaml").exists()

"""Price books put in force from the command line: shown, asked about, read back, found again."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from streams.config_topic import CATALOG, PRICES, Kind
from streams.kafka import publish, read_to_end
from streams.settings import KafkaSettings
from tests.command_line import Apportion, runner

pytestmark = pytest.mark.integration


def entry(price: str, since: str = "2026-01-01", until: str = "") -> str:
    ends = f", effective_to: {until}T00:00:00Z" if until else ""
    return (
        f'  - {{meter: tokens.input, provider: openai, model: gpt-4o, price: "{price}", '
        f"per: 1000000, unit: Tokens, effective_from: {since}T00:00:00Z{ends}, source: page}}\n"
    )


OLD = "currency: USD\nprices:\n" + entry("2.50")
NEW = "currency: USD\nprices:\n" + entry("2.50", until="2026-06-01") + entry("2", "2026-06-01")


@pytest.fixture
def apportion(
    kafka: KafkaSettings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> Apportion:
    """Run the command in this process; return its status, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("APPORTION_KAFKA__BOOTSTRAP", kafka.bootstrap)

    return runner(monkeypatch, capsys)


@pytest.fixture
def books(tmp_path: Path) -> tuple[str, str]:
    """The files of two books, the second of which lowers a price."""
    paths = (tmp_path / "old.yaml", tmp_path / "new.yaml")
    for path, text in zip(paths, (OLD, NEW), strict=True):
        path.write_text(text)
    return str(paths[0]), str(paths[1])


def published(kafka: KafkaSettings, kind: Kind = PRICES) -> int:
    return len(read_to_end(kafka, kind.topic))


def test_without_a_terminal_nothing_is_published_unless_yes_is_said(
    apportion: Apportion, kafka: KafkaSettings, books: tuple[str, str]
) -> None:
    status, out, err = apportion("prices", "publish", books[0])
    assert (status, out, published(kafka)) == (2, "", 0)
    assert "give --yes" in err
    status, out, err = apportion("prices", "publish", books[0], "--yes", "--note", "first of all")
    assert (status, out, published(kafka)) == (0, f"{PRICES.version(OLD, '')}\n", 1)
    status, out, _ = apportion("prices", "show", "--json")
    shown = json.loads(out)
    assert (shown["note"], shown["prices_count"]) == ("first of all", 1)
    assert shown["prices"][0]["price"] == "2.50"


def test_what_changes_is_said_before_and_how_far_back_it_goes(
    apportion: Apportion, books: tuple[str, str]
) -> None:
    apportion("prices", "publish", books[0], "--yes")
    _, _, err = apportion("prices", "publish", books[1], "--yes")
    assert "-20.0 %  from 2026-06-01" in err
    assert "windows since 2026-06-01 anew: they stay as they are" in err
    assert "ClickHouse does not have it yet: no store runs beside it" in err


def test_what_is_in_force_is_not_asked_about(
    apportion: Apportion, kafka: KafkaSettings, books: tuple[str, str]
) -> None:
    apportion("prices", "publish", books[0], "--yes")
    status, out, err = apportion("prices", "publish", books[0])
    assert (status, out) == (0, f"{PRICES.version(OLD, '')}\n")
    assert "in force already" in err
    assert published(kafka) == 1


def test_another_currency_is_refused(
    apportion: Apportion, kafka: KafkaSettings, books: tuple[str, str]
) -> None:
    apportion("prices", "publish", books[0], "--yes")
    Path(books[1]).write_text(NEW.replace("USD", "EUR"))
    status, out, err = apportion("prices", "publish", books[1], "--yes")
    assert (status, out, published(kafka)) == (2, "", 1)
    assert "in USD, as the price book in force, got EUR" in err


def test_versions_are_compared_by_their_begins_and_names(
    apportion: Apportion, books: tuple[str, str]
) -> None:
    for file in books:
        apportion("prices", "publish", file, "--yes")
    old, new = (PRICES.version(text, "")[:8] for text in (OLD, NEW))
    assert apportion("prices", "diff", old, books[0])[:2] == (0, "no difference\n")
    assert apportion("prices", "diff", "in-force", new)[:2] == (0, "no difference\n")
    status, out, _ = apportion("prices", "diff", old, "in-force", "--json")
    assert status == 1
    assert {change["change"] for change in json.loads(out)["prices"]} == {"added", "dates"}
    status, out, err = apportion("prices", "diff", old, "0000")
    assert (status, out) == (2, "")
    assert PRICES.version(NEW, "") in err


def test_history_says_what_each_version_changed(
    apportion: Apportion, books: tuple[str, str]
) -> None:
    for file, note in zip((*books, books[0]), ("a", "b", "back"), strict=True):
        apportion("prices", "publish", file, "--yes", "--note", note)
    _, out, _ = apportion("prices", "history", "--json")
    steps = [json.loads(line) for line in out.splitlines()]
    assert [step["note"] for step in steps] == ["a", "b", "back"]
    assert steps[0]["changes"] is None
    assert [step["changes"]["changed"] for step in steps[1:]] == [1, 1]
    _, out, _ = apportion("prices", "history", "--model", "gpt-4o")
    rows = [line.split() for line in out.splitlines() if "tokens.input" in line]
    assert [row[3] for row in rows] == ["2.50", "2.50", "2.00", "2.50"]


def test_what_is_not_ours_on_the_topic_is_passed_over(
    apportion: Apportion, kafka: KafkaSettings, books: tuple[str, str]
) -> None:
    apportion("prices", "publish", books[0], "--yes")
    publish(kafka, PRICES.topic, "x", b"not Avro")
    status, out, _ = apportion("prices", "show", "--json")
    assert (status, json.loads(out)["version"]) == (0, PRICES.version(OLD, ""))
    status, out, err = apportion("prices", "history")
    assert (status, PRICES.version(OLD, "") in out) == (0, True)
    assert "not looked at: offset 1 of config.price-book.v1" in err
    assert apportion("prices", "publish", books[1], "--yes")[0] == 0


def test_a_catalog_is_published_the_same_way(
    apportion: Apportion, kafka: KafkaSettings, tmp_path: Path
) -> None:
    file = tmp_path / "catalog.yaml"
    file.write_text("tenants: [acme]\n")
    assert apportion("catalog", "publish", str(file))[0] == 2
    status, _, err = apportion("catalog", "publish", str(file), "--yes")
    assert (status, published(kafka, CATALOG)) == (0, 1)
    assert "tenants: any name -> 1 names" in err
    file.write_text("tenants: [acme, globex]\n")
    _, _, err = apportion("catalog", "publish", str(file), "--yes")
    assert "+ tenant globex" in err


@pytest.mark.parametrize(("answer", "status", "count"), [("n", 1, 0), ("y", 0, 1)])
def test_on_a_terminal_a_person_is_asked(
    kafka: KafkaSettings, books: tuple[str, str], answer: str, status: int, count: int
) -> None:
    ours, theirs = pty.openpty()
    os.write(ours, f"{answer}\n".encode())
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "streams",
            "prices",
            "publish",
            books[0],
            "--kafka",
            kafka.bootstrap,
        ],
        stdin=theirs,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    os.close(theirs)
    os.close(ours)
    assert (done.returncode, published(kafka)) == (status, count), done.stderr
    assert "in force as version" in done.stderr

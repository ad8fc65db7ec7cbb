"""`apportion notify`: a route tried before its catalog is published, and what is told again."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from schemas.records import Notice
from streams.cli.notify import notify
from streams.cli.notify_resend import messages
from streams.errors import NotTold, UnknownRoute
from streams.kafka import Entry
from streams.notify.reading import notices_of, refused, sayings
from tests import slack_server
from tests.builders.alerts import alert
from tests.builders.notices import notice
from tests.processor_fakes import CODEC
from tests.slack_server import CHANNEL, TOKEN

ROUTES = f"notify: [{{name: rest, sink: ops, channel: {CHANNEL}}}, {{name: log, sink: print}}]"


@pytest.fixture
def catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "catalog.yaml").write_text(ROUTES)
    return "catalog.yaml"


def tried(catalog: str, *words: str) -> Result:
    return CliRunner().invoke(notify, ["test", "--catalog", catalog, *words])


def test_a_route_is_tried_before_its_catalog_is_in_force(
    catalog: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with slack_server.running() as slack:
        monkeypatch.setenv("APPORTION_NOTIFY__SINKS__OPS__KIND", "slack")
        monkeypatch.setenv("APPORTION_NOTIFY__SINKS__OPS__SECRET", TOKEN)
        monkeypatch.setenv("APPORTION_NOTIFY__SINKS__OPS__URL", f"{slack.url}/api/")
        assert tried(catalog, "--route", "rest").output == f"told ops {CHANNEL}\n"
        (message,) = slack.messages
        assert "This is a test of the route rest" in slack_server.pretty(message.content)
        slack.channels.clear()
        failed = tried(catalog, "--route", "rest")
    assert isinstance(failed.exception, NotTold)
    assert "channel_not_found" in str(failed.exception)


def test_what_would_be_told_is_only_printed(catalog: str) -> None:
    said = json.loads(tried(catalog, "--route", "rest", "--dry-run").output)
    assert (said["sink"], said["channel"], said["alert"]["kind"]) == ("ops", CHANNEL, "test")


def test_a_route_that_there_is_not_and_a_sink_that_there_is_not_are_named(catalog: str) -> None:
    unknown = tried(catalog, "--route", "res").exception
    assert isinstance(unknown, UnknownRoute)
    assert "rest, log; got 'res'" in str(unknown)
    missing = tried(catalog, "--route", "rest").exception
    assert isinstance(missing, NotTold)
    assert "APPORTION_NOTIFY__SINKS__OPS__KIND" in str(missing)


def entry(offset: int, name: str, record: object) -> Entry:
    return Entry(b"key", CODEC.encode(name, record), 0, offset, 0)  # type: ignore[arg-type]  # either


def test_what_was_put_aside_is_sent_again_once_as_it_was_and_nothing_else() -> None:
    """Two sinks refused one saying; another refused what its topic has no more."""
    twice: list[Notice] = [
        notice(2, "refused", alert_id="cost_anomaly/1/acme", sink=sink) for sink in ("ops", "lab")
    ]
    others = [notice(1, "refused", alert_id="gone", said_at_us=1), notice(1, "told", alert_id="x")]
    read = notices_of(CODEC, [
        Entry(str(number).encode(), CODEC.encode("Notice", each), 0, number, 0)
        for number, each in enumerate([*twice, *others])
    ])  # fmt: skip
    alerts = [entry(revision, "Alert", alert(revision=revision)) for revision in (1, 2, 3)]
    found = sayings(CODEC, refused(read, None), alerts)
    assert [(each.notice["alert_id"], each.entry) for each in found] == [
        ("cost_anomaly/1/acme", alerts[1]),
        ("cost_anomaly/1/acme", alerts[1]),
        ("gone", None),
    ]
    assert messages(found) == [("acme", alerts[1].value)]
    assert [each["sink"] for each in refused(read, "lab")] == ["lab"]

"""One event a line, to stderr, clients quietened, nothing secret on it."""

import asyncio
import json
import logging
from collections.abc import Iterator

import aiohttp
import pytest
import structlog

from streams import logs
from streams.notify.sink import Saying, Told
from streams.notify.slack import Slack
from streams.notify.slack_webhook import SlackWebhook
from streams.settings import LogSettings
from tests import slack_server
from tests.builders.alerts import alert


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    levels = {name: logging.getLogger(name).level for name in logs.NOISY}
    yield
    root.handlers = handlers
    root.setLevel(level)
    for name, noisy_level in levels.items():
        logging.getLogger(name).setLevel(noisy_level)
    structlog.reset_defaults()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    captured = capsys.readouterr()
    assert captured.out == ""
    return [json.loads(line) for line in captured.err.splitlines()]


def test_an_event_and_its_fields_are_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(LogSettings(format="json"), "meter")
    structlog.get_logger().info("batch_written", rows=3)
    [line] = lines(capsys)
    assert line.pop("timestamp")
    assert line == {"event": "batch_written", "level": "info", "part": "meter", "rows": 3}


def test_what_is_below_the_level_is_not_logged(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(LogSettings(format="json", level="warning"))
    structlog.get_logger().info("quiet")
    structlog.get_logger().warning("loud")
    assert [line["event"] for line in lines(capsys)] == ["loud"]


def test_clients_are_heard_from_warnings_on(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(LogSettings(format="json", level="debug"))
    for name in ("faust", "mode.timers", "aiokafka.conn", "librdkafka"):
        logging.getLogger(name).info("chatter")
        logging.getLogger(name).warning("trouble in %s", name)
    assert [line["event"] for line in lines(capsys)] == [
        "trouble in faust",
        "trouble in mode.timers",
        "trouble in aiokafka.conn",
        "trouble in librdkafka",
    ]


def test_a_client_that_repeats_itself_is_heard_once(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(LogSettings(format="json"))
    for _ in range(20):
        logging.getLogger("librdkafka").error("connection refused")
    assert len(lines(capsys)) == 1


def test_a_key_is_due_again_after_a_while() -> None:
    now_s = 0.0
    occasionally = logs.Occasionally(every_s=1.0, clock=lambda: now_s)
    assert [occasionally.due(key) for key in ("a", "b", "a")] == [True, True, False]
    now_s = 0.9
    assert not occasionally.due("a")
    now_s = 1.0
    assert occasionally.due("a")


@pytest.mark.parametrize("form", ["console", "json"])
def test_a_traceback_shows_no_values(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(LogSettings.model_validate({"format": form}))

    secret = "hu" + "sh"

    def fail(password: str) -> float:
        return len(password) / 0

    try:
        fail(secret)
    except ZeroDivisionError:
        structlog.get_logger().exception("failed")
    text = capsys.readouterr().err
    assert "ZeroDivisionError" in text
    assert "hush" not in text


def test_what_alerts_are_told_with_is_not_logged_at_any_level(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Slack's client says the address of a webhook, which is a secret, where it may say all."""

    async def told(url: str) -> None:
        async with aiohttp.ClientSession() as session:
            for sink in (
                Slack(session, slack_server.TOKEN, f"{url}/api/"),
                SlackWebhook(session, f"{url}/hook?key=mine"),
            ):
                assert isinstance(await sink.tell(Saying(alert(), slack_server.CHANNEL)), Told)

    logs.configure(LogSettings(format="json", level="debug"))
    logging.getLogger("other").debug("this is logged")
    with slack_server.running() as server:
        asyncio.run(told(server.url))
    said = json.dumps(lines(capsys))
    assert "this is logged" in said
    assert slack_server.TOKEN not in said
    assert "key=mine" not in said

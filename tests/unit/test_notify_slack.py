"""Slack as a sink, against a server that answers as Slack does: once, threads, edits, failures."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator

import aiohttp
import pytest

from streams.notify.sink import Answer, Later, Refused, Saying, Thread, Told
from streams.notify.slack import PAGE, Slack
from streams.notify.slack_message import message
from streams.notify.slack_webhook import SlackWebhook
from tests import slack_server
from tests.builders.alerts import alert, amount, whole
from tests.slack_server import CHANNEL, TOKEN, SlackServer

TIMEOUT_S = 60.0  # of requests; those that are to be late have a shorter one
IMPATIENT_S = 2.0


@pytest.fixture
def server() -> Iterator[SlackServer]:
    with slack_server.running() as found:
        yield found


def asked(
    server: SlackServer,
    test: Callable[[Slack], Awaitable[Answer]],
    *,
    token: str = TOKEN,
    timeout_s: float = TIMEOUT_S,
) -> Answer:
    """Return what a sink answers."""

    async def run() -> Answer:
        timeout = aiohttp.ClientTimeout(total=timeout_s)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            return await test(Slack(session, token, f"{server.url}/api/"))

    return asyncio.run(run())


def tell(server: SlackServer, saying: Saying, timeout_s: float = TIMEOUT_S) -> Answer:
    return asked(server, lambda slack: slack.tell(saying), timeout_s=timeout_s)


def opened(server: SlackServer) -> Thread:
    """Return the thread of an alert that was told."""
    answer = tell(server, Saying(alert(), CHANNEL))
    assert isinstance(answer, Told)
    assert answer.thread is not None
    return answer.thread


def test_an_alert_is_a_message(server: SlackServer) -> None:
    answer = tell(server, Saying(whole(), CHANNEL))
    (message,) = server.messages
    assert answer == Told(Thread(CHANNEL, message.ts))
    shown = slack_server.pretty(message.content)
    for words in ("Unusual cost: acme", "123.46 USD an hour", "8.00 USD to 14.25 USD", "88%",
                  "<https://grafana.test/d/cost?tenant=acme&amp;x=1|Dashboard>"):  # fmt: skip
        assert words in shown


def test_an_update_is_a_reply_and_brings_the_first_message_up_to_date(server: SlackServer) -> None:
    thread = opened(server)
    assert tell(server, Saying(alert(revision=2), CHANNEL, thread)) == Told(thread)
    (first,) = server.first()
    (reply,) = server.replies(first)
    assert (first.revision, first.edits, reply.revision) == (2, 1, 2)
    assert tell(server, Saying(alert(revision=9), CHANNEL, thread)) == Told(thread)
    assert ":white_check_mark:" in slack_server.pretty(first.content)
    assert [each.revision for each in server.replies(first)] == [2, 9]


@pytest.mark.parametrize(
    ("deed", "answer"),
    [
        (slack_server.status(429, "7"), Later("HTTP 429", after_s=7.0)),
        (slack_server.status(503), Later("HTTP 503", is_doubted=True)),
        (slack_server.status(500, text="<html>"), Later("HTTP 500", is_doubted=True)),
        (slack_server.refused("internal_error"), Later("internal_error", is_doubted=True)),
        (slack_server.refused("ratelimited"), Later("HTTP 429: ratelimited")),
        (slack_server.refused("is_archived"), Refused("is_archived")),
        (slack_server.status(403), Refused("HTTP 403")),
        (slack_server.text("{not json"), Later("an answer that is no JSON", is_doubted=True)),
        (
            slack_server.text("<html>", "text/html"),
            Later("an answer without ok", is_doubted=True),
        ),
        (
            slack_server.text('{"ok": true}'),
            Later("an answer without channel and ts", is_doubted=True),
        ),
        (slack_server.text("[]"), Later("an answer without ok", is_doubted=True)),
        (slack_server.text("{}"), Later("an answer without ok", is_doubted=True)),
        (
            slack_server.text("ok", "text/plain"),
            Later("no answer of Slack's: AttributeError", is_doubted=True),
        ),
        (
            slack_server.reset(after=True),
            Later("ServerDisconnectedError", is_doubted=True),
        ),
    ],
)
def test_an_answer_means_later_or_never(
    server: SlackServer, deed: slack_server.Deed, answer: Answer
) -> None:
    server.misbehave("chat.postMessage", deed)
    assert tell(server, Saying(alert(), CHANNEL)) == answer


def test_no_answer_in_time_is_a_doubt(server: SlackServer) -> None:
    server.misbehave("chat.postMessage", slack_server.slow(60.0))
    answer = tell(server, Saying(alert(), CHANNEL), IMPATIENT_S)
    assert answer == Later("no answer in time", is_doubted=True)


def test_where_nobody_listens_nothing_was_told() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))  # and does not listen
        nowhere = SlackServer(url=f"http://127.0.0.1:{silent.getsockname()[1]}")
        answer = tell(nowhere, Saying(alert(), CHANNEL))
    assert isinstance(answer, Later)
    assert not answer.is_doubted


def test_a_token_that_is_not_taken_and_a_channel_that_is_not_there_are_never(
    server: SlackServer,
) -> None:
    saying = Saying(alert(), CHANNEL)
    assert asked(server, lambda slack: slack.tell(saying), token="xoxb-old") == Refused(  # noqa: S106
        "invalid_auth"
    )
    assert tell(server, Saying(alert(), "C0NOTTHERE")) == Refused("channel_not_found")
    assert isinstance(tell(server, Saying(alert())), Refused)
    assert server.messages == []


@pytest.mark.parametrize(
    "deed", [slack_server.reset(after=True), slack_server.slow(60.0), slack_server.status(500)]
)
def test_what_is_in_doubt_is_looked_for_and_said_once(
    server: SlackServer, deed: slack_server.Deed
) -> None:
    server.misbehave("chat.postMessage", deed)
    saying = Saying(alert(), CHANNEL)
    answer = tell(server, saying, IMPATIENT_S)
    assert isinstance(answer, Later)
    saying.is_doubted = answer.is_doubted
    again = tell(server, saying)
    (first,) = server.messages
    assert again == Told(Thread(CHANNEL, first.ts))


def test_a_reply_in_doubt_is_said_once_and_the_first_message_brought_up_to_date(
    server: SlackServer,
) -> None:
    thread = opened(server)
    server.misbehave("chat.postMessage", slack_server.reset(after=True))
    saying = Saying(alert(revision=2), CHANNEL, thread)
    assert isinstance(tell(server, saying), Later)
    saying.is_doubted = True
    assert tell(server, saying) == Told(thread)
    (first,) = server.first()
    assert (len(server.replies(first)), first.revision) == (1, 2)


def test_an_edit_that_fails_does_not_repeat_the_reply(server: SlackServer) -> None:
    thread = opened(server)
    server.misbehave("chat.update", slack_server.status(429, "1"))
    saying = Saying(alert(revision=2), CHANNEL, thread)
    assert tell(server, saying) == Later("HTTP 429", after_s=1.0)
    assert tell(server, saying) == Told(thread)
    assert len(server.replies(server.first()[0])) == 1


def test_a_later_revision_finds_the_first_message_and_goes_on_below_it(server: SlackServer) -> None:
    """Whoever told the first revision did not come to write that down."""
    thread = opened(server)
    assert tell(server, Saying(alert(2), CHANNEL)) != Told(thread)
    saying = Saying(alert(revision=3), CHANNEL, is_doubted=True)
    assert tell(server, saying) == Told(thread)
    assert len(server.first()) == 2
    assert [each.revision for each in server.replies(server.first()[0])] == [3]


def test_it_looks_through_more_than_a_page(server: SlackServer) -> None:
    thread = opened(server)
    for number in range(2, PAGE + 3):
        server.post({**server.messages[0].content, "channel": CHANNEL})
        server.messages[-1].content["metadata"] = {
            "event_type": "apportion_alert",
            "event_payload": {"alert_id": f"other/{number}", "revision": 1, "state": "opened"},
        }
    assert tell(server, Saying(alert(), CHANNEL, is_doubted=True)) == Told(thread)
    assert server.calls.count("conversations.history") == 2


def test_where_it_may_not_look_it_says_it_rather_twice_than_never(server: SlackServer) -> None:
    server.misbehave("conversations.history", slack_server.refused("missing_scope"))
    assert isinstance(tell(server, Saying(alert(), CHANNEL, is_doubted=True)), Told)
    assert len(server.messages) == 1


def test_a_look_that_fails_is_tried_again_before_anything_is_said(server: SlackServer) -> None:
    server.misbehave("conversations.history", slack_server.status(500))
    assert isinstance(tell(server, Saying(alert(), CHANNEL, is_doubted=True)), Later)
    assert server.messages == []


def test_a_first_message_that_was_removed_is_begun_anew(server: SlackServer) -> None:
    thread = opened(server)
    server.messages.clear()
    answer = tell(server, Saying(alert(revision=2), CHANNEL, thread))
    (first,) = server.first()
    assert answer == Told(Thread(CHANNEL, first.ts))
    assert first.revision == 2


def test_a_first_message_that_can_be_changed_no_more_stays_and_the_reply_counts(
    server: SlackServer,
) -> None:
    thread = opened(server)
    server.misbehave("chat.update", slack_server.refused("edit_window_closed"))
    assert tell(server, Saying(alert(revision=2), CHANNEL, thread)) == Told(thread)
    assert len(server.replies(server.first()[0])) == 1


def test_an_incoming_webhook_has_messages_only(server: SlackServer) -> None:
    async def run() -> list[Answer]:
        async with aiohttp.ClientSession() as session:
            sink = SlackWebhook(session, f"{server.url}/hook")
            server.misbehave(
                "hook",
                slack_server.ordinary,
                slack_server.ordinary,
                slack_server.status(429, "3"),
                slack_server.status(404, text="no_team"),
                slack_server.reset(after=False),
            )
            return [await sink.tell(Saying(alert(revision=n))) for n in range(1, 6)]

    answers = asyncio.run(run())
    assert answers == [
        Told(),
        Told(),
        Later("HTTP 429: upstream error", after_s=3.0),
        Refused("HTTP 404: no_team"),
        Later("ServerDisconnectedError", is_doubted=True),
    ]
    assert ["Unusual cost: acme" in slack_server.pretty(each) for each in server.hooks] == [
        True
    ] * 2


def test_what_a_budget_is_over_by_is_called_so() -> None:
    over, extra = (message(alert(excess=amount("-2.5"), budget_id=each)) for each in ("b", None))
    assert "*Above the limit*\\n-2.50 USD" in slack_server.pretty(over)
    assert "*Extra so far*\\n-2.50 USD" in slack_server.pretty(extra)


def test_a_part_without_a_name_is_said_to_have_none() -> None:
    part = {"dimension": "project", "value": "", "excess": amount("1"), "share": 1.25}
    said = slack_server.pretty(message(alert(contributors=[part])))
    assert "project (without a name): 1.00 USD an hour, 125%" in said

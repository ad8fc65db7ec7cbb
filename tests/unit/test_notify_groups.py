"""Alerts of one group share a thread, where nothing is hidden by that."""

from collections import deque
from collections.abc import Iterable, Iterator

import pytest

from schemas.records import Alert
from streams.core.notices import Destination
from streams.notify.sink import Answer, Later, Refused, Saying, Thread, Told
from tests import slack_server
from tests.builders.alerts import alert
from tests.notify_parts import Asked, FakeSink, TakingOutlet, at, desk
from tests.processor_fakes import run, until
from tests.slack_server import CHANNEL, Message, SlackServer
from tests.unit.test_notify_slack import tell

OPS, LAB = Destination("ops", "C1"), Destination("ops", "C2")
GROUP = "model:gpt-5/1"
FIRST = "cost_anomaly/1/acme"


def member(number: int, revision: int = 1, **changes: object) -> Alert:
    return alert(number, revision, **{"group": GROUP} | changes)


async def asked(
    *sayings: tuple[Alert, Destination],
    told: TakingOutlet | None = None,
    answers: Iterable[Answer] = (),
) -> tuple[list[Asked], TakingOutlet]:
    """Have alerts told one after the other, by one who knows what was told before."""
    outlet, sink = TakingOutlet(), FakeSink(answers=deque(answers))
    it = desk({"ops": sink}, outlet, notices=told.notices() if told else ())
    for offset, (each, destination) in enumerate(sayings):
        await it.take(each, at(offset), [destination])
        await until(lambda: it.begins() == {0: offset + 1})  # noqa: B023 - awaited here
    await it.close(1.0)
    return sink.asked, outlet


HEAD = Thread("C", FIRST)


@pytest.mark.parametrize(
    ("second", "below", "others"),
    [
        ((member(2), OPS), HEAD, 1),
        ((member(2, severity="info"), OPS), HEAD, 1),
        ((member(2, severity="critical"), OPS), None, 1),  # nobody would see it in a thread
        ((member(2), LAB), None, 0),  # another channel
        ((member(2, group="model:gpt-4/1"), OPS), None, 0),
        ((alert(2), OPS), None, 0),  # it stands alone
    ],
)
def test_another_alert_of_a_group_goes_below_the_first(
    second: tuple[Alert, Destination], below: Thread | None, others: int
) -> None:
    async def test() -> None:
        found, outlet = await asked((member(1), OPS), second)
        assert (found[0].below, found[1].below, found[1].others) == (None, below, others)
        [_, last] = [each for each in outlet.notices() if each["stage"] == "told"]
        assert (last["head"], last["group"]) == (below and below.first, second[0]["group"])

    run(test())


def test_the_head_is_the_first_that_goes_on_whoever_tells() -> None:
    async def test() -> None:
        _, outlet = await asked((member(1), OPS), (member(2), OPS))
        found, _ = await asked((member(3), OPS), told=outlet)
        assert found[0].below == HEAD
        found, _ = await asked((member(1, 9), OPS), (member(3), OPS), told=outlet)
        assert [each.others for each in found] == [1, 1]
        assert found[1].below is None, "the head is over, and below it nobody would see it"

    run(test())


def test_what_was_not_told_is_in_no_thread() -> None:
    async def test() -> None:
        refused: list[Answer] = [Told(HEAD), Refused("is_archived")]
        found, outlet = await asked((member(1), OPS), (member(2), OPS), answers=refused)
        assert [each.others for each in found] == [0, 1]
        found, _ = await asked((member(3), OPS), told=outlet)
        assert (found[0].below, found[0].others) == (HEAD, 1)
        found, outlet = await asked((member(1), OPS), answers=[Refused("is_archived")])
        found, _ = await asked((member(2), OPS), told=outlet)
        assert (found[0].below, found[0].others) == (None, 0)

    run(test())


def test_an_alert_in_doubt_is_looked_for_where_it_was_to_be() -> None:
    async def test() -> None:
        _, outlet = await asked((member(1), OPS), (member(2), OPS), (member(1, 9), OPS))
        notices = outlet.notices()
        intended = next(each for each in notices if "/2/" in each["alert_id"])
        assert (intended["stage"], intended["head"], intended["thread"]) == (
            "intended",
            FIRST,
            None,
        )
        sink = FakeSink()
        known = [*(each for each in notices if "/2/" not in each["alert_id"]), intended]
        it = desk({"ops": sink}, TakingOutlet(), notices=known)
        await it.take(member(2), at(1), [OPS])
        await until(lambda: it.begins() == {0: 2})
        [found] = sink.asked
        assert (found.is_doubted, found.below) == (True, HEAD)
        await it.close(1.0)

    run(test())


@pytest.fixture
def server() -> Iterator[SlackServer]:
    with slack_server.running() as found:
        yield found


def told(server: SlackServer, *numbers: int) -> list[Thread]:
    """Return the threads of alerts, the first of which heads the others."""
    found: list[Thread] = []
    for number in numbers:
        saying = Saying(member(number), CHANNEL, below=found[0] if found else None)
        answer = tell(server, saying)
        assert isinstance(answer, Told)
        assert answer.thread is not None
        found.append(answer.thread)
    return found


def head_of(server: SlackServer) -> Message:
    [head] = server.first()
    return head


def test_in_slack_a_group_is_one_message_with_a_thread(server: SlackServer) -> None:
    first, second, third = told(server, 1, 2, 3)
    head = head_of(server)
    assert [each.alert for each in server.replies(head)] == [
        "cost_anomaly/2/acme", "cost_anomaly/3/acme",
    ]  # fmt: skip
    assert (first.head, second.head, third.root) == (None, head.ts, head.ts)


def test_what_becomes_of_a_member_is_said_in_the_thread_and_changes_its_own_message(
    server: SlackServer,
) -> None:
    _, second = told(server, 1, 2)
    assert tell(server, Saying(member(2, 2), CHANNEL, second, was="warning")) == Told(second)
    head = head_of(server)
    own, reply = server.replies(head)
    assert (own.edits, own.revision, reply.revision, head.edits) == (1, 2, 2, 0)
    assert not reply.is_shown


def test_a_member_that_becomes_worse_is_shown_in_the_channel_too(server: SlackServer) -> None:
    first, second = told(server, 1, 2)
    for thread, number in ((second, 2), (first, 1)):
        tell(server, Saying(member(number, 2, severity="critical"), CHANNEL, thread, was="warning"))
    *_, below, of_head = server.replies(head_of(server))
    assert (below.is_shown, of_head.is_shown) == (True, False)  # the head is there anyway


def test_a_head_that_is_over_says_how_many_go_on_below_it(server: SlackServer) -> None:
    first, _ = told(server, 1, 2)
    tell(server, Saying(member(1, 9), CHANNEL, first, others=1))
    assert "1 of its group" in slack_server.pretty(head_of(server).content)


def test_where_the_head_was_removed_a_member_is_a_message(server: SlackServer) -> None:
    [first] = told(server, 1)
    server.messages.clear()
    answer = tell(server, Saying(member(2), CHANNEL, below=first))
    assert answer == Told(Thread(CHANNEL, head_of(server).ts))


@pytest.mark.parametrize(
    "deed", [slack_server.reset(after=True), slack_server.slow(60.0), slack_server.status(500)]
)
def test_a_member_in_doubt_is_said_once(server: SlackServer, deed: slack_server.Deed) -> None:
    [first] = told(server, 1)
    server.misbehave("chat.postMessage", deed)
    saying = Saying(member(2), CHANNEL, below=first)
    answer = tell(server, saying, 2.0)
    assert isinstance(answer, Later)
    saying.is_doubted = answer.is_doubted
    again = tell(server, saying)
    [reply] = server.replies(head_of(server))
    assert again == Told(Thread(CHANNEL, reply.ts, first.first))


def test_a_member_is_found_by_whoever_knows_nothing_of_its_group(server: SlackServer) -> None:
    """The topic is gone with its broker: the head is in the channel, the member below it."""
    _, second = told(server, 1, 2)
    saying = Saying(member(2, 3), CHANNEL, is_doubted=True)
    assert tell(server, saying) == Told(second)
    assert [each.revision for each in server.replies(head_of(server))] == [3, 3]
    alone = Saying(member(4, 3), CHANNEL, is_doubted=True)
    tell(server, alone)
    assert len(server.first()) == 2

"""notify as a process, with a broker and a server that behaves as Slack: once, whatever dies."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from schemas import topics
from schemas.codec import Codec
from schemas.records import Alert
from streams.cli.notify import notify as command
from streams.config_topic import CATALOG, publish_document
from streams.kafka import create_topics, read_to_end
from streams.kafka.batch import publish_all
from streams.notify.reading import notices_of
from streams.settings import KafkaSettings
from tests import brokers, slack_server
from tests.builders.alerts import alert
from tests.slack_server import CHANNEL, OTHER, TOKEN, SlackServer
from tests.system import health
from tests.system.workers import Worker

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

CODEC = Codec()
WITHIN_S = 90.0  # on a busy machine; it takes a second or two
LOOK_S = 0.05
SINKS = "APPORTION_NOTIFY__SINKS__"
QUICK = {"every_s": "0.01", "first_retry_s": "0.05", "request_timeout_s": "2"}
ROUTES = f"""
notify:
  - {{name: log, sink: print, goes_on: true}}
  - {{name: lost, tenants: [lost], sink: ops, channel: C0NOTTHERE}}
  - {{name: critical, severities: [critical], sink: ops, channel: {OTHER}}}
  - {{name: rest, sink: ops, channel: {CHANNEL}}}
"""


@dataclass
class Stage:
    """A broker, a workspace of Slack, and workers of notify."""

    kafka: KafkaSettings
    slack: SlackServer
    folder: Path
    workers: list[Worker]

    def add(self, **settings: str) -> Worker:
        number = len(self.workers) + 1
        arguments = ["--kafka", self.kafka.bootstrap]
        for name, value in (QUICK | settings).items():
            arguments += ["--set", f"notify.{name}={value}"]
        environment = sinks(self.slack)
        worker = Worker("notify", number, tuple(arguments), self.folder, environment=environment)
        self.workers.append(worker)
        worker.start()
        return worker

    def send(self, *alerts: Alert) -> None:
        """Send alerts as watch does."""
        encoded = [(each["tenant"], CODEC.encode("Alert", each)) for each in alerts]
        publish_all(self.kafka, topics.ALERT_COST.name, encoded)

    def stages(self) -> dict[str, str]:
        """Return how far the telling of each alert to Slack is."""
        notices = notices_of(CODEC, read_to_end(self.kafka, topics.NOTIFY_SENT.name))
        return {each["alert_id"]: each["stage"] for each in notices if each["sink"] == "ops"}

    def run(self, *words: str) -> list[str]:
        """Run `apportion notify` and return its lines."""
        done = CliRunner().invoke(
            command, [*words, "--kafka", self.kafka.bootstrap], env=sinks(self.slack)
        )
        assert done.exit_code == 0, done.output
        return done.stdout.splitlines()


def sinks(slack: SlackServer) -> dict[str, str]:
    """Return settings under which the workspace is a sink."""
    return {
        f"{SINKS}OPS__KIND": "slack",
        f"{SINKS}OPS__SECRET": TOKEN,
        f"{SINKS}OPS__URL": f"{slack.url}/api/",
    }


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with brokers.running(tmp_path) as address, slack_server.running() as slack:
        kafka = KafkaSettings(bootstrap=address)
        create_topics(kafka)
        publish_document(kafka, CATALOG, ROUTES, "test")
        it = Stage(kafka, slack, tmp_path, [])
        try:
            yield it
        finally:
            for worker in it.workers:
                worker.stop()


def waited(look: Callable[[], object], expected: object) -> None:
    """Wait until a look shows what is expected."""
    deadline_s = time.monotonic() + WITHIN_S
    while (found := look()) != expected:
        assert time.monotonic() < deadline_s, f"{found}, expected {expected}"
        time.sleep(LOOK_S)


def printed(worker: Worker) -> int:
    """Return how many alerts a worker has printed."""
    return sum(line.startswith('{"sink"') for line in worker.log.read_text().splitlines())


def is_assigned(worker: Worker) -> bool:
    return worker.log.exists() and bool(worker.entries("partitions_assigned"))


def name(number: int) -> str:
    return f"cost_anomaly/{number}/acme"


def test_an_alert_s_life_is_a_thread_and_what_fails_holds_nothing_back(stage: Stage) -> None:
    """429, 500, a reset and nonsense on the way; a channel that is not there beside it."""
    slack = stage.slack
    stage.send(alert(7))
    time.sleep(0.1)
    worker = stage.add(max_age_s="0.05")  # so that one is too old to be told
    waited(lambda: is_assigned(worker), expected=True)
    slack.misbehave("chat.postMessage", slack_server.status(429, "1"), slack_server.status(500),
                    slack_server.reset(after=True), slack_server.text("<html>"))  # fmt: skip
    stage.send(alert(), alert(2, severity="critical"), alert(3, tenant="lost"))
    told = {name(1): "told", name(2): "told", name(3): "refused"}
    waited(stage.stages, told)
    stage.send(alert(revision=2))
    waited(lambda: [each.edits for each in slack.first()], [1])
    slack.misbehave("chat.update", slack_server.status(503), slack_server.refused("fatal_error"))
    stage.send(alert(revision=9))
    waited(lambda: [each.edits for each in slack.first()], [2])
    (first,) = slack.first()
    assert [each.revision for each in slack.replies(first)] == [2, 9]
    assert slack.said(OTHER) == [(name(2), 1)]
    waited(lambda: printed(worker), 5)
    waited(lambda: "channel_not_found" in health.of(worker).trouble, expected=True)
    put_right(stage, worker)


def put_right(stage: Stage, worker: Worker) -> None:
    """Tell again what was put aside, and see that nobody else is told again."""
    slack = stage.slack
    before = len(slack.messages)
    slack.channels.add("C0NOTTHERE")
    shown = [json.loads(line) for line in stage.run("resend", "--dry-run")]
    assert [(each["again"], each["notice"]["reason"]) for each in shown] == [
        (True, "channel_not_found")
    ]
    assert stage.stages()[name(3)] == "refused"
    stage.run("resend", "--sink", "ops")
    waited(stage.stages, {name(number): "told" for number in (1, 2, 3)})
    assert slack.said("C0NOTTHERE") == [(name(3), 1)]
    assert len(slack.messages) == before + 1
    waited(lambda: health.of(worker).status, health.OK)
    assert stage.run("resend") == []
    assert stage.run("test", "--route", "rest") == [f"told ops {CHANNEL}"]
    assert "test of the route rest" in slack_server.pretty(slack.messages[-1].content)
    preview = [json.loads(line) for line in stage.run("preview", "--until-end")]
    assert {(each["sink"], each["channel"]) for each in preview} == {
        ("print", None), ("ops", CHANNEL), ("ops", OTHER), ("ops", "C0NOTTHERE")
    }  # fmt: skip


def test_killed_between_slack_s_answer_and_the_receipt_it_says_nothing_twice(stage: Stage) -> None:
    entered, released = threading.Event(), threading.Event()
    slack = stage.slack
    slack.misbehave("chat.postMessage", slack_server.held(entered, released))
    worker = stage.add()
    stage.send(alert())
    assert entered.wait(WITHIN_S)
    assert stage.stages() == {name(1): "intended"}
    worker.kill()
    released.set()
    waited(stage.stages, {name(1): "told"})
    assert slack.said() == [(name(1), 1)]

    entered, released = threading.Event(), threading.Event()
    slack.misbehave("chat.postMessage", slack_server.held(entered, released))
    stage.send(alert(revision=2))
    assert entered.wait(WITHIN_S)
    worker.kill()
    released.set()
    waited(lambda: [each.edits for each in slack.first()], [1])
    assert slack.said() == [
        (name(1), 2),
        (name(1), 2),
    ]  # the first message as it is now, and a reply
    stage.send(alert(2, group="g"))
    waited(stage.stages, {name(1): "told", name(2): "told"})
    assert len(slack.messages) == 3

    entered, released = threading.Event(), threading.Event()
    slack.misbehave("chat.postMessage", slack_server.held(entered, released))
    stage.send(alert(3, group="g"))
    assert entered.wait(WITHIN_S)
    worker.kill()
    released.set()
    waited(stage.stages, {name(number): "told" for number in (1, 2, 3)})
    _, head = slack.first()
    assert [each.alert for each in slack.replies(head)] == [name(3)], "of one group: one thread"
    assert len(slack.messages) == 4


def test_killed_and_joined_again_and_again_it_tells_each_once_in_order(stage: Stage) -> None:
    first = stage.add()
    for number in range(1, 13):
        stage.send(alert(number, tenant=f"t{number}"), alert(number, 2, tenant=f"t{number}"))
        if number == 4:
            stage.add()
        if number in {6, 9}:
            time.sleep(0.3)
            first.kill()
    waited(stage.stages, {name(number): "told" for number in range(1, 13)})
    waited(lambda: {each.revision for each in stage.slack.first()}, {2})
    for message in stage.slack.first():
        assert len(stage.slack.replies(message)) <= 1
    said = [each.alert for each in stage.slack.first()]
    assert sorted(said) == sorted({*said}) == sorted(name(number) for number in range(1, 13))

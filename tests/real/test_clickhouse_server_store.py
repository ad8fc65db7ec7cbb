"""A store over a ClickHouse server: killed, paused, down at start, refused. Nothing lost, once."""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from confluent_kafka import Producer

from schemas import topics
from schemas.codec import Codec
from streams.kafka.connection import confluent
from tests.builders.cost_lines import line
from tests.servers import clickhouse_server
from tests.servers.clickhouse_server import WRITER, Server, apportion
from tests.system import database_faults, health, stack
from tests.system.database_faults import Seen
from tests.system.evidence import Control
from tests.system.play import SETTINGS, Run, Size, judge
from tests.system.stack import Stack
from tests.system.workers import Worker

SEED = int(os.environ.get("APPORTION_TEST_SEED", "1"))
SLOTS, EVENTS = 300, 60
WITHIN_S = 400.0
SOON_S = 60.0  # on a busy machine; it takes two seconds
STOPPED_S = 15.0  # what a supervisor gives a store, as docker-compose.yml does
LOOK_S = 0.1

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(WITHIN_S + 120)]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with clickhouse_server.server(tmp_path / "server") as found:
        yield found


class OnServer(Run):
    """A run that is audited and repaired over HTTP at its end, before its workers are stopped."""

    def __init__(self, folder: Path, server: Server) -> None:
        self.seen = Seen()
        self.server = server
        plan = partial(database_faults.kills_and_a_pause, server=server, seen=self.seen)
        system = stack.running(folder, SETTINGS, server=server.dsn)
        super().__init__(SEED, Size(SLOTS, EVENTS, WITHIN_S), system, plan)

    def wrong_ends(self, before: list[Control]) -> Iterator[str]:
        """Yield what is wrong with commits, audit and SQL, then with how workers end."""
        yield from database_faults.committed_too_early(self.stack, self.seen)
        self.mark("nothing was committed before it was inserted")
        repaired = apportion(self.server, "repair", "--kafka", self.stack.kafka.bootstrap)
        if repaired.returncode:
            yield f"repair: {repaired.stderr}"
        self.until("clean", lambda: self.audit()["clean"] is True)
        asked = "SELECT sum(lines) = (SELECT count() FROM cost_current) FROM daily"
        self.until("rolled up", lambda: self.sql(asked) == "1\n")
        yield from super().wrong_ends(before)

    def audit(self) -> dict[str, object]:
        """Audit over HTTP."""
        found: dict[str, object] = json.loads(apportion(self.server, "audit", "--json").stdout)
        return found

    def sql(self, statement: str) -> str:
        """Ask over HTTP."""
        done = apportion(self.server, "sql", statement, "--format", "TSV")
        assert done.returncode == 0, done.stderr
        return done.stdout


def test_a_server_killed_again_and_again_ends_exact_and_nothing_is_committed_too_early(
    tmp_path: Path, server: Server
) -> None:
    run = OnServer(tmp_path, server)
    judge(run)
    assert run.ends == [], "a store ended instead of waiting for the server"
    assert run.seen.kills == 4
    assert run.seen.in_the_middle >= 1
    assert len(run.seen.offsets) == run.seen.kills


def until(is_so: Callable[[], bool], worker: Worker) -> None:
    """Wait until something holds; fail with the worker's log when it does not in time."""
    deadline_s = time.monotonic() + SOON_S
    while not is_so():
        assert time.monotonic() < deadline_s, worker.log.read_text()
        time.sleep(LOOK_S)


def send(running: Stack, value: bytes) -> None:
    """Put a cost line where stores read it."""
    producer = Producer({**confluent(running.kafka), "acks": "all"})
    producer.produce(topics.COST_LINE.name, value=value, partition=0)
    assert producer.flush(SOON_S) == 0


def ended(worker: Worker, within_s: float) -> int:
    """Wait for a worker to end by itself; return its exit code."""
    assert worker.process is not None
    return worker.process.wait(within_s)


def last_words(worker: Worker) -> str:
    """Return why a worker stopped: one entry of its log."""
    [entry] = worker.entries("processor_stopped")
    return str(entry["error"])


def test_a_store_waits_for_a_server_that_is_down_at_start_and_says_so(
    tmp_path: Path, server: Server
) -> None:
    server.kill()
    with stack.running(tmp_path, SETTINGS, ("store",), server=server.dsn) as running:
        [store] = running.workers
        until(lambda: "connection refused" in health.of(store).trouble, store)
        assert health.of(store).status == health.UNAVAILABLE
        server.start()
        until(lambda: health.of(store).status == health.OK, store)
        assert store.entries("migrated")
        assert running.rows("SELECT count() AS n FROM configs FINAL") == [{"n": 2}]
        assert store.ends == []


def test_a_wrong_password_ends_a_store_with_one_line_and_exit_code_1(
    tmp_path: Path, server: Server
) -> None:
    wrong = f"http://{WRITER}:not-this-one@127.0.0.1:{server.port}"
    with stack.running(tmp_path, SETTINGS, ("store",), server=wrong) as running:
        [store] = running.workers
        assert ended(store, SOON_S) == 1
        assert "APPORTION_CLICKHOUSE__PASSWORD" in last_words(store)
        assert "not-this-one" not in store.log.read_text()
        assert "Traceback" not in store.log.read_text()


def test_a_store_told_to_stop_while_its_server_is_down_gives_up_in_time_and_says_so(
    tmp_path: Path, server: Server
) -> None:
    with stack.running(tmp_path, SETTINGS, ("store",), server=server.dsn) as running:
        [store] = running.workers
        until(lambda: health.of(store).status == health.OK, store)
        server.kill()
        send(running, Codec().encode("CostLine", line(1, "1.25")))
        until(lambda: "connection refused" in health.of(store).trouble, store)
        store.send(signal.SIGTERM)
        assert ended(store, STOPPED_S) == 1
        assert "connection refused" in last_words(store)
        assert "Traceback" not in store.log.read_text()
        server.start()
        store.start()  # what was read and not inserted is read again
        until(lambda: health.of(store).status == health.OK, store)
        asked = "SELECT toString(cost) AS cost FROM cost_current"
        until(lambda: running.rows(asked) == [{"cost": "1.25"}], store)


def test_a_store_told_to_stop_before_it_could_open_ends_in_order(
    tmp_path: Path, server: Server
) -> None:
    server.kill()
    with stack.running(tmp_path, SETTINGS, ("store",), server=server.dsn) as running:
        [store] = running.workers
        until(lambda: "connection refused" in health.of(store).trouble, store)
        store.send(signal.SIGTERM)
        assert ended(store, STOPPED_S) == 0
        assert "Traceback" not in store.log.read_text()

"""Commands and queries against a ClickHouse server: users, passwords, read-only, down, cut off."""

import subprocess
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import pytest

from clickhouse.client import connect
from clickhouse.errors import Misconfigured, Unavailable
from clickhouse.session import Session
from tests.servers import clickhouse_server
from tests.servers.clickhouse_server import ANALYST, Server, apportion

pytestmark = pytest.mark.integration

WITHIN_S = 60.0
VERBS = {
    "migrate": ["migrate"],
    "sql": ["sql", "SELECT 1"],
    "audit": ["audit"],
    "repair": ["repair", "--dry-run"],
}
MANY = "SELECT number, repeat('x', 1000) AS x FROM numbers(10_000_000)"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with clickhouse_server.server(tmp_path_factory.mktemp("server")) as found:
        yield found


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[Server]:
    """A server of one test's own."""
    with clickhouse_server.server(tmp_path / "server") as found:
        yield found


def refusal(done: subprocess.CompletedProcess[str]) -> str:
    """Return the one line a command failed with."""
    assert done.returncode == 1
    assert not done.stdout
    [said] = done.stderr.splitlines()
    return said


@pytest.mark.parametrize("verb", VERBS)
def test_every_command_works_with_a_password_that_no_address_can_hold_as_it_is(
    server: Server, verb: str
) -> None:
    assert apportion(server, "migrate").returncode == 0
    done = apportion(server, *VERBS[verb])
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("verb", VERBS)
def test_a_wrong_password_is_one_line_that_says_what_to_set(server: Server, verb: str) -> None:
    said = refusal(apportion(server, *VERBS[verb], password="not-this-one"))  # noqa: S106 - a test's
    assert f"127.0.0.1:{server.port}" in said
    assert "APPORTION_CLICKHOUSE__PASSWORD" in said
    assert "not-this-one" not in said


@pytest.mark.parametrize("verb", VERBS)
def test_a_server_that_is_down_is_one_line_that_says_where(mortal: Server, verb: str) -> None:
    mortal.kill()
    assert refusal(apportion(mortal, *VERBS[verb])) == (
        f"apportion: expected ClickHouse at 127.0.0.1:{mortal.port} to answer, got: connection "
        "refused; check that it runs, and the address"
    )


def test_a_server_without_our_tables_is_told_to_be_migrated(mortal: Server) -> None:
    assert "apportion migrate" in refusal(apportion(mortal, *VERBS["audit"]))


@pytest.mark.parametrize("verb", ["sql", "audit"])
def test_a_user_who_may_only_read_can_ask_and_audit(server: Server, verb: str) -> None:
    assert apportion(server, "migrate").returncode == 0
    done = apportion(server, *VERBS[verb], user=ANALYST)
    assert (done.returncode, done.stderr) == (0, "")
    assert "READONLY" in refusal(apportion(server, "migrate", user=ANALYST))


def test_nothing_can_be_changed_by_sql_even_as_the_user_who_writes(server: Server) -> None:
    assert apportion(server, "migrate").returncode == 0
    assert "READONLY" in refusal(apportion(server, "sql", "DROP TABLE cost_lines"))


def test_settings_of_a_site_s_profile_do_not_change_ours(server: Server) -> None:
    names = ("join_use_nulls", "async_insert", "session_timezone", "read_overflow_mode")
    asked = "SELECT name, value FROM system.settings WHERE name IN {names:Array(String)}"
    with connect(server.dsn, "default") as connection:
        rows = connection.reader.rows(asked, {"names": list(names)})
    assert {row["name"]: row["value"] for row in rows} == {
        "join_use_nulls": "0",
        "async_insert": "0",
        "session_timezone": "UTC",
        "read_overflow_mode": "throw",
    }


def test_a_refused_user_is_a_misconfiguration(server: Server) -> None:
    with pytest.raises(Misconfigured) as caught:
        _ = connect(f"http://nobody:x@127.0.0.1:{server.port}", "default").reader
    assert caught.value.code == 516  # AUTHENTICATION_FAILED


def read_while_it_dies(session: Session, server: Server) -> None:
    """Kill a server once the first row of a long answer is there, and read on."""
    with session.stream(MANY) as rows:
        next(rows)
        server.kill()
        deque(rows, maxlen=0)


def test_a_server_that_dies_within_an_answer_is_unavailable(mortal: Server) -> None:
    with connect(mortal.dsn, "default") as connection:
        session = connection.session({"max_block_size": 1000})
        with pytest.raises(Unavailable):
            read_while_it_dies(session, mortal)


def test_a_handle_works_again_once_its_server_does(mortal: Server) -> None:
    with connect(mortal.dsn, "default") as connection:
        assert connection.reader.value("SELECT 1") == 1
        mortal.kill()
        with pytest.raises(Unavailable):
            connection.reader.value("SELECT 1")
        mortal.start()
        assert connection.reader.value("SELECT 1") == 1

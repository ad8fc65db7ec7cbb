"""SQL on a unix socket: for its user only, read-only, gone with its store."""

import asyncio
import socket
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread, Timer
from typing import TypeVar

import pytest

from clickhouse.client import Connection
from clickhouse.directory import lock_directory
from clickhouse.errors import BadQuery
from streams import sql_socket
from streams.errors import SqlRefused, StoreLost, StoreUnavailable
from streams.replay.report import audit_json
from streams.settings import load
from streams.sql import query, read_only
from streams.up.remembered import wait_until_free

pytestmark = pytest.mark.integration

Answer = TypeVar("Answer")


class Echo:
    """Answers with what it was asked."""

    def text(self, sql: str, form: str) -> str:
        if sql == "wrong":
            raise BadQuery("Code: 62. Syntax error", 62)
        return f"{form}: {sql}"


def served(
    path: Path, ask: Callable[[], Answer], reader: sql_socket.Reader | None = None
) -> Answer:
    async def during() -> Answer:
        async with sql_socket.serve(
            path, reader or Echo(), {"of": lambda asked: f"of {asked['what']}"}
        ):
            return await asyncio.to_thread(ask)

    return asyncio.run(during())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "sql.sock"


def test_only_its_user_may_open_the_socket(path: Path) -> None:
    mode = served(path, lambda: path.stat().st_mode)
    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o600


def test_a_statement_is_answered_in_its_format(path: Path) -> None:
    answer = served(path, lambda: sql_socket.ask(path, "SELECT 'ä'", "CSV"))
    assert answer == "CSV: SELECT 'ä'"


def test_what_the_engine_refuses_is_said(path: Path) -> None:
    with pytest.raises(SqlRefused, match="Syntax error"):
        served(path, lambda: sql_socket.ask(path, "wrong", "CSV"))


def test_a_report_is_made_by_the_store(path: Path) -> None:
    assert served(path, lambda: sql_socket.report(path, "of", {"what": "ä"})) == "of ä"
    with pytest.raises(SqlRefused, match="expected one of"):
        served(path, lambda: sql_socket.report(path, "nonsense", {}))


def test_a_store_that_is_busy_is_not_taken_for_a_dead_one(path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as busy:
        busy.bind(str(path))
        busy.listen()
        with pytest.raises(SqlRefused, match="ask later"):
            sql_socket.report(path, "of", {}, within_s=0.01)


def test_a_store_that_ends_while_it_answers_has_left_no_data_at_rest(path: Path) -> None:
    """Whoever opened the data then would keep it from the next store, and end its stack."""
    (path.parent / "clickhouse").mkdir()
    url = f"chdb://{path.parent / 'clickhouse'}"
    settings = load({"clickhouse": {"url": url}, "store": {"sql_socket": str(path)}})
    asks: list[Callable[[], str]] = [
        lambda: query(settings, "SELECT 1"),
        lambda: audit_json(settings),
    ]
    for ask in asks:
        with killed_while_asked(path), pytest.raises(StoreLost, match="ask again"):
            ask()
    assert list((path.parent / "clickhouse").iterdir()) == []


@contextmanager
def killed_while_asked(path: Path) -> Iterator[None]:
    """Listen as a store does, and hang up on the first that asks."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as store:
        path.unlink(missing_ok=True)
        store.bind(str(path))
        store.listen()

        def hang_up() -> None:
            client, _ = store.accept()
            client.recv(1)
            client.close()

        thread = Thread(target=hang_up)
        thread.start()
        yield
        thread.join()


def test_data_that_another_command_has_open_is_waited_for(tmp_path: Path) -> None:
    data = tmp_path / "clickhouse"
    lock = lock_directory(data)
    with pytest.raises(StoreUnavailable, match=str(data)):
        wait_until_free(data, within_s=0.0)
    release = Timer(0.1, lock.release)
    release.start()
    wait_until_free(data)
    lock_directory(data).release()


def test_the_socket_is_gone_with_its_store(path: Path) -> None:
    served(path, lambda: None)
    assert list(path.parent.iterdir()) == []
    with pytest.raises(StoreUnavailable):
        sql_socket.ask(path, "SELECT 1", "CSV")


def test_a_socket_left_by_a_dead_store_is_replaced(path: Path) -> None:
    path.touch()
    assert served(path, lambda: sql_socket.ask(path, "SELECT 1", "CSV")) == "CSV: SELECT 1"


def test_a_path_no_socket_can_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="at most"):
        served(tmp_path / ("x" * 120), lambda: None)


def test_the_reader_of_an_engine_cannot_write(path: Path, database: Connection) -> None:
    reader = read_only(database)

    def ask(sql: str) -> str:
        return sql_socket.ask(path, sql, "TabSeparated")

    assert served(path, lambda: ask("SELECT count() FROM cost_lines"), reader) == "0\n"
    for statement in (
        "CREATE TABLE mine (a UInt8) ENGINE = Memory",
        "INSERT INTO cost_lines (line_id) VALUES ('x')",
        "DROP TABLE cost_lines",
    ):
        with pytest.raises(SqlRefused):
            served(path, lambda sql=statement: ask(sql), reader)  # type: ignore[misc] # bound now
    assert served(path, lambda: ask("SELECT 2"), reader) == "2\n"


def test_a_query_goes_to_the_socket_while_a_store_listens(path: Path) -> None:
    (path.parent / "clickhouse").mkdir()
    url = f"chdb://{path.parent / 'clickhouse'}"
    settings = load({"clickhouse": {"url": url}, "store": {"sql_socket": str(path)}})
    assert served(path, lambda: query(settings, " SELECT 1 ;\n", "CSV")) == "CSV: SELECT 1"


def test_without_data_there_is_nothing_to_ask(tmp_path: Path) -> None:
    settings = load({"clickhouse": {"url": f"chdb://{tmp_path / 'nothing'}"}})
    with pytest.raises(StoreUnavailable, match="start `apportion up`"):
        query(settings, "SELECT 1")

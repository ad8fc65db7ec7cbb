"""A ClickHouse engine for the tests of one file, and a database of its own for each test.

The embedded engine or a server (see `tests.engines`): the same tests. And a broker with our topics,
for the tests of commands.
"""

from collections.abc import Generator, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from clickhouse.client import Connection, connect
from streams.kafka import create_topics
from streams.settings import KafkaSettings
from tests import brokers, databases, engines

FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    return report


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    """A running engine. Per file, as one process may have one embedded engine at a time."""
    with (
        engines.running(tmp_path_factory.mktemp("clickhouse")) as url,
        connect(url, "default") as connection,
    ):
        yield connection


@pytest.fixture
def empty_database(request: pytest.FixtureRequest, engine: Connection) -> Iterator[Connection]:
    """A connection to a database that does not exist yet. It is kept when the test fails."""
    with engine.on(f"test_{uuid4().hex}") as connection:
        yield connection
    if not request.node.stash.get(FAILED, False):
        # Opening a handle takes longer the more tables there are.
        engine.writer.command(f"DROP DATABASE IF EXISTS {connection.database} SYNC")


@pytest.fixture(scope="module")
def spare(engine: Connection) -> databases.Spare:
    """Databases that tests of this file are done with, empty again."""
    return databases.Spare(engine)


@pytest.fixture
def database(request: pytest.FixtureRequest, spare: databases.Spare) -> Iterator[Connection]:
    """A connection to a database with all tables and no rows. It is kept when the test fails."""
    with spare.taken() as connection:
        yield connection
    if not request.node.stash.get(FAILED, False):
        spare.give_back(connection.database)


@pytest.fixture
def kafka(tmp_path: Path) -> Iterator[KafkaSettings]:
    """A broker of this test's own, with all topics: what is in force is one for a whole broker."""
    with brokers.running(tmp_path) as found:
        settings = KafkaSettings(bootstrap=found)
        create_topics(settings)
        yield settings

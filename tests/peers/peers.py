"""Real programs as children: started with the hook's wheel, waited for, and what they told."""

import json
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from schemas.codec import Codec
from schemas.records import InferenceUsage
from schemas.topics import USAGE_INFERENCE
from tests.daemon import Daemon
from tests.embedded_broker import free_port
from tests.outbox_parts import wait_until
from tests.peers.environment import ROOT, program
from tests.peers.upstream import Served
from tests.topics import read_all

READY_S = 180.0  # LiteLLM's proxy takes 20 to 40 s to import on a busy machine
SOURCES = {".py", ".pyc"}  # what a test wrote for a program to run, canaries and all
OFFLINE = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_TELEMETRY": "False", "NO_PROXY": "*"}


@dataclass(slots=True, kw_only=True)
class Program(Daemon):
    """A program of the peers' environment."""

    name: str
    folder: Path

    @property
    def log(self) -> Path:
        """What it says."""
        return self.folder / f"{self.name}.log"


@dataclass(frozen=True, slots=True)
class Place:
    """Where one test's programs run, and what the hook in them is told."""

    folder: Path
    installed: Path  # the hook, for PYTHONPATH
    broker: str
    source: str

    @property
    def ledger(self) -> Path:
        """What the upstream counted."""
        return self.folder / "ledger.jsonl"

    def environment(self) -> dict[str, str]:
        """Return what every program of this place is told."""
        return {
            **OFFLINE,
            "PYTHONPATH": f"{self.installed}:{self.folder}:{ROOT}",
            "PYTHONUNBUFFERED": "1",
            "UPSTREAM_LEDGER": str(self.ledger),
            "APPORTION_HOOK_SOURCE": self.source,
            "APPORTION_HOOK_DIRECTORY": str(self.folder / "outboxes"),
            "APPORTION_HOOK_KAFKA": self.broker,
        }

    @contextmanager
    def running(
        self, name: str, *arguments: str, ready: str, more: Mapping[str, str] | None = None
    ) -> Iterator[Program]:
        """Run a program until the block ends, from when an address answers."""
        child = Program(name=name, folder=self.folder)
        executable, *rest = arguments
        child.launch(
            [program(executable), *rest], self.folder, {**self.environment(), **(more or {})}
        )
        try:
            wait_until(lambda: answers(ready) or not child.is_running, READY_S)
            assert child.is_running, child.log.read_text()
            yield child
        finally:
            child.stop()

    def served(self) -> list[Served]:
        """Return what the upstream counted, in order."""
        if not self.ledger.exists():
            return []
        lines = self.ledger.read_text(encoding="utf-8").splitlines()
        return [Served(**json.loads(line)) for line in lines]

    def told(self) -> list[InferenceUsage]:
        """Return every event that reached Kafka from here, each batch once."""
        batches: dict[tuple[str, int, int], list[InferenceUsage]] = {}
        for payload in self.payloads():
            _, batch = Codec().decode(payload)
            assert batch["losses"] == []
            batches[batch["source"], batch["epoch"], batch["seq"]] = batch["events"]
        return [event for key in sorted(batches) for event in batches[key]]

    def payloads(self) -> list[bytes]:
        """Return the bytes that reached Kafka from here."""
        mark = self.source.encode()
        read = read_all(self.broker, USAGE_INFERENCE.name)
        return [payload for _, payload in read if mark in payload]

    def leaks(self, *canaries: bytes) -> Counter[str]:
        """Count canaries in all that left a program: outbox files, Kafka's bytes, logs."""
        files = [path for path in self.folder.rglob("*") if path.is_file() and path != self.ledger]
        written = {str(path): path.read_bytes() for path in files if path.suffix not in SOURCES}
        written["kafka"] = b"".join(self.payloads())
        return Counter({
            where: found
            for where, data in written.items()
            if (found := sum(data.count(canary) for canary in canaries))
        })  # fmt: skip


def answers(url: str) -> bool:
    """Tell whether an address answers at all."""
    try:
        with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - a server of ours
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def address() -> tuple[str, str]:
    """Return a free port and its URL."""
    port = free_port()
    return str(port), f"http://127.0.0.1:{port}"


@contextmanager
def serving(place: Place, application: str) -> Iterator[str]:
    """Run an ASGI application under uvicorn; yield its URL."""
    port, url = address()
    arguments = ("uvicorn", application, "--port", port, "--lifespan", "off")
    with place.running(application.replace(":", "-"), *arguments, ready=url):
        yield url


def sums(events: list[InferenceUsage]) -> Counter[str]:
    """Add up the tokens of events."""
    totals: Counter[str] = Counter()
    for event in events:
        totals["input"] += event["input_tokens"] or 0
        totals["cached"] += event["cache_read_tokens"] or 0
        totals["output"] += event["output_tokens"] or 0
        totals["reasoning"] += event["reasoning_tokens"] or 0
    return totals


def counted(served: list[Served]) -> Counter[str]:
    """Add up what the upstream counted and told."""
    totals: Counter[str] = Counter()
    for each in served:
        totals["input"] += each.input_tokens
        totals["cached"] += 0 if each.path.endswith("/embeddings") else each.cached_tokens
        totals["output"] += each.output_tokens
        totals["reasoning"] += each.reasoning_tokens
    return totals

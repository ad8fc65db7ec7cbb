"""Pieces for the tests of the collector: its app over a broker in memory, and a client of ASGI."""

import asyncio
import gzip
import json
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

from prometheus_client import CollectorRegistry
from starlette.applications import Starlette

from agents.gateway import faces
from agents.gateway.commit import Committer
from agents.gateway.desk import Desk, Tools
from agents.gateway.grants import Grants, grants_in
from agents.gateway.settings import LimitSettings
from agents.gateway.sources import HASH, Entry, Sources
from agents.metrics import Metrics
from agents.outbox import Limits, Memory, Outbox, OutboxConfig
from agents.outbox.clock import Clock
from tests.outbox_parts import RECORD, FakeChannel, decode

T = TypeVar("T")
TOKEN = "apc_" + "t" * 40
OTHER = "apc_" + "o" * 40
NOW_US = 1_796_083_200_000_000  # 2026-12-01T00:00:00Z
OWN = {
    "request_id": "r-1",
    "at": "2026-11-21T09:00:07Z",
    "tenant": "acme",
    "provider": "openai",
    "model": "gpt-4o",
    "input_tokens": 1000,
    "output_tokens": 300,
}
CATALOG = "sources: [{sources: [app, other], tenants: [acme]}, {sources: [app], tenants: ['eu-*']}]"


def hash_of(token: str) -> str:
    """Return what the file of sources holds of a token."""
    return HASH + sha256(token.encode()).hexdigest()


@dataclass
class Answer:
    """What came back."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def json(self) -> Any:  # noqa: ANN401 - whatever it says
        return json.loads(self.body)


@dataclass
class Rig:
    """A collector without its sockets and its process."""

    app: Starlette
    desk: Desk
    outbox: Outbox
    channel: FakeChannel
    runner: asyncio.Runner
    registry: CollectorRegistry
    clock_s: list[float]

    def run(self, work: Callable[[], Coroutine[None, None, T]]) -> T:
        """Run something while commits are made."""
        return self.runner.run(work())

    def post(self, path: str, body: object, **headers: str) -> Answer:
        """Post one request and return its answer."""
        return self.run(lambda: post(self.app, path, body, **headers))

    def events(self) -> list[Any]:
        """Close, and return every event that reached Kafka."""
        self.outbox.close()
        return [event for sent in self.channel.log for event in decode(sent.payload)["events"]]

    def metric(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(f"apportion_collector_{name}", labels) or 0.0


@contextmanager
def rig(  # noqa: PLR0913 - what a test wants otherwise
    folder: Path,
    *,
    entries: Sequence[Mapping[str, object]] = (),
    catalog: str | None = CATALOG,
    limits: LimitSettings | None = None,
    outbox_limits: Limits | None = None,
    channel: FakeChannel | None = None,
    name: str = "collector-1",
) -> Iterator[Rig]:
    """Yield a collector with the sources `app` and `other`, or those given."""
    made = entries or (
        {"name": "app", "tokens": [hash_of(TOKEN)], "unsampled": True, "tenant_from": "tenant.id"},
        {"name": "other", "tokens": [hash_of(OTHER)], "dialects": ["usage"]},
    )
    sources = Sources([Entry.model_validate(each) for each in made])
    grants: Grants | None = None if catalog is None else grants_in(catalog, "a test", "1")
    channel = channel or FakeChannel()
    config = OutboxConfig(
        path=folder / "outbox.db",
        source=name,
        topic="usage.inference.v1",
        record=RECORD,
        kafka={},
        limits=outbox_limits or Limits(),
        memory=Memory(max_events=5_000),
    )
    outbox = Outbox(config, channel=channel)
    committer = Committer(outbox, gather_s=0.0, commit_s=10.0)
    registry = CollectorRegistry()
    clock_s = [0.0]
    desk = Desk(
        Tools(
            outbox=outbox,
            committer=committer,
            sources=lambda: sources,
            grants=lambda: grants,
            limits=limits or LimitSettings(),
            metrics=Metrics(registry),
            clock=Clock(lambda: NOW_US, lambda: clock_s[0]),
        )
    )
    app = faces.doors(desk, lambda: True)
    with asyncio.Runner() as runner:
        working = runner.get_loop().create_task(committer.work(lambda _: None))
        try:
            yield Rig(app, desk, outbox, channel, runner, registry, clock_s)
        finally:
            working.cancel()
            committer.close()
            outbox.close(10.0 if channel.is_up else 0.0)


async def post(app: Starlette, path: str, body: object, **headers: str) -> Answer:
    """Post to an app. A list of bytes is sent piece by piece; what is no bytes goes as JSON."""
    pieces = (
        body if isinstance(body, list) and body and isinstance(body[0], bytes) else [encoded(body)]
    )
    return await ask(app, path, pieces, headers)


async def ask(
    app: Starlette, path: str, pieces: list[bytes], headers: Mapping[str, str], method: str = "POST"
) -> Answer:
    """Send a request to an app. After its pieces a client that has not ended says nothing more."""
    said = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
    said |= {name.replace("_", "-"): value for name, value in headers.items()}
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in said.items() if value],
        "http_version": "1.1",
        "root_path": "",
        "scheme": "http",
    }
    left = list(pieces)
    answer = Answer()

    async def receive() -> dict[str, object]:
        piece = left.pop(0) if left else None
        if piece is None or piece == STALL:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": piece, "more_body": bool(left)}

    async def send(message: Mapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = {k.decode(): v.decode() for k, v in message["headers"]}
        else:
            answer.body += message.get("body", b"")

    await app(scope, receive, send)
    return answer


STALL = b"<a client that says nothing more>"


def encoded(body: object) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def zipped(body: object) -> bytes:
    """Return a body as gzip."""
    return gzip.compress(encoded(body), mtime=0)  # the same each time: it is in names of tests

"""Keeps tests without a marker away from services: what they try is refused and remembered.

A test marked neither `integration` nor `e2e` may listen on loopback and talk to itself, and may run
short commands. Connecting elsewhere, starting a server, a Kafka client or the ClickHouse engine is
refused, and the test fails even when its code swallows the refusal. It is no security boundary: C
code is only stopped at the constructors named here.
"""

import socket
import sys
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import PurePath
from typing import Any

import confluent_kafka
from confluent_kafka.admin import AdminClient

SERVERS = ("tansu", "clickhouse", "docker", "java", "kafka", "redpanda")
SERVING_VERBS = frozenset({"up", "run", "demo", "collector", "gpu-agent"})
HARMLESS = frozenset({"--help", "--check"})


class ServiceBlocked(RuntimeError):
    """A test without a marker reached for a service."""


class Guard:
    """Refuses services while `closed`, and lists what it refused."""

    def __init__(self) -> None:
        self.closed = False
        self.refused: list[str] = []
        self._listening: weakref.WeakSet[socket.socket] = weakref.WeakSet()

    @contextmanager
    def shut(self) -> Iterator[None]:
        """Refuse services inside the block."""
        self.closed = True
        try:
            yield
        finally:
            self.closed = False

    def audit(self, event: str, args: tuple[Any, ...]) -> None:
        """Look at what the interpreter is about to do (see `sys.addaudithook`)."""
        if event == "socket.bind":
            self._listening.add(args[0])
        if not self.closed:
            return
        if event == "socket.connect" and not self._is_own(args[1]):
            self.refuse(f"connect to {args[1]!r}")
        if event == "subprocess.Popen" and starts_server(args[1]):
            self.refuse(f"start {args[1]!r}")
        if event == "import" and args[0] == "chdb":
            self.refuse("load the ClickHouse engine")

    def refuse(self, what: str) -> None:
        """Remember an attempt and raise."""
        self.refused.append(what)
        raise ServiceBlocked(f"mark the test `integration` or `e2e` to {what}")

    def _is_own(self, address: object) -> bool:
        """Tell whether this process itself listens at an address."""
        return any(
            s.fileno() >= 0 and _port(s.getsockname()) == _port(address) for s in self._listening
        )


def _port(address: object) -> object:
    return address[1] if isinstance(address, tuple) else address


def starts_server(command: object) -> bool:
    """Tell whether a command line starts something that serves.

    >>> starts_server(["/usr/bin/tansu", "broker"]), starts_server(["apportion", "up", "--help"])
    (True, False)
    """
    words = [str(w) for w in (command if isinstance(command, list | tuple) else [command])]
    names = [PurePath(w).name for w in words]
    if names[0].startswith(SERVERS):
        return True
    ours = "apportion" in names or ("-m" in words and "streams" in words)
    return ours and not SERVING_VERBS.isdisjoint(words) and HARMLESS.isdisjoint(words)


def _is_mock(config: Mapping[str, object]) -> bool:
    return "test.mock.num.brokers" in config or "bootstrap.servers" not in config


def _guarded(init: Callable[..., None], guard: Guard) -> Callable[..., None]:
    def guarded(self: object, *args: object, **kwargs: object) -> None:
        config = {**(args[0] if args and isinstance(args[0], Mapping) else {}), **kwargs}
        if guard.closed and not _is_mock(config):
            guard.refuse(f"make a Kafka client of {config.get('bootstrap.servers')!r}")
        init(self, *args, **kwargs)

    return guarded


def guard_kafka_clients(guard: Guard) -> None:
    """Put the guard before the constructors of confluent-kafka, whose sockets Python cannot see.

    Must run before other modules take the classes by name.
    """
    for name in ("Producer", "Consumer"):
        kind = getattr(confluent_kafka, name)
        guarded = type(name, (kind,), {"__init__": _guarded(kind.__init__, guard)})
        setattr(confluent_kafka, name, guarded)
    admin: type = AdminClient  # names itself in its super(), so it is changed in place
    init = _guarded(vars(admin)["__init__"], guard)
    setattr(admin, "__init__", init)  # noqa: B010 - mypy forbids the assignment


@contextmanager
def engine_refused(guard: Guard) -> Iterator[None]:
    """Refuse connections to a ClickHouse engine that an earlier test has loaded."""
    engine = sys.modules.get("chdb.state.sqlitelike")
    if engine is None:
        yield
        return
    original = engine.Connection.__init__

    def refuse(_self: object, *_args: object) -> None:
        guard.refuse("open the ClickHouse engine")

    engine.Connection.__init__ = refuse
    try:
        yield
    finally:
        engine.Connection.__init__ = original

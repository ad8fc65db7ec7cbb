"""Objects of one kind as the API server has them: listed once, then followed by a watch.

While the server is away what is known stays, and `fault` says why. Nothing is ever forgotten
because of an error: only a new list, or the server's word that an object is gone, takes it away.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Generic, TypeVar

from agents.errors import ApiServerSilent
from agents.gpu.api_server import ApiServer, Collection, Object

T = TypeVar("T")

PAGE: Final = 50  # objects: a page of pods is about 1 MB
GONE: Final = 410  # the version is too old to be followed
MAX_PAUSE_S: Final = 30.0
DOUBLINGS: Final = 5  # of the pause, from failure to failure


class Reflection(Generic[T]):
    """A copy of one collection. `objects` is replaced, never changed: any thread may read it."""

    def __init__(
        self,
        server: ApiServer,
        of: Collection,
        entry: Callable[[Object], tuple[str, T]],
        pause_s: float = 1.0,
    ) -> None:
        self.objects: dict[str, T] | None = None  # by what `entry` says first; None: never listed
        self.fault: str | None = "not asked yet"
        self.was_asked = threading.Event()  # with whatever answer
        self._server = server
        self.of = of
        self._read = entry
        self._pause_s = pause_s
        self._version: str | None = None

    def follow(self, stop: threading.Event) -> None:
        """Keep the copy true until told to stop. For a thread of its own."""
        failures = 0
        while not stop.is_set():
            try:
                if self._version is None:
                    self._list()
                self._watch()
                failures = 0
            except ApiServerSilent as error:
                failures += 1
                if error.status == GONE:
                    self._version = None
                else:
                    self.fault = str(error)
            self.was_asked.set()
            stop.wait(min(self._pause_s * 2 ** min(failures, DOUBLINGS), MAX_PAUSE_S))

    def _list(self) -> None:
        found: dict[str, T] = {}
        token = version = ""
        while True:
            page = self._server.page(self.of, PAGE, token)
            with understood(self.of):
                found |= dict(map(self._read, page.get("items") or ()))
                meta = page["metadata"]
                version, token = meta["resourceVersion"], meta.get("continue")
            if not token:
                break
        self.objects, self._version, self.fault = found, version, None
        self.was_asked.set()

    def _watch(self) -> None:
        for event in self._server.watch(self.of, self._version or ""):
            self.fault = None
            if event:
                self._take(event)

    def _take(self, event: Object) -> None:
        self._version = None  # after an error, and what is misread may matter: list again
        with understood(self.of):
            of, what = event["object"], event["type"]
            if what == "ERROR":
                raise ApiServerSilent(f"{self.of.path}: {of.get('message')}", of.get("code"))
            if what != "BOOKMARK":
                key, kept = self._read(of)
                others = {name: each for name, each in (self.objects or {}).items() if name != key}
                self.objects = others if what == "DELETED" else {**others, key: kept}
            self._version = of["metadata"]["resourceVersion"]


@contextmanager
def understood(of: Collection) -> Iterator[None]:
    """Raise ApiServerSilent for what has not the form of an object."""
    try:
        yield
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ApiServerSilent(f"{of.path}: expected an object, got {error!r}") from error

"""Asks now and then what came of sources, beside whatever else is done."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Generic, Protocol, TypeVar

from schemas.records import Alert
from streams.core.catalog import Catalog
from streams.core.reserved import PLATFORM
from streams.core.silence import Name
from streams.processors.inquiry import Inquiry
from streams.processors.leader import ended

T = TypeVar("T")
T_contra = TypeVar("T_contra", contravariant=True)


class Judge(Protocol[T_contra]):
    """What is new of some sources, by what was said: a function of `core`."""

    def __call__(  # noqa: D102 - see the class
        self,
        found: Sequence[T_contra],
        now_us: int,
        said: dict[Name, Alert],
        /,
        *,
        currency: str,
        muted: bool,
    ) -> list[Alert]: ...


class Listening(Generic[T]):
    """Keeps what ClickHouse answered last. `begin` it, and `stop` it.

    It says nothing until it was told that what it said last was said: `due`, then `told`.
    """

    def __init__(
        self,
        kind: str,
        ask: Callable[[], tuple[int, list[T]] | None],
        judge: Judge[T],
        inquiry: Inquiry,
        every_s: float,
    ) -> None:
        self.inquiry = inquiry
        self._kind = kind
        self._ask_once = ask
        self._judge = judge
        self._every_s = every_s
        self._found: tuple[int, list[T]] | None = None  # and when, by the engine's clock
        self._said: dict[Name, Alert] = {}
        self._asking: asyncio.Task[None] | None = None

    def begin(self, said: Iterable[Alert]) -> None:
        """Go on from what was said last of each alert."""
        self.told(said)
        self._asking = asyncio.get_running_loop().create_task(self._ask())

    async def stop(self) -> None:
        """Ask no more."""
        if self._asking is not None:
            await ended({self._asking})

    def due(self, catalog: Catalog, currency: str) -> list[Alert]:
        """Return what is to be said now. Raises what no waiting mends."""
        if self._asking is not None and self._asking.done():
            self._asking.result()
        if self._found is None:
            return []
        now_us, found = self._found
        muted = catalog.alert_rule(PLATFORM, self._kind, now_us).muted
        return self._judge(found, now_us, self._said, currency=currency, muted=muted)

    def told(self, alerts: Iterable[Alert]) -> None:
        """Remember that something was said, for good."""
        for alert in alerts:
            if alert["kind"] != self._kind:
                continue
            name = alert["source"]
            if alert["state"] != "resolved":
                self._said[name] = alert
            elif name in self._said and self._said[name]["alert_id"] == alert["alert_id"]:
                del self._said[name]

    async def _ask(self) -> None:
        while True:
            self._found = await self.inquiry.ask(self._ask_once)
            await asyncio.sleep(self._every_s)

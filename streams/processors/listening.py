"""Asks every minute which sources were heard, beside whatever else is done."""

import asyncio
from collections.abc import Iterable

from schemas.records import Alert
from streams.core.alert_rules import AlertRule
from streams.core.silence import KIND, Heard, Name, silences
from streams.processors.anomaly_history import AnomalyHistory
from streams.processors.inquiry import Inquiry
from streams.processors.leader import ended

EVERY_S = 60.0


class Listening:
    """Keeps what ClickHouse heard last. `begin` it, and `stop` it.

    It says nothing until it was told that what it said last was said: `due`, then `told`.
    """

    def __init__(self, history: AnomalyHistory, inquiry: Inquiry) -> None:
        self._history = history
        self.inquiry = inquiry
        self._heard: tuple[int, list[Heard]] | None = None  # and when, by the engine's clock
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

    def due(self, rule: AlertRule, currency: str) -> list[Alert]:
        """Return what is to be said now. Raises what no waiting mends."""
        if self._asking is not None and self._asking.done():
            self._asking.result()
        if self._heard is None:
            return []
        now_us, heard = self._heard
        return silences(heard, now_us, self._said, currency=currency, muted=rule.muted)

    def told(self, alerts: Iterable[Alert]) -> None:
        """Remember what was said, for good."""
        for alert in alerts:
            if alert["kind"] != KIND:
                continue
            name = alert["source"]
            if alert["state"] != "resolved":
                self._said[name] = alert
            elif name in self._said and self._said[name]["alert_id"] == alert["alert_id"]:
                del self._said[name]

    async def _ask(self) -> None:
        while True:
            self._heard = await self.inquiry.ask(self._history.heard)
            await asyncio.sleep(EVERY_S)

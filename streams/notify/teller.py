"""Tells one destination what waits for it: in order, paced, again after failures, once.

What cannot be told is put aside, so that what comes behind it is not held back. Of an alert that
waits only the last saying is told, where the sink folds.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, assert_never

import structlog

from schemas.records import Alert
from streams.core.notices import Destination, Rank, Verdict, rank, verdict
from streams.core.windows import DAY_US
from streams.metrics import Metric, Metrics
from streams.notify.pace import Gate, backoff_s, pause
from streams.notify.sent import Position, Sent, below_of, thread_of
from streams.notify.sink import Answer, Later, Refused, Saying, Sink, Thread, Told
from streams.settings_notify import NotifySettings

LOG = structlog.get_logger()
FRESH_S: Final = 3.0  # how late a request may be before it is taken for a dead teller's
HELD_S: Final = 6.0  # what such a one waits until it would know that others tell in its place
TROUBLED_AFTER: Final = 3  # failures in a row

FIRST: Final = Rank(1, 0)

Outcome = Literal["told", "refused", "folded", "known"]
Key = tuple[str, Rank | None]


@dataclass(slots=True)
class Waiting:
    """A saying to be told, and the records that are done with once it is."""

    saying: Saying
    positions: list[Position]
    due_s: float = 0.0  # when it is to be told, once that is intended; monotonic


@dataclass(frozen=True, slots=True)
class Around:
    """What all tellers of an assignment share."""

    sent: Sent
    settings: NotifySettings
    metrics: Metrics
    done: Callable[[Position], None]
    chance: Callable[[], float]  # 0 to 1: what waits are spread by


class Teller:
    """One destination."""

    def __init__(self, destination: Destination, sink: Sink, gate: Gate, around: Around) -> None:
        self.destination = destination
        self.trouble: str | None = None  # why it tells nothing now
        self._sink = sink
        self._gate = gate
        self._around = around
        self._waiting: dict[Key, Waiting] = {}
        self._alerts: Counter[str] = Counter()  # sayings that wait or are being told, by alert
        self._telling: Waiting | None = None
        self._stop = asyncio.Event()
        self._filled = asyncio.Event()
        self._room = asyncio.Event()
        self._moved_s = time.monotonic()
        self._told_s = float("-inf")

    def __len__(self) -> int:
        return len(self._waiting) + (self._telling is not None)

    def stop(self) -> None:
        """Begin nothing any more. What is under way is finished, and its receipt written."""
        self._stop.set()
        self._filled.set()
        self._room.set()

    async def has_room(self, alert_id: str) -> bool:
        """Wait until there is room; return whether, which is not when it is stuck or stopped.

        There always is for an alert of which something waits: it may not be put aside before that.
        """
        most = self._around.settings.waiting
        while len(self._alerts) > most and alert_id not in self._alerts and not self._stop.is_set():
            left_s = self._moved_s + self._around.settings.stuck_s - time.monotonic()
            if left_s <= 0:
                return False
            self._room.clear()
            await pause(self._room, left_s)
        return not self._stop.is_set()

    def put(self, alert: Alert, position: Position) -> None:
        """Have an alert told, after what waits already. Ask for room before."""
        if not len(self):
            self._moved_s = time.monotonic()
        key = (alert["alert_id"], None if self._sink.folds else rank(alert))
        known = self._waiting.get(key)
        if known is not None:
            self._fold(known, alert, position)
            return
        self._waiting[key] = Waiting(Saying(alert, self.destination.channel), [position])
        self._alerts[alert["alert_id"]] += 1
        self._filled.set()

    async def put_aside(self, alert: Alert, position: Position, why: str) -> None:
        """Keep what cannot be told where a person finds it. It is done with."""
        known = self._around.sent.of(self.destination, alert["alert_id"])
        await self._around.sent.say(
            self.destination,
            alert,
            position,
            "refused",
            saying=Saying(alert, thread=thread_of(known)),
            reason=why,
        )
        self._count("refused")
        LOG.error(
            "alert_not_told",
            to=self.destination.name,
            alert_id=alert["alert_id"],
            why=why,
            to_do="put it right, then `apportion notify resend`",
        )

    async def run(self) -> None:
        """Tell what waits until stopped. Raises SendFailed and NotAllowed."""
        while await self._next():
            entry = self._telling
            if entry is None or not await self._told(entry):
                return  # stopped: what is left comes again
            self._telling = None
            self._gone(entry.saying.alert["alert_id"])
            self._moved_s = self._told_s = time.monotonic()

    async def _next(self) -> bool:
        """Take the first that waits, when it is time for it; return whether there is one."""
        while not self._waiting and not self._stop.is_set():
            self._filled.clear()
            await self._filled.wait()
        if self._sink.is_paced:
            next_s = self._told_s + self._around.settings.every_s
            await pause(self._stop, next_s - time.monotonic())
        if self._stop.is_set():
            return False
        self._telling = self._waiting.pop(next(iter(self._waiting)))
        return True

    def _gone(self, alert_id: str) -> None:
        """Note that a saying waits no more, nor is being told."""
        self._alerts[alert_id] -= 1
        if not self._alerts[alert_id]:
            del self._alerts[alert_id]
            self._room.set()

    async def _told(self, entry: Waiting) -> bool:
        """Tell one saying, or put it aside; return whether it is done with."""
        if not await self._begun(entry):
            return True
        if self._stop.is_set():
            return False
        began_s = time.monotonic()
        failures = 0
        # 1 the intent: a crash behind it has the next one look, where one can
        await self._intend(entry)
        while await self._is_time(entry):
            self._take_newer(entry)
            # 2 the sink: a crash behind it has the next one find it, or say it again
            answer = await self._ask(entry.saying)
            match answer:
                case Told(thread):
                    # 3 the receipt: a crash behind it has the record read again, and dropped
                    await self._receipt(entry, thread)
                    return True
                case Refused(why):
                    await self._give_up(entry, why)
                    return True
                case Later(why):
                    failures += 1
                    self._put_off(entry, answer, failures)
                    if time.monotonic() - began_s > self._around.settings.give_up_s:
                        await self._give_up(entry, f"given up after {failures} tries: {why}")
                        return True
                case _:
                    assert_never(answer)
        return False

    async def _begun(self, entry: Waiting) -> bool:
        """Note what was said of an alert before; return whether it is to be told at all."""
        saying = entry.saying
        notice = self._around.sent.of(self.destination, saying.alert["alert_id"])
        found = verdict(notice, saying.alert, *entry.positions[-1])
        if found is Verdict.KNOWN:
            self._count("known")
            self._finish(entry)
            return False
        sent = self._around.sent
        saying.thread = thread_of(notice)
        saying.others = sent.others(self.destination, saying.alert)
        saying.was = notice and notice["severity"]
        if saying.thread is None:
            saying.below = below_of(notice) or sent.head(self.destination, saying.alert)
        if notice is None and rank(saying.alert) > FIRST:
            saying.is_doubted = True
            saying.since_us = max(saying.alert["since_us"], time.time_ns() // 1_000 - DAY_US)
        if notice is not None and found is Verdict.LOOK:
            saying.is_doubted, saying.since_us = True, notice["said_at_us"]
            if self._sink.looks:  # whoever was about to tell it may be doing so
                await pause(self._stop, self._around.settings.request_timeout_s)
        return True

    async def _intend(self, entry: Waiting) -> None:
        saying = entry.saying
        saying.since_us = (
            saying.since_us or time.time_ns() // 1_000
        )  # of the first that was in doubt
        await self._around.sent.say(
            self.destination,
            saying.alert,
            entry.positions[-1],
            "intended",
            at_us=saying.since_us,
            saying=saying,
        )
        entry.due_s = time.monotonic()

    async def _is_time(self, entry: Waiting) -> bool:
        """Wait until a saying may be told; return whether, which is not when stopped.

        A process that was stopped in between is not the one any more that tells it, perhaps: it
        waits to hear of that, and looks.
        """
        due_s = await self._gate.passed(self._stop, entry.due_s)
        if not self._stop.is_set() and time.monotonic() - due_s > FRESH_S:
            entry.saying.is_doubted = True
            await pause(self._stop, HELD_S)
        return not self._stop.is_set()

    def _take_newer(self, entry: Waiting) -> None:
        if self._sink.folds:
            newer = self._waiting.pop((entry.saying.alert["alert_id"], None), None)
            if newer is not None:
                self._gone(newer.saying.alert["alert_id"])
                self._fold(entry, newer.saying.alert, *newer.positions)

    def _fold(self, entry: Waiting, alert: Alert, *positions: Position) -> None:
        """Have a later saying told in place of one that waits."""
        saying = entry.saying
        if rank(alert) > rank(saying.alert):
            saying.alert = alert
            saying.is_replied = False
        entry.positions += positions
        self._count("folded")

    async def _ask(self, saying: Saying) -> Answer:
        began_s = time.monotonic()
        answer = await self._sink.tell(saying)
        metrics, sink = self._around.metrics, self.destination.sink
        metrics.observe(Metric.NOTIFY_S, time.monotonic() - began_s, sink=sink)
        metrics.count(Metric.NOTIFY_REQUESTS, sink=sink, answer=type(answer).__name__.lower())
        return answer

    def _put_off(self, entry: Waiting, answer: Later, failures: int) -> None:
        settings = self._around.settings
        entry.saying.is_doubted |= answer.is_doubted
        wait_s = answer.after_s
        if wait_s is None:
            wait_s = backoff_s(failures, settings, self._around.chance())
        else:
            self._gate.shut(wait_s)
            self._moved_s = time.monotonic() + wait_s  # it was told to wait, so it is not stuck
        entry.due_s = time.monotonic() + wait_s
        if failures >= TROUBLED_AFTER:
            self.trouble = f"{self.destination.name}: {answer.why}, {failures} times"
        LOG.warning("telling_failed", to=self.destination.name, why=answer.why,
                    failures=failures, again_in_s=round(wait_s, 1))  # fmt: skip

    async def _receipt(self, entry: Waiting, thread: Thread | None) -> None:
        saying = entry.saying
        saying.thread = thread
        await self._around.sent.say(
            self.destination, saying.alert, entry.positions[-1], "told", saying=saying
        )
        self.trouble = None
        self._count("told")
        self._finish(entry)

    async def _give_up(self, entry: Waiting, why: str) -> None:
        await self.put_aside(entry.saying.alert, entry.positions[-1], why)
        self.trouble = f"{self.destination.name}: {why}"
        self._finish(entry)

    def _finish(self, entry: Waiting) -> None:
        for position in entry.positions:
            self._around.done(position)

    def _count(self, outcome: Outcome) -> None:
        self._around.metrics.count(Metric.NOTICES, sink=self.destination.sink, outcome=outcome)

"""What a desk stands on, without Kafka or HTTP: a sink that answers as told, a topic that keeps."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import cast

from schemas.records import Notice
from schemas.topics import Topic
from streams.notify.desk import Desk
from streams.notify.sent import Position, Sent
from streams.notify.sink import Answer, Saying, Sink, Thread, Told
from streams.processors.outlet import Acknowledgement
from streams.settings_notify import NotifySettings
from tests.processor_fakes import FakeOutlet, metrics

QUICK = NotifySettings(
    every_s=0.001, first_retry_s=0.001, last_retry_s=0.002, request_timeout_s=0.01
)


class TakingOutlet(FakeOutlet):
    """A broker that takes everything at once."""

    async def send_to(
        self, topic: Topic, partition: int, value: bytes | None, _key: str | None = None
    ) -> Acknowledgement:
        future = await FakeOutlet.send_to(self, topic, partition, value, _key)
        future.set_result(None)
        return future

    def notices(self) -> list[Notice]:
        return [cast("Notice", each.record) for each in self.named("Notice")]

    def stages(self) -> list[tuple[str, int, str]]:
        """Return of which alert which revision was intended, told or refused, in order."""
        return [(each["alert_id"], each["revision"], each["stage"]) for each in self.notices()]


@dataclass
class Asked:
    """What a sink was asked to tell, as it was then."""

    alert_id: str
    revision: int
    channel: str | None
    thread: Thread | None
    is_doubted: bool
    at_s: float
    below: Thread | None
    others: int


@dataclass
class FakeSink:
    """Answers with `answers`, one after the other, then that it was told."""

    folds: bool = True
    is_paced: bool = True
    looks: bool = True
    answers: deque[Answer] = field(default_factory=deque)
    asked: list[Asked] = field(default_factory=list)
    free: asyncio.Event | None = None  # while it is not set nothing is answered
    on_ask: Callable[[], None] = lambda: None

    async def tell(self, saying: Saying) -> Answer:
        now_s = asyncio.get_running_loop().time()
        alert = saying.alert
        self.on_ask()
        self.asked.append(
            Asked(
                alert["alert_id"],
                alert["revision"] or 1,
                saying.channel,
                saying.thread,
                saying.is_doubted,
                now_s,
                saying.below,
                saying.others,
            )
        )
        if self.free is not None:
            await self.free.wait()
        if self.answers:
            return self.answers.popleft()
        head = saying.below and saying.below.first
        return Told(saying.thread or Thread("C", alert["alert_id"], head))

    def said(self) -> list[tuple[str, int]]:
        """Return which alerts it was asked to tell, in which revision."""
        return [(each.alert_id, each.revision) for each in self.asked]


def desk(
    sinks: dict[str, FakeSink],
    outlet: TakingOutlet,
    settings: NotifySettings = QUICK,
    notices: Iterable[Notice] = (),
) -> Desk:
    """Return a desk that knows of some notices."""
    known = cast("dict[str, Sink]", sinks)
    return Desk(known, Sent(outlet.as_outlet(), notices), settings, metrics())


def at(offset: int, partition: int = 0) -> Position:
    """Return where an alert was read."""
    return Position(partition, offset)

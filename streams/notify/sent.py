"""What was told where: kept in memory, and on a compacted topic for whoever comes after.

An intent is acknowledged before a sink is asked, a receipt after it has answered. So what is told
is known, or known to be in doubt.
"""

import time
from collections.abc import Iterable
from typing import NamedTuple

from schemas import topics
from schemas.records import Alert, Notice, NoticeStage
from streams.core.notices import Destination, is_past, key_of, rank
from streams.notify.reading import NOTICE
from streams.notify.sink import Thread
from streams.processors.outlet import Outlet, acknowledged

TOPIC = topics.NOTIFY_SENT
KEPT_US = (topics.ALERT_COST.retention_ms or 0) * 1_000  # longer ago nothing is read again


class Position(NamedTuple):
    """Where a saying was read from."""

    partition: int
    offset: int


class Sent:
    """The notices of one assignment of partitions."""

    def __init__(self, outlet: Outlet, notices: Iterable[Notice] = ()) -> None:
        self._outlet = outlet
        self._notices = {key_of(notice): notice for notice in notices}

    def __len__(self) -> int:
        return len(self._notices)

    def of(self, destination: Destination, alert_id: str) -> Notice | None:
        """Return what was said last of an alert to a destination."""
        return self._notices.get(destination.key(alert_id))

    async def say(  # noqa: PLR0913 - a field of the record each
        self,
        destination: Destination,
        alert: Alert,
        position: Position,
        stage: NoticeStage,
        *,
        at_us: int | None = None,
        thread: Thread | None = None,
        reason: str | None = None,
    ) -> None:
        """Put a notice on the topic and wait until it is there. Raises SendFailed, NotAllowed."""
        now = rank(alert)
        notice: Notice = {
            "sink": destination.sink,
            "channel": destination.channel,
            "alert_id": alert["alert_id"],
            "tenant": alert["tenant"],
            "revision": now.revision,
            "state": alert["state"],
            "stage": stage,
            "reason": reason,
            "place": thread and thread.place,
            "thread": thread and thread.first,
            "partition": position.partition,
            "offset": position.offset,
            "said_at_us": time.time_ns() // 1_000 if at_us is None else at_us,
        }
        key = key_of(notice)
        await acknowledged(TOPIC, [await self._outlet.send(TOPIC, NOTICE, notice, key)])
        self._notices[key] = notice

    async def forget(self, now_us: int) -> int:
        """Take what nothing can come of off the topic, too; return how much that was."""
        past = [key for key, each in self._notices.items() if is_past(each, now_us - KEPT_US)]
        for key in past:  # at once: what is said of them from now on comes after
            del self._notices[key]
        await acknowledged(TOPIC, [await self._outlet.send_gone(TOPIC, key) for key in past])
        return len(past)


def thread_of(notice: Notice | None) -> Thread | None:
    """Return where an alert was told; None: nowhere yet, or there are no threads there."""
    if notice is None or notice["place"] is None or notice["thread"] is None:
        return None
    return Thread(notice["place"], notice["thread"])

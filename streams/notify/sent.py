"""What was told where: kept in memory, and on a compacted topic for whoever comes after.

An intent is acknowledged before a sink is asked, a receipt after it has answered. So what is told
is known, or known to be in doubt.
"""

import time
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from schemas import topics
from schemas.records import Alert, Notice, NoticeStage
from streams.core.notices import Destination, goes_on, is_head, is_past, key_of, rank
from streams.notify.reading import NOTICE
from streams.notify.sink import Saying, Thread
from streams.notify.text import severity
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
        self._notices: dict[str, Notice] = {}
        self._groups: dict[tuple[str, str | None, str], set[str]] = {}  # keys by their group
        for notice in notices:
            self._keep(notice)

    def __len__(self) -> int:
        return len(self._notices)

    def of(self, destination: Destination, alert_id: str) -> Notice | None:
        """Return what was said last of an alert to a destination."""
        return self._notices.get(destination.key(alert_id))

    def head(self, destination: Destination, alert: Alert) -> Thread | None:
        """Return below which message an alert is told that was not yet: the first of its group.

        Of those that go on, and matter as much; none where it stands alone.
        """
        heads = (each for each in self._others(destination, alert) if is_head(each, alert))
        found = filter(None, map(thread_of, heads))
        return min(found, key=lambda each: each.first, default=None)

    def others(self, destination: Destination, alert: Alert) -> int:
        """Return how many other alerts of its group were told there and go on."""
        return sum(map(goes_on, self._others(destination, alert)))

    async def say(  # noqa: PLR0913 - a field of the record each
        self,
        destination: Destination,
        alert: Alert,
        position: Position,
        stage: NoticeStage,
        *,
        at_us: int | None = None,
        saying: Saying | None = None,
        reason: str | None = None,
    ) -> None:
        """Put a notice on the topic and wait until it is there. Raises SendFailed, NotAllowed."""
        now = rank(alert)
        thread, below = (saying.thread, saying.below) if saying else (None, None)
        where = thread or below
        notice: Notice = {
            "sink": destination.sink,
            "channel": destination.channel,
            "alert_id": alert["alert_id"],
            "tenant": alert["tenant"],
            "revision": now.revision,
            "state": alert["state"],
            "stage": stage,
            "reason": reason,
            "place": where and where.place,
            "thread": thread and thread.first,
            "head": thread.head if thread else below and below.first,
            "group": alert["group"],
            "severity": severity(alert),
            "partition": position.partition,
            "offset": position.offset,
            "said_at_us": time.time_ns() // 1_000 if at_us is None else at_us,
        }
        key = key_of(notice)
        await acknowledged(TOPIC, [await self._outlet.send(TOPIC, NOTICE, notice, key)])
        self._keep(notice)

    async def forget(self, now_us: int) -> int:
        """Take what nothing can come of off the topic, too; return how much that was."""
        past = [key for key, each in self._notices.items() if is_past(each, now_us - KEPT_US)]
        for key in past:  # at once: what is said of them from now on comes after
            notice = self._notices.pop(key)
            self._groups.get(_group_of(notice), set()).discard(key)
        await acknowledged(TOPIC, [await self._outlet.send_gone(TOPIC, key) for key in past])
        return len(past)

    def _keep(self, notice: Notice) -> None:
        key = key_of(notice)
        self._notices[key] = notice
        if notice["group"]:
            self._groups.setdefault(_group_of(notice), set()).add(key)

    def _others(self, destination: Destination, alert: Alert) -> Iterator[Notice]:
        group = (destination.sink, destination.channel, alert["group"] or "")
        own = destination.key(alert["alert_id"])
        keys = self._groups.get(group, set()) - {own}
        return (self._notices[key] for key in keys)


def _group_of(notice: Notice) -> tuple[str, str | None, str]:
    return notice["sink"], notice["channel"], notice["group"] or ""


def thread_of(notice: Notice | None) -> Thread | None:
    """Return where an alert was told; None: nowhere yet, or there are no threads there."""
    if notice is None or notice["place"] is None or notice["thread"] is None:
        return None
    return Thread(notice["place"], notice["thread"], notice["head"])


def below_of(notice: Notice | None) -> Thread | None:
    """Return below which message an alert was about to be told; None: below none."""
    if notice is None or notice["stage"] != "intended" or notice["thread"] is not None:
        return None
    place, head = notice["place"], notice["head"]
    return None if place is None or head is None else Thread(place, head)

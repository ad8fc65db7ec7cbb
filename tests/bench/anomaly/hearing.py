"""When sources of usage were heard, as ClickHouse would say it, and what the product makes of that.

Lines that are late are so behind the archive: their usage is heard in its minute all the same.
"""

from collections import deque
from collections.abc import Iterable
from typing import Final

from schemas.records import Alert
from streams.core.silence import Heard, Name, silences
from streams.core.windows import MINUTE_US
from streams.processors.anomaly_history import HEARD_US

REMEMBERED: Final = HEARD_US // MINUTE_US
USUAL_PAUSE: Final = 3  # the third longest is


class Source:
    """The minutes of the last days that one source was heard in."""

    def __init__(self) -> None:
        self._minutes: deque[int] = deque()
        self._pauses: deque[tuple[int, int]] = deque()  # (end, minutes) of those beyond one minute

    def hear(self, minute: int) -> None:
        """Take a minute in, in the order of time."""
        if self._minutes and minute - self._minutes[-1] > 1:
            self._pauses.append((minute, minute - self._minutes[-1]))
        self._minutes.append(minute)

    def heard(self, name: str, minute: int, begin_us: int) -> Heard | None:
        """Return what is known of it by a minute; None where that is nothing."""
        while self._minutes and self._minutes[0] <= minute - REMEMBERED:
            self._minutes.popleft()
        while self._pauses and self._pauses[0][0] <= minute - REMEMBERED:
            self._pauses.popleft()
        if not self._minutes:
            return None
        longest = sorted((each for _, each in self._pauses), reverse=True)
        pause = longest[USUAL_PAUSE - 1] if len(longest) >= USUAL_PAUSE else 1
        last_us = begin_us + self._minutes[-1] * MINUTE_US
        return Heard(name, last_us, len(self._minutes), pause * MINUTE_US)


class Hearing:
    """All sources, and what was said of them. `begin_us`: of minute 0."""

    def __init__(self, begin_us: int) -> None:
        self._begin_us = begin_us
        self._sources: dict[str, Source] = {}
        self._said: dict[Name, Alert] = {}

    def hear(self, minute: int, names: Iterable[str]) -> None:
        """Take in who was heard in a minute."""
        for name in names:
            self._sources.setdefault(name, Source()).hear(minute)

    def said(self, minute: int) -> list[Alert]:
        """Return what is new when a minute is over, once."""
        known = [
            heard
            for name, source in sorted(self._sources.items())
            if (heard := source.heard(name, minute, self._begin_us)) is not None
        ]
        now_us = self._begin_us + (minute + 1) * MINUTE_US
        found = silences(known, now_us, self._said, currency="USD", muted=False)
        for alert in found:
            if alert["state"] == "resolved":
                del self._said[alert["source"]]
            else:
                self._said[alert["source"]] = alert
        return found

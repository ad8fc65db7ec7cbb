"""Alerts that were said to be over: whoever sees the same again by other figures says nothing."""

from typing import Final

from schemas.records import Alert
from streams.core.series.episode import OF
from streams.core.series.keys import SeriesKey
from streams.core.windows import MINUTE_US

EARLIER_US: Final = OF * MINUTE_US  # that one may seem to begin to who learned another past


class Over:
    """When such alerts went on, by series."""

    def __init__(self) -> None:
        self._spans: dict[SeriesKey, list[tuple[int, int]]] = {}

    def add(self, key: SeriesKey, alert: Alert) -> None:
        """Take in one that was said to be over."""
        span = alert["since_us"] - EARLIER_US, max(alert["since_us"] + 1, alert["at_us"])
        self._spans.setdefault(key, []).append(span)

    def covers(self, key: SeriesKey, since_us: int) -> bool:
        """Whether what began at an instant is one of them."""
        return any(begin <= since_us < end for begin, end in self._spans.get(key, ()))

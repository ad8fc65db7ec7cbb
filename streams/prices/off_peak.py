"""Hours of the week in which other prices hold, as a price map writes them."""

import re
from itertools import chain
from typing import TypeAlias

from streams.prices.found import Stretch
from streams.prices.json_text import Json

Span: TypeAlias = tuple[int, int]  # [begin, end) in minutes of a day

DAY_MINUTES = 24 * 60
WEEK_DAYS = 7
HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")
# Hours are always UTC, days are those of a zone; only zones that never change their clocks.
MINUTES_EAST = {
    None: 0,
    "UTC": 0,
    "Asia/Shanghai": 480,
    "Asia/Hong_Kong": 480,
    "Asia/Singapore": 480,
    "Asia/Tokyo": 540,
    "Asia/Kolkata": 330,
}


def stretches(content: dict[str, Json]) -> tuple[Stretch, ...] | str:
    """Return the hours of all windows, none reaching over midnight, or what is not understood."""
    zone = content.get("weekday_timezone")
    if not (zone is None or isinstance(zone, str)) or zone not in MINUTES_EAST:
        return f"expected a time zone of {', '.join(filter(None, MINUTES_EAST))}, got {zone!r}"
    windows = content.get("windows", content)
    read = [_window(each) for each in (windows if isinstance(windows, list) else [windows])]
    if not read or None in read:
        return "expected windows with hours_utc of HH:MM-HH:MM and weekdays of 1 to 7"
    by_day: dict[int, list[Span]] = {}
    for days, hours in filter(None, read):
        for begin, end in hours:
            _add(by_day, days, (begin, end), MINUTES_EAST[zone])
    by_span: dict[Span, list[int]] = {}
    for day, spans in sorted(by_day.items()):
        for span in _joined(spans):
            by_span.setdefault(span, []).append(day)
    return tuple(Stretch(tuple(days), *span) for span, days in sorted(by_span.items()))


def _window(window: Json) -> tuple[list[int], list[Span]] | None:
    if not isinstance(window, dict):
        return None
    said = window.get("hours_utc")
    texts = said if isinstance(said, list) else [said]
    days = window.get("weekdays", [str(day) for day in range(1, WEEK_DAYS + 1)])
    if not isinstance(days, list) or not texts or not days:
        return None
    hours = [HOURS.fullmatch(text) if isinstance(text, str) else None for text in texts]
    numbers = [
        int(day) - 1 if isinstance(day, str) and day in set("1234567") else -1 for day in days
    ]
    if None in hours or min(numbers) < 0:
        return None
    return numbers, list(chain.from_iterable(_of_a_day(match) for match in hours if match))


def _of_a_day(match: re.Match[str]) -> list[Span]:
    """Return hours as stretches of one day: what wraps over midnight is two."""
    begin, end = int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])
    if begin < end:
        return [(begin, end)]
    return [(low, high) for low, high in ((0, end), (begin, DAY_MINUTES)) if low < high]


def _add(by_day: dict[int, list[Span]], days: list[int], span: Span, east: int) -> None:
    """Add hours on the UTC days that they are on: east of UTC a day begins the day before."""
    begin, end = span
    midnight = DAY_MINUTES - east
    for day in days:
        for low, high, shift in ((begin, min(end, midnight), 0), (max(begin, midnight), end, -1)):
            if low < high:
                by_day.setdefault((day + shift) % WEEK_DAYS, []).append((low, high))


def _joined(spans: list[Span]) -> list[Span]:
    """Return hours of one day in order, those that meet as one."""
    joined: list[Span] = []
    for begin, end in sorted(spans):
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((begin, end))
    return joined

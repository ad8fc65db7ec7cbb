"""Hours of a day, on some days, as stretches of a week."""

from typing import Final, TypeAlias

from streams.config.fields import DAYS
from streams.core.timeline import WEEK_US
from streams.core.windows import DAY_US, MINUTE_US

Stretch: TypeAlias = tuple[int, int]

EPOCH_DAY: Final = DAYS.index("thu")  # the week of `core` begins as the Unix epoch did
WHOLE_DAY: Final = "00:00-24:00"


def weekly(hours: str | None, days: tuple[str, ...] | None) -> tuple[Stretch, ...]:
    """Return half-open stretches of a week in microseconds, sorted; none: always.

    A week's microsecond 0 is Thursday 00:00 UTC.

    >>> [(begin // MINUTE_US, end // MINUTE_US) for begin, end in weekly("16:30-00:30", ("wed",))]
    [(0, 30), (9630, 10080)]
    """
    if hours is None and days is None:
        return ()
    begin, end = (_of_day(each) for each in (hours or WHOLE_DAY).split("-"))
    length = end - begin if end > begin else end + DAY_US - begin
    found: list[Stretch] = []
    for day in days or DAYS:
        start = (DAYS.index(day) - EPOCH_DAY) % 7 * DAY_US + begin
        found.append((start, min(start + length, WEEK_US)))
        if start + length > WEEK_US:
            found.append((0, start + length - WEEK_US))
    return _joined(sorted(found))


def _of_day(clock: str) -> int:
    return (int(clock[:2]) * 60 + int(clock[3:])) * MINUTE_US


def _joined(stretches: list[Stretch]) -> tuple[Stretch, ...]:
    joined: list[Stretch] = []
    for begin, end in stretches:
        if joined and joined[-1][1] == begin:
            begin = joined.pop()[0]  # noqa: PLW2901  # the stretch goes on
        joined.append((begin, end))
    return tuple(joined)

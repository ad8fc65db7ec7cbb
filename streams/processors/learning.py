"""Which of the past is learned at a start: by the quarter of an hour, and minute by minute."""

from collections.abc import Iterable, Iterator

from schemas.records import Alert
from streams.core.series.keys import KINDS
from streams.core.windows import HOUR_US, SECOND_US, window_start
from streams.processors.anomaly_history import Span
from streams.settings import AnomalySettings


def learned(span: Span, open_us: int, period_us: int, settings: AnomalySettings) -> tuple[int, int]:
    """Return from when until when the past is learned as sums, half-open.

    What may not be final yet comes line by line: of windows that begin no longer than `open_us`
    before the newest.
    """
    settled_us = max(0, span.newest_us - open_us)
    until_us = min(span.provisional_us or settled_us, settled_us)
    since_us = max(span.first_us, until_us - round(settings.learn_s * SECOND_US))
    return window_start(since_us, period_us), window_start(until_us, period_us)


def looked_back(
    since_us: int, until_us: int, said: Iterable[Alert], settings: AnomalySettings
) -> tuple[int, int, int]:
    """Return from when the past is learned by the quarter, by the minute, and until when.

    Minutes are judged, as nobody may have led in them: those of `look_back_s`, and since what was
    said last of what goes on, but no more than twice as many. Quarters are of whole hours.
    """
    look_back_us = round(settings.look_back_s * SECOND_US)
    lively = [each for each in said if each["kind"] in KINDS and each["state"] != "resolved"]
    minutes_us = min([until_us - look_back_us, *(each["at_us"] for each in lively)])
    minutes_us = window_start(max(minutes_us, until_us - 2 * look_back_us), HOUR_US)
    if minutes_us <= since_us:
        return since_us, since_us, until_us
    return window_start(since_us, HOUR_US), minutes_us, until_us


def parts(since_us: int, until_us: int, at_once_us: int) -> Iterator[tuple[int, int]]:
    """Yield parts of some time, in order."""
    for start_us in range(since_us, until_us, at_once_us):
        yield start_us, min(until_us, start_us + at_once_us)

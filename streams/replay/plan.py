"""Cuts what is to be replayed into stretches whose lines fit into memory."""

from collections.abc import Iterable, Iterator

from streams.core.windows import HOUR_US, window_start
from streams.replay.ask import Asker, Params, Row
from streams.replay.span import Span

LINES_AT_ONCE = 20_000  # about 60 MB of Python objects, as each is held twice


def plan(asker: Asker, since_us: int, until_us: int, pool: str = "") -> list[Span]:
    """Return the stretches of [since, until) that have lines, in order: an hour at most.

    Windows of another length, from before a setting was changed, are stretches of their own.
    """
    params: Params = {"since": since_us, "until": until_us, "pool": pool}
    return list(packed(asker.rows("replay_plan", params)))


def packed(counts: Iterable[Row]) -> Iterator[Span]:
    """Pack (begin of a window, its length, how many lines it has), in order, into stretches."""
    span: Span | None = None
    held = 0
    for start_us, window_us, lines in counts:
        if span and (not joins(span, start_us, window_us) or held + lines > LINES_AT_ONCE):
            yield span
            span, held = None, 0
        begin_us = span.since_us if span else start_us
        span = Span(begin_us, start_us + window_us, window_us)
        held += lines
    if span:
        yield span


def joins(span: Span, start_us: int, window_us: int) -> bool:
    """Whether a window is of the same hour and length as a stretch before it."""
    same_hour = window_start(start_us, HOUR_US) == window_start(span.since_us, HOUR_US)
    return same_hour and window_us == span.window_us

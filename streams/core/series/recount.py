"""What an episode came to, asked again: costs are corrected while an alert is open.

What was expected stays as it was, and what was spent is that of the lines in force. Of series of
costs only: what is expected of idle time and of tokens is a part of what there was of them.
"""

from collections.abc import Collection, Iterable
from typing import NamedTuple

from streams.core.alert_rules import AlertRule
from streams.core.series.episode import Course
from streams.core.series.keys import SeriesKey


class Count(NamedTuple):
    """Stretches of an episode that were judged for good, half-open, and what they came to then."""

    key: SeriesKey
    since_us: int
    until_us: int
    spent: int


def count_of(key: SeriesKey, course: Course, until_us: int) -> Count | None:
    """Return what is to be counted again of a series; None where nothing is."""
    episode = course.episode
    if episode is None or episode.is_over or not key.is_cost or until_us <= episode.from_us:
        return None
    return Count(key, episode.from_us, until_us, episode.spent)


def recount(
    course: Course,
    of: Count,
    found: Iterable[tuple[int, int]],
    gaps: Collection[int],
    rule: AlertRule,
) -> bool:
    """Go by what stretches came to, by their begin; `gaps`: those never judged.

    Return whether that ends it: no extra cost is left that is worth an alert.
    """
    episode = course.episode
    if episode is None or episode.is_over or episode.from_us != of.since_us:
        return False
    changed = sum(pico for start_us, pico in found if start_us not in gaps) - of.spent
    episode.spent += changed
    episode.settled += changed
    episode.is_over = bool(changed) and course.excess * episode.turn < rule.min_total
    return episode.is_over

"""How the Numenta Anomaly Benchmark scores detectors: of scores and labelled windows, points. Pure.

Written from the description by Lavin and Ahmad, "Evaluating real-time anomaly detection algorithms"
(2015, arXiv 1510.03336), and the wiki of numenta/NAB. A row is detected where its score reaches a
threshold. For each profile it is one for all series: the best for all of them together.

- A window that holds a detection earns by its earliest one: 1 at the window's first row, next to
  nothing at its last. A window without one costs `missed`. Further detections in it earn nothing.
- A detection outside of windows costs up to `false_alarm`, the more the farther behind a window it
  is, and all of it where there was none before.
- Rows of the probation at a series' begin are not judged.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

PROBATION_RATIO = 0.15  # of a series
PROBATION_OF_AT_MOST = 5000  # rows
FAR = 3.0  # window lengths behind a window, where a false alarm costs all it can
NO_DETECTION = math.inf  # a threshold that no score reaches

Span = tuple[int, int]  # first and last row of a window


class Profile(NamedTuple):
    """What detections are worth to somebody, all of them above nothing."""

    name: str
    found: float
    missed: float
    false_alarm: float


@dataclass(frozen=True, slots=True)
class Scored:
    """What a detector said of one series, and which windows are labelled in it."""

    name: str
    scores: Sequence[float]
    windows: Sequence[Span]


class Result(NamedTuple):
    """What a threshold earns: points of each series, and of all 0 (nothing found) to 100."""

    threshold: float
    points: dict[str, float]
    normalised: float


class Row(NamedTuple):
    """One judged row: where it would be detected, and what that earns before it is weighed."""

    score: float
    series: int
    window: int | None
    worth: float


def probation(rows: int) -> int:
    """Return how many rows at the begin are not judged.

    >>> probation(4032), probation(20_000)
    (604, 750)
    """
    return int(PROBATION_RATIO * min(rows, PROBATION_OF_AT_MOST))


def scaled_sigmoid(place: float) -> float:
    """Return what a detection is worth at a place: -1 a window's begin, 0 its end, 1 as far behind.

    >>> round(scaled_sigmoid(-1.0), 5), scaled_sigmoid(0.0), scaled_sigmoid(3.5)
    (0.98661, 0.0, -1.0)
    """
    return -1.0 if place > FAR else 2 / (1 + math.exp(5 * place)) - 1


def judged_rows(series: int, scored: Scored) -> list[Row]:
    """Return the rows after probation with what detecting each would earn."""
    rows = []
    begin, windows = probation(len(scored.scores)), sorted(scored.windows)
    upcoming = 0  # the first window that does not end before the row
    for index, score in enumerate(scored.scores):
        while upcoming < len(windows) and windows[upcoming][1] < index:
            upcoming += 1
        if index < begin:
            continue
        if upcoming < len(windows) and windows[upcoming][0] <= index:
            rows.append(Row(score, series, upcoming, worth_inside(index, windows[upcoming])))
        else:
            before = windows[upcoming - 1] if upcoming else None
            rows.append(Row(score, series, None, worth_outside(index, before)))
    return rows


def worth_inside(index: int, window: Span) -> float:
    """Return what a detection in a window earns: 1 at its first row."""
    first, last = window
    return scaled_sigmoid(-(last - index + 1) / (last - first + 1)) / scaled_sigmoid(-1.0)


def worth_outside(index: int, before: Span | None) -> float:
    """Return what a detection outside of windows earns, nothing or less."""
    if before is None:
        return -1.0
    first, last = before
    return scaled_sigmoid((index - last) / max(last - first, 1))


def judged_windows(scored: Scored) -> int:
    """Return how many windows have a row that is judged."""
    begin = probation(len(scored.scores))
    return sum(last >= begin for _, last in scored.windows)


def best(all_scored: Sequence[Scored], profile: Profile) -> Result:
    """Return the result at the threshold that is best for all series together.

    Every score that occurs is tried, and finding nothing; of equals the highest threshold is taken.
    """
    rows = [row for number, scored in enumerate(all_scored) for row in judged_rows(number, scored)]
    gains = marginal(profile)
    total = most = 0.0
    threshold = NO_DETECTION
    for score, some in groupby(sorted(rows, key=itemgetter(0), reverse=True), key=itemgetter(0)):
        total += sum(map(gains, some))
        if total > most:
            most, threshold = total, score
    return at_threshold(all_scored, profile, threshold)


def marginal(profile: Profile) -> Callable[[Row], float]:
    """Return what says what each further detection adds to having detected nothing."""
    earned: dict[tuple[int, int], float] = {}

    def gain(row: Row) -> float:
        if row.window is None:
            return row.worth * profile.false_alarm
        key = row.series, row.window
        before = earned.get(key, -profile.missed)
        after = max(before, row.worth * profile.found)
        earned[key] = after
        return after - before

    return gain


def at_threshold(all_scored: Sequence[Scored], profile: Profile, threshold: float) -> Result:
    """Return what detecting every row of at least this score earns."""
    gains, points, windows = marginal(profile), {}, 0
    for number, scored in enumerate(all_scored):
        nothing = -profile.missed * judged_windows(scored)
        windows += judged_windows(scored)
        rows = judged_rows(number, scored)
        points[scored.name] = nothing + sum(gains(row) for row in rows if row.score >= threshold)
    worst, perfect = -profile.missed * windows, profile.found * windows
    reached = (sum(points.values()) - worst) / (perfect - worst) if windows else math.nan
    return Result(threshold, points, 100 * reached)

"""How wrong forecasts of a series were, and how often their intervals held."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean, geometric_mean
from typing import NamedTuple, TypeAlias

from streams.core.forecast.forecaster import Forecaster
from streams.core.forecast.shapes import DAY, WEEK
from tests.bench.forecast.series import Series

SCALED_BY = 8 * WEEK  # hours before an origin, of which MASE takes its scale
FLAT = 1e-9  # of the greatest value: a step from day to day that is none

Scores: TypeAlias = dict[str, dict[str, "Score"]]  # by way and series


@dataclass(frozen=True, slots=True)
class Score:
    """How wrong a way was on a series: MASE by the hour, and its totals as part of what came."""

    mase: float
    total: float


class Held(NamedTuple):
    """Whether a total was in its intervals, and half of the lesser as a part of what came."""

    in80: bool
    in95: bool
    half: float


def score(series: Series, paths: Sequence[Sequence[float]]) -> Score | None:
    """Return how wrong a way was; None: a series that is the same every day has no scale."""
    floor = 0.0 if min(series.values) >= 0 else -float("inf")  # the same for every way
    mases, off, came = [], 0.0, 0.0
    for (known, hours), path in zip(series.origins, paths, strict=True):
        actual = series.values[known : known + hours]
        said = [max(floor, each) for each in path]
        scale = seasonal_step(series.values[max(0, known - SCALED_BY) : known])
        if scale < FLAT * max(map(abs, series.values)):
            return None
        wrong = fmean(abs(one - other) for one, other in zip(said, actual, strict=True))
        mases.append(wrong / scale)
        off += abs(sum(said) - sum(actual))
        came += abs(sum(actual))
    return Score(fmean(mases), off / came)


def seasonal_step(known: Sequence[float]) -> float:
    """Return the mean absolute change from a day to the next, hour by hour."""
    return fmean(abs(new - old) for new, old in zip(known[DAY:], known, strict=False))


def ratio(scores: Scores, name: str, others: Iterable[str]) -> float:
    """Return the geometric mean, over series, of MASE over the least of some others'."""
    others = list(others)
    pairs = [
        (found.mase, min(scores[other][each].mase for other in others))
        for each, found in scores[name].items()
    ]
    return geometric_mean(mase / other for mase, other in pairs if mase > 0 and other > 0)


def held(series: Series, span: int) -> Iterator[Held]:
    """Yield for each origin whether a total was in its intervals, and how wide the first was."""
    made, seen = Forecaster(series.hour), 0
    for known, to_end in series.origins:
        hours = span or to_end
        for value in series.values[seen:known]:
            made.learn(value)
        seen = known
        outlook = made.ahead(hours)
        came = sum(series.values[known : known + hours])
        if outlook and outlook.by80 and outlook.by95:
            edge = 1e-9 * abs(came)
            in80, in95 = (by.low - edge <= came <= by.high + edge for by in outlook[1:] if by)
            width = (outlook.by80.high - outlook.by80.low) / 2
            yield Held(in80, in95, width / abs(came) if came else float("inf"))

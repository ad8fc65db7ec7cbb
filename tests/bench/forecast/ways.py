"""Ways to forecast that are compared with ours: seasonal naive, River's models, an offline library.

Each says, for each origin of a series, what the next hours cost.
"""

import json
import math
import subprocess
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from river.time_series import SNARIMAX, HoltWinters

from streams.core.forecast.forecaster import Forecaster
from streams.core.forecast.shapes import DAY, WEEK
from tests.bench.forecast.series import Series

ROOT = Path(__file__).resolve().parents[3]
OFFLINE = ROOT / ".venv-offline" / "bin" / "python"
PROGRAM = Path(__file__).with_name("offline.py")

Path_: TypeAlias = list[float]
Way: TypeAlias = Callable[[Series], list[Path_]]


def ours(series: Series) -> list[Path_]:
    """Return what our forecaster says, which learns as the hours come."""
    made, seen, said = Forecaster(series.hour), 0, []
    for known, hours in series.origins:
        for value in series.values[seen:known]:
            made.learn(value)
        seen = known
        said.append(made.path(hours))
    return said


def naive_day(series: Series) -> list[Path_]:
    """Return the last day again and again."""
    return [again(series.values[:known], DAY, hours) for known, hours in series.origins]


def naive_week(series: Series) -> list[Path_]:
    """Return the last week again and again."""
    return [again(series.values[:known], WEEK, hours) for known, hours in series.origins]


def again(known: Sequence[float], season: int, hours: int) -> Path_:
    """Return the last season, repeated."""
    last = known[-season:]
    return [last[step % season] for step in range(hours)]


def river(make: Callable[[], Any]) -> Way:
    """Return the way of a model of River's, which learns as the hours come."""

    def way(series: Series) -> list[Path_]:
        model, seen, said = make(), 0, []
        for known, hours in series.origins:
            for value in series.values[seen:known]:
                try:
                    model.learn_one(value)
                except ZeroDivisionError:  # HoltWinters divides by its first season
                    model = make()
            seen = known
            said.append([each if math.isfinite(each) else 0.0 for each in model.forecast(hours)])
        return said

    return way


ONLINE: dict[str, Way] = {
    "ours": ours,
    "naive, day": naive_day,
    "naive, week": naive_week,
    "HoltWinters": river(partial(HoltWinters, 0.1, 0.01, 0.1, seasonality=DAY)),
    "SNARIMAX": river(partial(SNARIMAX, p=2, d=0, q=1, m=DAY, sp=2, sq=1)),
}


def offline(series: Sequence[Series]) -> list[list[dict[str, Path_]]]:
    """Return what statsforecast's models say, by series, origin and model. Takes minutes."""
    asked = [{"values": each.values, "origins": each.origins} for each in series]
    done = subprocess.run(
        [OFFLINE, PROGRAM], input=json.dumps(asked), stdout=subprocess.PIPE, text=True, check=True
    )
    said: list[list[dict[str, Path_]]] = json.loads(done.stdout)
    return said

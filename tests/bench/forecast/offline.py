"""What statsforecast says of series: a program of its own environment, JSON in, JSON out.

In: `[{"values": [...], "origins": [[known, hours], ...]}, ...]`. Out, for each series and origin:
`{model: {"mean": [...], "80": total's parts or null, ...}}`. It is given eight weeks, as we are.
"""

import json
import sys
import warnings

import numpy as np
from statsforecast.models import MSTL, AutoETS, AutoTheta

DAY, WEEK = 24, 168
KNOWN = 8 * WEEK


def models(hours: int) -> dict[str, object]:
    """Return new models for so many known hours."""
    seasons = [DAY, WEEK] if hours >= 2 * WEEK + DAY else [DAY]
    return {
        "MSTL": MSTL(seasons, trend_forecaster=AutoETS(model="ZZN")),
        "AutoTheta": AutoTheta(DAY),
        "AutoETS": AutoETS(DAY),
    }


def main() -> None:
    """Forecast all."""
    warnings.simplefilter("ignore")  # of optimisers that stop early
    found = []
    for number, series in enumerate(json.load(sys.stdin)):
        values = np.array(series["values"], dtype=float)
        said = []
        for known, hours in series["origins"]:
            history = values[max(0, known - KNOWN) : known]
            said.append(
                {
                    name: model.forecast(y=history, h=hours)["mean"].tolist()  # type: ignore[attr-defined]  # no types
                    for name, model in models(len(history)).items()
                }
            )
        found.append(said)
        sys.stderr.write(f"\r{number + 1} series")
        sys.stderr.flush()
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()

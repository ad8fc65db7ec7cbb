"""Tables of what was found, as docs/forecast.md has them."""

from collections.abc import Iterator, Sequence
from statistics import fmean, median

from streams.core.forecast.shapes import DAY
from tests.bench.forecast.scores import Score, Scores, held, ratio
from tests.bench.forecast.series import Series
from tests.bench.forecast.ways import ONLINE

NAIVE = ("naive, day", "naive, week")
DIVERGED = 1000.0  # times the scale: no forecast any more
SPANS = {"1 day": DAY, "3 days": 3 * DAY, "to the end": 0}


def by_group(series: Sequence[Series], scores: Scores) -> Iterator[str]:
    """Yield mean MASE and totals off by group, and MASE against the better naive and offline."""
    groups = list(dict.fromkeys(each.group for each in series))
    yield f"| MASE / totals off | {' | '.join(groups)} | to naive | to offline |"
    yield "|---" * (len(groups) + 3) + "|"
    best = min(
        (name for name in scores if name not in ONLINE), key=lambda n: ratio(scores, n, NAIVE)
    )
    for name, found in scores.items():
        cells = [
            cell(
                [found[each.name] for each in series if each.group == group and each.name in found]
            )
            for group in groups
        ]
        against = f"{number(ratio(scores, name, NAIVE))} | {number(ratio(scores, name, (best,)))}"
        yield f"| {name} | {' | '.join(cells)} | {against} |"


def cell(found: Sequence[Score]) -> str:
    """Return the means of a group."""
    if not found:
        return ""
    mase, total = fmean(s.mase for s in found), fmean(s.total for s in found)
    return f"{mase:.3f} / {100 * total:.1f} %" if mase < DIVERGED else "diverges"


def number(mase: float) -> str:
    """Return an error as a cell has it."""
    return f"{mase:.3f}" if mase < DIVERGED else "diverges"


def by_series(series: Sequence[Series], scores: Scores) -> Iterator[str]:
    """Yield a table of each series' MASE."""
    yield f"| series | {' | '.join(scores)} |"
    yield "|---" * (len(scores) + 1) + "|"
    for each in series:
        found = [scores[name].get(each.name) for name in scores]
        if all(found):
            yield f"| {each.name} | {' | '.join(number(s.mase) for s in found if s)} |"


def intervals(series: Sequence[Series]) -> Iterator[str]:
    """Yield a table of how often totals were in their intervals, and how wide those were."""
    yield "| group | total of | forecasts | in 80 % | in 95 % | half of the 80 %, of what came |"
    yield "|---|---|---|---|---|---|"
    for group in dict.fromkeys(each.group for each in series):
        for span, hours in SPANS.items():
            found = [one for each in series if each.group == group for one in held(each, hours)]
            in80, in95 = fmean(each.in80 for each in found), fmean(each.in95 for each in found)
            half = median(each.half for each in found)
            yield (
                f"| {group} | {span} | {len(found)} | {100 * in80:.0f} % | {100 * in95:.0f} % | "
                f"{100 * half:.0f} % |"
            )

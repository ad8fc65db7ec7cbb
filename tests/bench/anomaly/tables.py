"""The figures of the bench, as Markdown."""

from collections.abc import Iterable, Sequence
from statistics import quantiles
from typing import Final

from tests.bench.anomaly.injection import FALLS, OVERSPENDS, SLOW
from tests.bench.anomaly.judge import Found, Score

SOON: Final = 5.0  # minutes in which an overspend is to be found
LEAST: Final = 2  # figures that quantiles need


def tables(scores: Sequence[Score]) -> str:
    """Return what came of some worlds."""
    return "\n".join([*overspends(scores), "", *falls(scores), "", *false_alerts(scores)])


def overspends(scores: Sequence[Score]) -> list[str]:
    """Return a row of each kind of overspend, and one of all."""
    found = [each for score in scores for each in score.found]
    rows = [
        "| above 50 USD/h | injected | found | within 5 minutes | minutes: p50 | p95 | put right |",
        "|---|---|---|---|---|---|---|",
    ]
    rows += (row(kind, [each for each in found if each.kind == kind]) for kind in OVERSPENDS)
    sudden = [each for each in found if each.kind != SLOW]
    return [*rows, row("all but the slow leak", sudden), row("all", found)]


def row(name: str, found: Sequence[Found]) -> str:
    """Return what became of some overspends."""
    after = sorted(each.after for each in found if each.after is not None)
    soon = sum(minutes <= SOON for minutes in after)
    right = sum(each.is_rightly_put for each in found)
    cells = [name, len(found), share(len(after), len(found)), share(soon, len(found))]
    cells += [*middle_and_most(after), share(right, len(after))]
    return f"| {' | '.join(map(str, cells))} |"


def middle_and_most(values: Sequence[float]) -> list[str]:
    """Return the median and the 95th of a hundred.

    >>> middle_and_most([1.0, 2.0, 3.0]), middle_and_most([])
    (['2.0', '2.9'], ['', ''])
    """
    if not values:
        return ["", ""]
    several = values if len(values) >= LEAST else [*values, *values]
    cuts = quantiles(several, n=20, method="inclusive")
    return [f"{cuts[9]:.1f}", f"{cuts[18]:.1f}"]


def share(part: int, whole: int) -> str:
    """Return a part of a whole in percent.

    >>> share(1, 3), share(0, 0)
    ('33 %', '')
    """
    return f"{part / whole:.0%}".replace("%", " %") if whole else ""


def falls(scores: Sequence[Score]) -> list[str]:
    """Return how often too little was said of what cost less."""
    rows = ["| costs less | injected | told |", "|---|---|---|"]
    for kind in FALLS:
        told = [each for score in scores for each in score.falls.get(kind, [])]
        rows.append(f"| {kind} | {len(told)} | {share(sum(told), len(told))} |")
    return rows


def false_alerts(scores: Sequence[Score]) -> list[str]:
    """Return what was said for nothing, by kind of alert; months are a tenant's."""
    tenant_months = sum(score.tenant_months for score in scores)
    series_months = sum(score.series_months for score in scores)
    meant = [each.alert["kind"] for score in scores for each in score.meant]
    wrong = [each.alert["kind"] for score in scores for each in score.wrong]
    less = [each.alert["kind"] for score in scores for each in score.wrong_falls]
    rows = [
        "| alerts | meant | false: too much | a month | false: too little | a month | precision |",
        "|---|---|---|---|---|---|---|",
    ]
    for kind in sorted({*meant, *wrong, *less}):
        counts = [each.count(kind) for each in (meant, wrong, less)]
        rows.append(alerts_row(kind, counts, tenant_months))
    rows.append(alerts_row("all", [len(meant), len(wrong), len(less)], tenant_months))
    together = len(wrong) + len(less)
    per_series = together / series_months if series_months else 0.0
    months = f"{tenant_months:.1f} tenant-months, {series_months:.1f} series-months"
    return [*rows, "", f"{months}; {per_series:.2f} false alerts a series-month."]


def alerts_row(name: str, counts: Iterable[int], months: float) -> str:
    """Return a row of alerts that were meant, and were false."""
    meant, wrong, less = counts
    precise = share(meant, meant + wrong + less)
    cells = [name, meant, wrong, f"{wrong / months:.2f}", less, f"{less / months:.2f}", precise]
    return f"| {' | '.join(map(str, cells))} |"

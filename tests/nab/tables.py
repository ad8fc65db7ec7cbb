"""What a run earned, as tables: by profile and group of series, and by series."""

from collections.abc import Callable, Iterable, Sequence

from tests.nab.scoring import (
    Profile,
    Result,
    Scored,
    at_threshold,
    best,
    judged_rows,
    judged_windows,
)
from tests.nab.split import is_tuned_on

NEVER = "-"


def tables(scored: Sequence[Scored], profiles: Sequence[Profile]) -> str:
    """Return all tables of a run."""
    results = {profile: best(scored, profile) for profile in profiles}
    lines = ["", "| profile | threshold | all series |", "|---|---|---|"]
    lines += [
        f"| {p.name} | {r.threshold:.6g} | {earned(scored, p, r.threshold)} |"
        for p, r in results.items()
    ]
    lines += by_group(scored, results)
    lines += by_half(scored, profiles)
    first = profiles[0]
    return "\n".join([*lines, *by_series(scored, first, results[first])])


def by_group(scored: Sequence[Scored], results: dict[Profile, Result]) -> Iterable[str]:
    """Yield what each folder of series earned, at the thresholds of all."""
    groups = sorted({one.name.split("/", maxsplit=1)[0] for one in scored})
    yield from ("", "| group | series | windows |" + "".join(f" {p.name} |" for p in results))
    yield "|---" * (3 + len(results)) + "|"
    for group in groups:
        some = [one for one in scored if one.name.startswith(f"{group}/")]
        windows = sum(map(judged_windows, some))
        cells = (earned(some, p, r.threshold) for p, r in results.items())
        yield f"| {group} | {len(some)} | {windows} |" + "".join(f" {cell} |" for cell in cells)


def earned(some: Sequence[Scored], profile: Profile, threshold: float) -> str:
    """Return what some series earn, normalised; without windows what they cost, in points."""
    result = at_threshold(some, profile, threshold)
    if not sum(map(judged_windows, some)):
        return f"{sum(result.points.values()):.2f} points"
    return f"{result.normalised:.1f}"


def by_half(scored: Sequence[Scored], profiles: Sequence[Profile]) -> Iterable[str]:
    """Yield what the series tuned on earned, and at their threshold the ones kept apart."""
    halves: list[tuple[str, Callable[[str], bool]]] = [
        ("tuned on", is_tuned_on),
        ("kept apart, same threshold", lambda name: not is_tuned_on(name)),
    ]
    yield from ("", "| half | series | windows |" + "".join(f" {p.name} |" for p in profiles))
    yield "|---" * (3 + len(profiles)) + "|"
    tuned = [one for one in scored if is_tuned_on(one.name)]
    thresholds = {profile: best(tuned, profile).threshold for profile in profiles}
    for title, belongs in halves:
        some = [one for one in scored if belongs(one.name)]
        cells = "".join(f" {earned(some, p, t)} |" for p, t in thresholds.items())
        yield f"| {title} | {len(some)} | {sum(map(judged_windows, some))} |{cells}"


def by_series(scored: Sequence[Scored], profile: Profile, result: Result) -> Iterable[str]:
    """Yield what happened in each series under a profile."""
    yield from ("", f"| series ({profile.name}) | windows found | false alarms | points |")
    yield "|---|---|---|---|"
    for one in scored:
        rows = [row for row in judged_rows(0, one) if row.score >= result.threshold]
        found = len({row.window for row in rows} - {None})
        alarms = sum(row.window is None for row in rows)
        windows = f"{found} of {judged_windows(one)}" if one.windows else NEVER
        yield f"| {one.name} | {windows} | {alarms} | {result.points[one.name]:.2f} |"

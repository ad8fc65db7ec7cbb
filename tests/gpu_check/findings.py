"""What a recording says about how this GPU and driver sample. Pure."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from statistics import median

from tests.gpu_check.recording import Tick


def findings(ticks: Sequence[Tick]) -> dict[str, object]:
    """Return the facts that docs/gpu-agent.md leaves open, by name. None: not to be had here."""
    stamps = sorted({at for tick in ticks for at, _ in tick.all_samples or []})
    return {
        "sample_period_us": middle(b - a for a, b in pairwise(stamps)),
        "longest_sample_period_us": max((b - a for a, b in pairwise(stamps)), default=None),
        "samples_kept": max((len(tick.all_samples or []) for tick in ticks), default=None),
        "newest_sample_is_old_us": middle(
            tick.at_us - tick.all_samples[-1][0] for tick in ticks if tick.all_samples
        ),
        "row_stamps_equal_newest_sample": share(
            at == tick.all_samples[-1][0]
            for tick in ticks
            if tick.all_samples
            for _, at, _ in tick.rows or []
        ),
        "largest_sum_of_rows_percent": max(
            (sum(percent for *_, percent in tick.rows or []) for tick in ticks), default=None
        ),
        "garbage_rows": sum(
            pid == 0 or percent > 100 or at <= tick.since_us
            for tick in ticks
            for pid, at, percent in tick.rows or []
        ),
        "steps": {step: work(ticks, step) for step in dict.fromkeys(tick.step for tick in ticks)},
        "counter_over_power": energy_ratio(ticks),
        "call_took_us": {
            name: (middle(took(ticks, name)), max(took(ticks, name), default=None))
            for name in dict.fromkeys(name for tick in ticks for name in tick.took_us)
        },
        "refused": dict(entry for tick in ticks for entry in tick.refused.items()),
    }


def work(ticks: Sequence[Tick], step: str) -> dict[str, float | None]:
    """Return the mean share of a step's time that each way of counting calls work."""
    windows = [tick for tick in ticks if tick.step == step]
    for_us = sum(tick.at_us - before.at_us for before, tick in pairwise(windows))
    if not for_us:
        return {}
    own_us = newest_us = 0.0
    for tick in windows[1:]:
        newest = max((at for _, at, _ in tick.rows or []), default=tick.since_us)
        own_us += sum(p / 100 * (at - tick.since_us) for _, at, p in tick.rows or [])
        newest_us += sum(p / 100 * (newest - tick.since_us) for _, _, p in tick.rows or [])
    sampled = [percent for tick in windows[1:] for _, percent in tick.samples or []]
    return {
        "rows_to_their_own_stamp": round(own_us / for_us, 4),
        "rows_to_the_newest_stamp": round(newest_us / for_us, 4),
        "device_samples": round(sum(sampled) / len(sampled) / 100, 4) if sampled else None,
    }


def energy_ratio(ticks: Sequence[Tick]) -> float | None:
    """Return the counter's energy over the integral of the power readings."""
    known = [tick for tick in ticks if tick.energy_mj is not None and tick.power_mw is not None]
    integral_mj = sum(
        (a.power_mw + b.power_mw) / 2 * (b.at_us - a.at_us) / 1e6
        for a, b in pairwise(known)
        if a.power_mw is not None and b.power_mw is not None
    )
    if not integral_mj:
        return None
    first, last = known[0].energy_mj or 0, known[-1].energy_mj or 0
    return round((last - first) / integral_mj, 4)


def took(ticks: Sequence[Tick], name: str) -> list[int]:
    """Return how long each call of a name took."""
    return [tick.took_us[name] for tick in ticks if name in tick.took_us]


def middle(values: Iterable[int]) -> float | None:
    """Return the median; None of nothing."""
    known = list(values)
    return median(known) if known else None


def share(facts: Iterable[bool]) -> float | None:
    """Return how many are true, 0..1; None of nothing."""
    known = list(facts)
    return round(sum(known) / len(known), 4) if known else None

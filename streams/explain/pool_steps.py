"""Steps of what a pool costs: its GPUs, their time and rate, and who had how much of it. Pure."""

from collections.abc import Iterable, Iterator
from fractions import Fraction

from streams.core.held import costed
from streams.core.held import gpu_parts as parts_of
from streams.core.money import half_even
from streams.core.price import GPU_DIVISOR
from streams.explain.amounts import money, rounded, shown
from streams.explain.capacity_words import sort_of
from streams.explain.made import Made
from streams.explain.step import Step
from streams.explain.time_cost import TimeAt, gpu_parts, seconds, time_steps, times_at
from streams.prices.text_table import text_table
from streams.replay.ask import Row

MOST = 20  # holders shown, the dearest first
HEADS = ("GPU-seconds", "cost", "")


def pool_steps(made: Made, devices: Iterable[Row]) -> Iterator[Step]:
    """Yield the steps; none where a pool has no GPU time. `devices`: rows of reported_devices."""
    parts = gpu_parts(made)
    if not parts:
        return
    yield from gpus(made, devices, sum(part.addition.quantity for part in parts))
    yield from time_steps(made, parts)
    priced = [time for time in times_at(parts) if time.rate]
    if priced:
        yield together(priced)
        yield Step("who had it", notes=tuple(holders(made)))


def gpus(made: Made, devices: Iterable[Row], for_us: int) -> Iterator[Step]:
    """Yield how many GPUs were reported, and how much of the window they were reported for."""
    where, names = made.window.where, made.window.rules.catalog
    mine = [row for row in devices if names.pool_of_node(row[1], where.start_us) == where.pool]
    count = sum(row[4] for row in mine)
    length_us = where.end_us - where.start_us
    said = f"{count:,} x {seconds(length_us)} = {seconds(count * length_us)} GPU-seconds"
    if for_us != count * length_us:
        said += f", of which {seconds(for_us)} were reported"
    nodes = sorted({row[1] for row in mine})
    named = ", ".join(nodes[:MOST]) + (f" and {len(nodes) - MOST:,} more" * (len(nodes) > MOST))
    yield Step(f"GPUs of {named}, as {', '.join(sorted({row[0] for row in mine}))} said", said)


def together(times: list[TimeAt]) -> Step:
    """Return what all of the time costs, rounded once."""
    parts = [Fraction(time.for_us * time.rate_of("cost"), GPU_DIVISOR) for time in times]
    pico = half_even(sum(time.for_us * time.rate_of("cost") for time in times), GPU_DIVISOR)
    sum_of = f"{' + '.join(map(shown, parts))} = " if len(parts) > 1 else ""
    said = f"{sum_of}{rounded(sum(parts, Fraction(0)), pico)}"
    return Step("together, rounded once; from here on it is only split", said, pico=pico)


def holders(made: Made) -> list[str]:
    """Return who had how much of the time, and what that costs, as rows of text."""
    costs: dict[str, int] = {}
    times: dict[str, int] = {}
    for _, _, part in costed(parts_of(made.entries), explained=True):
        words = sort_of(part)
        costs[words] = costs.get(words, 0) + part.cost
        times[words] = times.get(words, 0) + part.for_us
    dearest = sorted(costs, key=lambda words: (-costs[words], words))
    rows = [(seconds(times[words]), money(costs[words]), words) for words in dearest[:MOST]]
    rest = dearest[MOST:]
    if rest:
        amounts = (sum(each[words] for words in rest) for each in (times, costs))
        time_us, pico = amounts
        rows.append((seconds(time_us), money(pico), f"and {len(rest):,} more"))
    return text_table(HEADS, rows, right="GPU-seconds cost")

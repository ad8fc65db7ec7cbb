"""Metering GPU intervals: each is balanced, cut at window and price edges, and stays balanced."""

from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter
from typing import TypeAlias

from schemas.records import GpuInterval
from streams.core.catalog import Catalog
from streams.core.money import split
from streams.core.outcomes import Rejected
from streams.core.price import GPU_DIVISOR, Rate
from streams.core.price_book import PriceBook
from streams.core.sums import Key, MeterKey, Sums
from streams.core.tally import Tally
from streams.core.timeline import Timeline
from streams.core.windows import DAY_US, pieces, window_start

UNIT = "GPU-Microseconds"
GPU = "gpu."  # what its meters begin with
ACTIVE = "gpu.active"
HELD_IDLE = "gpu.held_idle"
UNALLOCATED = "gpu.unallocated"
STRANDED = "gpu.stranded"
OUT_OF_SERVICE = "gpu.out_of_service"
MAX_INTERVAL_US = DAY_US  # agents publish minutes; more is a clock that jumped
NO_RATE = Rate(0, 0)

# tenant, project, endpoint, job, as reported
Holding: TypeAlias = tuple[str | None, str | None, str | None, str | None]
holding_of = itemgetter("tenant", "project", "endpoint", "job")
Part: TypeAlias = tuple[Key, str, int]  # who, which meter, GPU-microseconds


def meter_gpu(
    events: Sequence[GpuInterval],
    tally: Tally,
    book: PriceBook,
    catalog: Catalog,
    horizon_us: int,
) -> list[Rejected]:
    """Add the intervals of a batch to a tally; return those that cannot be counted."""
    rejected = []
    for index, event in enumerate(events):
        found = fault(index, event, horizon_us)
        if found:
            rejected.append(found)
            continue
        pool = catalog.pool_of_node(event["node"])
        tally.newest_us = max(tally.newest_us, event["end_us"])
        tally.count_capacity_events(window_start(event["start_us"], tally.window_us), pool)
        add_interval(tally, book, catalog, event, pool)
    return rejected


def add_interval(
    tally: Tally, book: PriceBook, catalog: Catalog, event: GpuInterval, pool: str
) -> None:
    """Add every part of an interval, piece by piece."""
    rates = book.gpu_rates(event["gpu_model"], pool, event["purchase_option"])
    for begin, parts in cut(event, parts_of(event, catalog), tally.window_us, rates):
        sums = tally.sums(window_start(begin, tally.window_us), pool)
        add_parts(sums, parts, rates.at(begin))


def add_parts(sums: Sums, parts: Iterable[Part], rate: Rate | None) -> None:
    """Add parts of the time at a rate; without one they are kept, unpriced."""
    cost, listed = rate or NO_RATE
    for key, meter, for_us in parts:
        if for_us:
            meter_key = MeterKey(meter, UNIT, GPU_DIVISOR, rate is not None)
            sums.entry(key).add(meter_key, for_us, for_us * cost, for_us * listed)


def parts_of(event: GpuInterval, catalog: Catalog) -> list[Part]:
    """Return where the time of an interval went; the parts sum to its length."""
    model = event["gpu_model"]
    parts: list[Part] = []
    for holder in event["holders"]:
        key = holder_key(catalog, model, holding_of(holder))
        parts.append((key, ACTIVE, holder["active_us"]))
        parts.append((key, HELD_IDLE, holder["held_us"] - holder["active_us"]))
    nobody = unheld_key(model)
    parts.append((nobody, UNALLOCATED, event["unallocated_us"]))
    parts.append((nobody, STRANDED, event["stranded_us"]))
    parts.append((nobody, OUT_OF_SERVICE, event["out_of_service_us"]))
    return parts


def holder_key(catalog: Catalog, model: str, holder: Holding) -> Key:
    """Return who held a GPU, and what for; allocation decides who pays for an endpoint."""
    reported, project, endpoint, job = holder
    tenant = None if endpoint else catalog.tenant(reported)
    return Key(tenant, project, None, model, endpoint, job)


def unheld_key(model: str) -> Key:
    """Return whose a GPU is that nobody held."""
    return Key(None, None, None, model, None, None)


def cut(
    event: GpuInterval, parts: list[Part], window_us: int, rates: Timeline[Rate | None]
) -> Iterator[tuple[int, list[Part]]]:
    """Yield (begin, parts) of each piece: every piece is balanced, and so is every part.

    Each piece takes its share of what is left, by largest remainder, so nothing is made or lost.
    """
    left = [for_us for _, _, for_us in parts]
    start, stop = event["start_us"], event["end_us"]
    for begin, end in pieces(start, stop, window_us, rates.edges(start, stop)):
        taken = left if end == stop else split(end - begin, left)
        left = [have - take for have, take in zip(left, taken, strict=True)]
        yield (
            begin,
            [(key, meter, take) for (key, meter, _), take in zip(parts, taken, strict=True)],
        )


def fault(index: int, event: GpuInterval, horizon_us: int) -> Rejected | None:
    """Name what is wrong with an interval, if anything is."""
    start, end = event["start_us"], event["end_us"]
    if end <= start or start <= 0:
        reason, detail = "end_before_start", f"0 < start_us < end_us, got {start} and {end}"
    elif end > horizon_us:
        reason, detail = "future_time", f"end_us <= {horizon_us}, got {end}; set the node's clock"
    elif end - start > MAX_INTERVAL_US:
        reason, detail = "interval_too_long", f"at most a day, got {end - start} us; split it"
    else:
        return unbalanced(index, event)
    return Rejected(index, reason, f"expected {detail}")


def unbalanced(index: int, event: GpuInterval) -> Rejected | None:
    """Name what is wrong with the parts of an interval, if anything is."""
    length = event["end_us"] - event["start_us"]
    idle = (event["unallocated_us"], event["stranded_us"], event["out_of_service_us"])
    held = [holder["held_us"] for holder in event["holders"]]
    if min((*idle, *held)) < 0:
        reason, detail = "negative_quantity", f"times >= 0, got {idle} and {held}"
    elif any(not 0 <= h["active_us"] <= h["held_us"] for h in event["holders"]):
        reason, detail = "active_exceeds_held", "0 <= active_us <= held_us of every holder"
    elif sum(idle) + sum(held) != length:
        reason = "unbalanced"
        detail = f"parts that sum to {length} us, got {sum(idle) + sum(held)}; fix the agent"
    else:
        return None
    return Rejected(index, reason, f"expected {detail}")

"""Metering GPU intervals: each is balanced, cut at window and price edges, and stays balanced."""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import NamedTuple, TypeAlias

from schemas.records import GpuInterval
from streams.core.catalog import Attribution, Catalog
from streams.core.money import split
from streams.core.outcomes import Rejected
from streams.core.price import GPU_DIVISOR, Rate
from streams.core.price_book import PriceBook
from streams.core.reserved import UNATTRIBUTED
from streams.core.sums import Key, MeterKey, Sums
from streams.core.tally import Tally
from streams.core.windows import DAY_US, pieces, window_start

UNIT = "GPU-Microseconds"
GPU = "gpu."  # what its meters begin with
ACTIVE = "gpu.active"
HELD_IDLE = "gpu.held_idle"
UNALLOCATED = "gpu.unallocated"
STRANDED = "gpu.stranded"
OUT_OF_SERVICE = "gpu.out_of_service"
UNOBSERVED = "gpu.unobserved"
UNHELD = (UNALLOCATED, STRANDED, OUT_OF_SERVICE, UNOBSERVED)
METER_KEYS = {
    (meter, is_priced): MeterKey(meter, UNIT, GPU_DIVISOR, is_priced)
    for meter in (ACTIVE, HELD_IDLE, *UNHELD)
    for is_priced in (False, True)
}
MAX_INTERVAL_US = DAY_US  # agents publish minutes; more is a clock that jumped
MODELS_KEPT = 1000
NO_RATE = Rate(0, 0)

# tenant, project, endpoint, job, as reported
Holding: TypeAlias = tuple[str | None, str | None, str | None, str | None]
holding_of = itemgetter("tenant", "project", "endpoint", "job")
Part: TypeAlias = tuple[Key, str, int]  # who, which meter, GPU-microseconds


class Piece(NamedTuple):
    """A piece of an interval: the window and pool it is in, its rate, and where its time went."""

    window_us: int
    pool: str
    rate: Rate | None
    times: list[int]


def meter_gpu(
    events: Sequence[GpuInterval],
    tally: Tally,
    book: PriceBook,
    names: Attribution,
    horizon_us: int,
) -> list[Rejected]:
    """Add the intervals of a batch to a tally; return those that cannot be counted."""
    rejected = []
    for index, event in enumerate(events):
        found = fault(index, event, horizon_us)
        if found:
            rejected.append(found)
            continue
        tally.newest_us = max(tally.newest_us, event["end_us"])
        add_interval(tally, book, names, event)
    return rejected


def add_interval(tally: Tally, book: PriceBook, names: Attribution, event: GpuInterval) -> None:
    """Add every part of an interval, piece by piece; count it in the window it begins in."""
    events = 1
    for piece in cut(event, names.catalog, book, tally.window_us):
        keys = keys_of(event, names, piece.window_us)
        parts = [(*key, for_us) for key, for_us in zip(keys, piece.times, strict=True)]
        add_parts(tally.sums(piece.window_us, piece.pool), parts, piece.rate)
        if events:
            tally.count_capacity_events(piece.window_us, piece.pool)
            count_unattributed(tally, names, event, piece.window_us)
            events = 0


def count_unattributed(
    tally: Tally, names: Attribution, event: GpuInterval, window_us: int
) -> None:
    """Count the holders of an interval that nobody pays for."""
    for holder in event["holders"]:
        reported = holder["tenant"]
        if not holder["endpoint"] and names.tenant(reported, window_us) == UNATTRIBUTED:
            tally.unattributed[names.why_nobody(reported, window_us)] += 1


def add_parts(sums: Sums, parts: Iterable[Part], rate: Rate | None) -> None:
    """Add parts of the time at a rate; without one they are kept, unpriced."""
    cost, listed = rate or NO_RATE
    is_priced = rate is not None
    for key, meter, for_us in parts:
        if for_us:
            meter_key = METER_KEYS[meter, is_priced]
            sums.entry(key).add(meter_key, for_us, for_us * cost, for_us * listed)


def times_of(event: GpuInterval) -> list[int]:
    """Return where the time of an interval went, as `keys_of` orders it; it sums to its length."""
    times: list[int] = []
    for holder in event["holders"]:
        times += (holder["active_us"], holder["held_us"] - holder["active_us"])
    times += unheld_times(event)
    return times


def unheld_times(event: GpuInterval) -> tuple[int, int, int, int]:
    """Return the time of an interval that is no holder's, in the order of UNHELD."""
    return (
        event["unallocated_us"],
        event["stranded_us"],
        event["out_of_service_us"],
        event["unobserved_us"] or 0,
    )


def keys_of(event: GpuInterval, names: Attribution, window_us: int) -> list[tuple[Key, str]]:
    """Return whose the parts of an interval are in a window, and by which meter."""
    model = event["gpu_model"]
    keys: list[tuple[Key, str]] = []
    for holder in event["holders"]:
        key = holder_key(names, window_us, model, holding_of(holder))
        keys += ((key, ACTIVE), (key, HELD_IDLE))
    keys += unheld_keys(model)
    return keys


def holder_key(names: Attribution, window_us: int, model: str, holder: Holding) -> Key:
    """Return who held a GPU, and what for; allocation decides who pays for an endpoint."""
    reported, project, endpoint, job = holder
    tenant = None if endpoint else names.tenant(reported, window_us)
    return Key(tenant, project, None, model, endpoint, job)


def unheld_key(model: str) -> Key:
    """Return whose a GPU is that nobody held."""
    return Key(None, None, None, model, None, None)


@lru_cache(MODELS_KEPT)
def unheld_keys(model: str) -> tuple[tuple[Key, str], ...]:
    """Return whose the time is that is no holder's, in the order of UNHELD."""
    return tuple((unheld_key(model), meter) for meter in UNHELD)


def cut(event: GpuInterval, catalog: Catalog, book: PriceBook, window_us: int) -> Iterator[Piece]:
    """Yield an interval in pieces: every piece is balanced, and so is every part.

    Each piece takes its share of what is left, by largest remainder, so nothing is made or lost.
    """
    left = times_of(event)
    end_us = event["end_us"]
    for begin, end, pool in stays(event, catalog, window_us):
        rates = book.gpu_rates(event["gpu_model"], pool, event["purchase_option"])
        for since, until in pieces(begin, end, window_us, rates.edges(begin, end)):
            taken = left if until == end_us else split(until - since, left)
            left = [have - take for have, take in zip(left, taken, strict=True)]
            yield Piece(window_start(since, window_us), pool, rates.at(since), taken)


def stays(event: GpuInterval, catalog: Catalog, window_us: int) -> Iterator[tuple[int, int, str]]:
    """Yield (begin, end, pool) of an interval: by another window its node may have moved."""
    begin, end = event["start_us"], event["end_us"]
    opened = window_start(begin, window_us)
    for edge in catalog.edges(opened, end):
        follows = window_start(edge - 1, window_us) + window_us  # the first window it holds for
        if begin < follows < end:
            yield begin, follows, catalog.pool_of_node(event["node"], opened)
            begin = opened = follows
    yield begin, end, catalog.pool_of_node(event["node"], opened)


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
    unheld = unheld_times(event)
    holders = event["holders"]
    held = [holder["held_us"] for holder in holders]
    if min((*unheld, *held)) < 0:
        reason, detail = "negative_quantity", f"times >= 0, got {unheld} and {held}"
    elif any(not 0 <= h["active_us"] <= h["held_us"] for h in holders):
        reason, detail = "active_exceeds_held", "0 <= active_us <= held_us of every holder"
    elif any(not 0 <= (h["no_context_us"] or 0) <= h["held_us"] - h["active_us"] for h in holders):
        reason = "no_context_exceeds_idle"
        detail = "0 <= no_context_us <= held_us - active_us of every holder"
    elif sum(unheld) + sum(held) != length:
        reason = "unbalanced"
        detail = f"parts that sum to {length} us, got {sum(unheld) + sum(held)}; fix the agent"
    else:
        return None
    return Rejected(index, reason, f"expected {detail}")

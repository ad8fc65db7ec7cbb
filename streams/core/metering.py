"""From a decoded usage batch to its partials: the whole of what the meter processor does."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from schemas.records import Partial
from streams.core.catalog import Attribution, Catalog, Nobody
from streams.core.gpu import meter_gpu
from streams.core.inference import meter_inference
from streams.core.outcomes import Rejected
from streams.core.price_book import PriceBook
from streams.core.resource import meter_resource
from streams.core.tally import Tally

LATEST_US = 7_258_118_400 * 10**6  # 2200-01-01, what the archive can hold

Meter: TypeAlias = Callable[[Any, Tally, PriceBook, Attribution, int], list[Rejected]]

METERS: dict[str, Meter] = {
    "InferenceUsageBatch": meter_inference,
    "GpuUsageBatch": meter_gpu,
    "ResourceUsageBatch": meter_resource,
}


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything metering depends on beside the batch itself."""

    book: PriceBook
    catalog: Catalog
    window_us: int
    max_skew_us: int
    book_at_us: int | None = None  # when it was published; None: the built-in one
    catalog_at_us: int | None = None  # likewise


@dataclass(frozen=True, slots=True)
class Metered:
    """What a batch amounts to. `newest_us` is the greatest event time counted, 0 when none was.

    `unattributed` counts calls, quantities and holders of GPUs whose tenant nobody is, by reason;
    `evidence` those of the events that are not counted, see `streams.core.observers`.
    """

    partials: list[Partial]
    rejected: list[Rejected]
    events: int
    newest_us: int
    unattributed: Mapping[Nobody, int] = field(default_factory=dict)
    evidence: int = 0


def meter_batch(
    name: str, batch: Mapping[str, Any], origin: str, rules: Rules, now_us: int
) -> Metered:
    """Meter one batch: validate, attribute, rate by event time, split at windows, sum.

    `name` is the record's, one of METERS; anything else is rejected whole. Events more than
    `max_skew_us` after `now_us` are rejected.
    """
    meter = METERS.get(name)
    if meter is None:
        wrong = Rejected(-1, "not_a_usage_batch", f"expected one of {sorted(METERS)}, got {name}")
        return Metered([], [wrong], 0, 0)
    wrong_head = head_fault(batch)
    if wrong_head:
        return Metered([], [wrong_head], 0, 0)
    tally = Tally(rules.window_us)
    names = rules.catalog.said_by(batch["source"])
    rejected = meter(batch["events"], tally, rules.book, names, now_us + rules.max_skew_us)
    partials = [partial(batch, origin, rules, tally, key) for key in tally.by_window_pool]
    events = len(batch["events"]) - len(rejected)
    newest_us, nobodys = tally.newest_us, tally.unattributed
    return Metered(partials, rejected, events, newest_us, nobodys, tally.evidence)


def head_fault(batch: Mapping[str, Any]) -> Rejected | None:
    """Name what is wrong with a batch as a whole, if anything is."""
    if batch["seq"] < 0 or not batch["source"]:
        got = f"{batch['source']!r} and {batch['seq']}"
        return Rejected(-1, "bad_batch_id", f"expected a source and seq >= 0, got {got}")
    instants = [batch["sent_at_us"]]
    for loss in batch["losses"]:
        instants += (loss["first_us"], loss["last_us"])
    if not all(0 < instant < LATEST_US for instant in instants):
        return Rejected(-1, "bad_time", f"expected UTC microseconds before 2200, got {instants}")
    return None


def partial(
    batch: Mapping[str, Any],
    origin: str,
    rules: Rules,
    tally: Tally,
    window_pool: tuple[int, str],
) -> Partial:
    """Return the partial of one (window, pool)."""
    start_us, pool = window_pool
    idle = rules.catalog.pool(pool, start_us).idle
    return {
        "window_start_us": start_us,
        "window_end_us": start_us + rules.window_us,
        "pool": pool,
        "source": batch["source"],
        "epoch": batch["epoch"],
        "seq": batch["seq"],
        "origin": origin,
        "currency": rules.book.currency,
        "price_book": rules.book.version,
        "catalog": rules.catalog.version,
        "price_book_at_us": rules.book_at_us,
        "catalog_at_us": rules.catalog_at_us,
        "idle_basis": idle.basis,
        "idle_share": "separate" if idle.share == "reservation" else idle.share,
        "capacity_events": tally.capacity_events.get(window_pool, 0),
        "sums": tally.by_window_pool[window_pool].records(),
    }

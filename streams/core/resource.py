"""Metering other resources: a quantity over a stretch of time, spread over its windows exactly."""

from collections.abc import Sequence

from schemas.decimals import ONE, from_bytes
from schemas.records import ResourceUsage
from streams.core.catalog import COMMITMENT_KIND, Attribution, resource_pool
from streams.core.money import split
from streams.core.outcomes import Rejected
from streams.core.price import Rate
from streams.core.price_book import MeterUnit, PriceBook, Rates
from streams.core.rating import Rater
from streams.core.reserved import UNATTRIBUTED
from streams.core.sums import Key
from streams.core.tally import Tally
from streams.core.timeline import Timeline
from streams.core.windows import DAY_US, pieces, window_start

MAX_STRETCH_US = DAY_US  # a partial per window: a day is 1,440 of them
QUANTITY_LIMIT = 10**15 * ONE  # in 1e-12 units; times any sane price it fits a decimal(38, 12)


def meter_resource(
    events: Sequence[ResourceUsage],
    tally: Tally,
    book: PriceBook,
    names: Attribution,
    horizon_us: int,
) -> list[Rejected]:
    """Add the quantities of a batch to a tally; return those that cannot be counted."""
    rejected = []
    rater = Rater(book, tally)
    for index, event in enumerate(events):
        found = fault(index, event, horizon_us)
        if found:
            rejected.append(found)
            continue
        tally.newest_us = max(tally.newest_us, event["end_us"])
        add_quantity(rater, names, event)
    return rejected


def meter_name(kind: str) -> str:
    """Return the meter, and line kind, of a resource."""
    return f"resource.{kind}"


def add_quantity(rater: Rater, names: Attribution, event: ResourceUsage) -> None:
    """Add a quantity, rated at each piece's begin, paid by whom its window's begin says."""
    sku, tally = event["sku"], rater.tally
    meter = (meter_name(event["kind"]), event["unit"])
    rates = rater.book.resource_rates(meter[0], sku, meter[1])
    pool = resource_pool(event["kind"])
    is_commitment = event["kind"].startswith(COMMITMENT_KIND)  # allocation decides who pays
    events = 1
    for begin, quantity in spread(event, tally.window_us, rates):
        place = (window_start(begin, tally.window_us), pool)
        tenant = names.tenant(event["tenant"], place[0])
        if tenant == UNATTRIBUTED and not is_commitment:
            tally.unattributed[names.why_nobody(event["tenant"], place[0])] += events
        key = payer(tenant, event["project"], sku, event["resource_id"])
        tally.sums(*place).entry(key).events += events
        rater.add(place, key, {meter: quantity}, only_rate(meter, rates.at(begin)))
        events = 0


def only_rate(meter: MeterUnit, rate: Rate | None) -> Rates:
    """Return the rates of one meter: none where it has no price."""
    return {} if rate is None else {meter: rate}


def payer(tenant: str, project: str | None, sku: str, resource_id: str | None) -> Key:
    """Return who pays for a resource, and what it is."""
    return Key(tenant, project, None, sku, None, resource_id)


def spread(
    event: ResourceUsage, window_us: int, rates: Timeline[Rate | None]
) -> list[tuple[int, int]]:
    """Return (begin, quantity in 1e-12 units) of each piece; the quantities sum to the event's."""
    quantity = from_bytes(event["quantity"])
    start, end = event["start_us"], event["end_us"]
    if start == end:
        return [(start, quantity)]
    cuts = list(pieces(start, end, window_us, rates.edges(start, end)))
    shares = split(quantity, [stop - begin for begin, stop in cuts])
    return [(begin, share) for (begin, _), share in zip(cuts, shares, strict=True)]


def fault(index: int, event: ResourceUsage, horizon_us: int) -> Rejected | None:
    """Name what is wrong with a quantity, if anything is."""
    start, end = event["start_us"], event["end_us"]
    quantity = from_bytes(event["quantity"])
    if end < start or start <= 0:
        reason, detail = "end_before_start", f"0 < start_us <= end_us, got {start} and {end}"
    elif end > horizon_us:
        reason, detail = "future_time", f"end_us <= {horizon_us}, got {end}; set the clock"
    elif end - start > MAX_STRETCH_US:
        reason, detail = "interval_too_long", f"at most a day, got {end - start} us; split it"
    elif quantity < 0:
        reason, detail = "negative_quantity", "quantity >= 0; send a credit instead"
    elif quantity >= QUANTITY_LIMIT:
        reason, detail = "quantity_too_large", "less than 1e15 units; use a larger unit"
    else:
        return None
    return Rejected(index, reason, f"expected {detail}")

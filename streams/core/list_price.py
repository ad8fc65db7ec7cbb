"""What the archive says of each event: its pool, its payer, and its cost at list price.

The same rules as metering, event by event: what metering rejects has no entry here. Summed list
costs may differ from the lines by rounding, since each event is rounded by itself.
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from schemas.records import GpuInterval, InferenceUsage, ResourceUsage
from streams.core import gpu, resource
from streams.core.call_price import by_meter, is_unknown
from streams.core.catalog import COMMITMENT_KIND, Attribution, api_pool, resource_pool
from streams.core.inference import Caller, Groups, caller_of, used_by
from streams.core.metering import Metered, Rules
from streams.core.meters import tier_of
from streams.core.money import half_even
from streams.core.price import GPU_DIVISOR, TOKEN_DIVISOR, UNIT_DIVISOR, Rate
from streams.core.price_book import PriceBook, Rates
from streams.core.rating import divisor_of
from streams.core.tenants import FIRST
from streams.core.windows import window_start


@dataclass(frozen=True, slots=True)
class Listed:
    """One event as attributed.

    `tenant` None: allocation decides. `cost_pico` None: no list price, or charged by GPU time.
    `precedence`: which observer of a call its source is.
    """

    pool: str
    tenant: str | None
    cost_pico: int | None
    precedence: int = FIRST


def list_events(
    name: str, batch: Mapping[str, Any], metered: Metered, rules: Rules
) -> list[Listed | None]:
    """Return an entry per event of a metered batch, None for the rejected ones."""
    rejected = {each.index for each in metered.rejected}
    if -1 in rejected:
        return [None] * len(batch["events"])
    events, names = batch["events"], rules.catalog.said_by(batch["source"])
    if name == "InferenceUsageBatch":
        return list_calls(events, rejected, rules, names)
    listing = {"GpuUsageBatch": list_interval, "ResourceUsageBatch": list_resource}[name]
    return [
        None if index in rejected else listing(event, rules, names)
        for index, event in enumerate(events)
    ]


def list_calls(
    events: Sequence[InferenceUsage], rejected: Container[int], rules: Rules, names: Attribution
) -> list[Listed | None]:
    """Attribute and price model calls. A caller's calls mostly have one payer and one price."""
    groups = Groups(rules.book, rules.window_us)
    payers: dict[tuple[Caller, int], Listed] = {}
    found: list[Listed | None] = []
    for index, event in enumerate(events):
        if index in rejected:
            found.append(None)
            continue
        caller, at_us, tokens = caller_of(event), event["at_us"], event["input_tokens"] or 0
        group = groups.latest.get(caller)
        if group is None or not group.holds(at_us, tokens):
            group = groups.find(caller, at_us, tokens)
        listed = payers.get((caller, group.window_us))
        if listed is None:
            listed = payer_of(event, names, group.window_us)
            payers[caller, group.window_us] = listed
        if listed.cost_pico is not None:
            listed = replace(listed, cost_pico=cost_at(event, group.rates))
        found.append(listed)
    return found


def payer_of(event: InferenceUsage, names: Attribution, window_us: int) -> Listed:
    """Attribute a call; its cost is 0 for now, and None when it is charged by GPU time.

    One of several pools is in the first.
    """
    tenant = names.tenant(event["tenant"], window_us)
    precedence = names.precedence(window_us)
    endpoint = names.at(window_us).gpu_endpoint(event["endpoint"])
    if endpoint:
        return Listed(endpoint.pools[0], tenant, None, precedence)
    return Listed(api_pool(event["provider"]), tenant, 0, precedence)


def call_cost(event: InferenceUsage, book: PriceBook) -> int | None:
    """Return the list cost of a call in pico; None when something it used has no price."""
    tier = tier_of(event["service_tier"])
    timeline = book.call_rates(event["provider"], event["model"], event["region"], tier)
    return cost_at(event, timeline.at(event["at_us"]).at(event["input_tokens"] or 0))


def cost_at(event: InferenceUsage, rates: Rates) -> int | None:
    """Return the list cost of a call at rates."""
    used = used_by(event)
    others = event["quantities"]
    if others:
        used.add_others(others)
    elif not (event["input_tokens"] or event["output_tokens"]):
        used.count_nothing(event)
    if is_unknown(used, rates):
        return None
    tokens = units = 0
    for meter, quantity in by_meter(used, rates).items():
        rate = rates.get(meter)
        if rate is None:
            return None
        if divisor_of(meter[0]) == TOKEN_DIVISOR:
            tokens += quantity * rate.listed
        else:
            units += quantity * rate.listed
    return half_even(tokens * (UNIT_DIVISOR // TOKEN_DIVISOR) + units, UNIT_DIVISOR)


def list_interval(event: GpuInterval, rules: Rules, names: Attribution) -> Listed:
    """Attribute and price one GPU interval as a whole, which is in the pool it begins in."""
    found = list(gpu.cut(event, names.catalog, rules.book, rules.window_us))
    amounts = [(sum(piece.times), piece.rate) for piece in found]
    return Listed(found[0].pool, None, total(amounts, GPU_DIVISOR))


def list_resource(event: ResourceUsage, rules: Rules, names: Attribution) -> Listed:
    """Attribute and price one resource quantity."""
    rates = rules.book.resource_rates(
        resource.meter_name(event["kind"]), event["sku"], event["unit"]
    )
    amounts = [
        (quantity, rates.at(begin))
        for begin, quantity in resource.spread(event, rules.window_us, rates)
    ]
    pool = resource_pool(event["kind"])
    decided_later = event["kind"].startswith(COMMITMENT_KIND)
    window_us = window_start(event["start_us"], rules.window_us)
    tenant = None if decided_later else names.tenant(event["tenant"], window_us)
    return Listed(pool, tenant, total(amounts, UNIT_DIVISOR))


def total(amounts: list[tuple[int, Rate | None]], divisor: int) -> int | None:
    """Return the sum of quantities times rates in pico; None when a rate is missing."""
    priced = [quantity * rate.listed for quantity, rate in amounts if rate is not None]
    return half_even(sum(priced), divisor) if len(priced) == len(amounts) else None

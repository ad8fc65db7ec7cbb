"""Metering model calls: the hot loop.

Calls are grouped by everything that decides payer and price, then each group is rated once, which
is the same as rating each call: a group has one rate a meter, and amounts are exact integers.
"""

from bisect import bisect_right
from collections.abc import Sequence
from typing import TypeAlias

from schemas.records import InferenceUsage
from streams.core.catalog import Catalog, Endpoint, api_pool
from streams.core.outcomes import Rejected
from streams.core.price_book import TOKEN_DIVISOR, TOKEN_METERS, TOKENS, PriceBook, TokenRates
from streams.core.sums import Entry, Key, MeterKey
from streams.core.tally import Tally

WORK = MeterKey("work", "Token-Work", 1, True)
UNKNOWN = MeterKey("tokens.unknown", "Events", 1, False)
PRICED = tuple(MeterKey(name, TOKENS, TOKEN_DIVISOR, True) for name in TOKEN_METERS)
UNPRICED = tuple(MeterKey(name, TOKENS, TOKEN_DIVISOR, False) for name in TOKEN_METERS)

# window, tenant, project, provider, model, endpoint, position of the rates in time
Group: TypeAlias = tuple[int, str | None, str | None, str, str, str | None, int]


def meter_inference(
    events: Sequence[InferenceUsage],
    tally: Tally,
    book: PriceBook,
    catalog: Catalog,
    horizon_us: int,
) -> list[Rejected]:
    """Add the calls of a batch to a tally; return those that cannot be counted.

    A call after `horizon_us` comes from a clock that is wrong.
    """
    rejected: list[Rejected] = []
    groups: dict[Group, list[int]] = {}
    window_us = tally.window_us
    token_rates = book.token_rates
    newest = 0
    for index, event in enumerate(events):
        at = event["at_us"]
        tokens_in = event["input_tokens"] or 0
        read = event["cache_read_tokens"] or 0
        write_5m = event["cache_write_5m_tokens"] or 0
        write_1h = event["cache_write_1h_tokens"] or 0
        tokens_out = event["output_tokens"] or 0
        reasoning = event["reasoning_tokens"] or 0
        uncached = tokens_in - read - write_5m - write_1h
        # One test for all faults: a bitwise or is negative when any of its terms is.
        if (
            uncached | read | write_5m | write_1h | tokens_out - reasoning | reasoning
        ) < 0 or not 0 < at <= horizon_us:
            rejected.append(fault(index, event, horizon_us))
            continue
        newest = max(newest, at)
        provider = event["provider"]
        model = event["model"]
        rates = token_rates(provider, model)
        key = (
            at - at % window_us,
            event["tenant"],
            event["project"],
            provider,
            model,
            event["endpoint"],
            bisect_right(rates.edges, at),
        )
        group = groups.get(key)
        if group is None:
            groups[key] = group = [0, 0, 0, 0, 0, 0, 0, 0]
        group[0] += uncached
        group[1] += read
        group[2] += write_5m
        group[3] += write_1h
        group[4] += tokens_out
        group[5] += reasoning
        group[6] += 1
        if event["input_tokens"] is None and event["output_tokens"] is None:
            group[7] += 1
    tally.newest_us = max(tally.newest_us, newest)
    for key, quantities in groups.items():
        add_group(tally, book, catalog, key, quantities)
    return rejected


def add_group(
    tally: Tally, book: PriceBook, catalog: Catalog, group: Group, quantities: list[int]
) -> None:
    """Rate one group and add it to the window's pool."""
    window, tenant, project, provider, model, endpoint, position = group
    paid_by_gpu = catalog.gpu_endpoint(endpoint)
    pool = paid_by_gpu.pool if paid_by_gpu else api_pool(provider)
    key = Key(catalog.tenant(tenant), project, provider, model, endpoint, None)
    entry = tally.sums(window, pool).entry(key)
    entry.events += quantities[6]
    if paid_by_gpu:
        work = token_work(paid_by_gpu, quantities)
        entry.add(WORK, work, 0)
        return
    rates = book.token_rates(provider, model).values[position]
    add_tokens(entry, rates, quantities)
    if quantities[7]:
        entry.add(UNKNOWN, quantities[7], 0)


def token_work(endpoint: Endpoint, quantities: list[int]) -> int:
    """Return the work of a group in thousandths of an input token's."""
    uncached, read, write_5m, write_1h, tokens_out = quantities[:5]
    weights = endpoint.weights
    written_or_new = uncached + write_5m + write_1h
    return written_or_new * weights.input + read * weights.cache_read + tokens_out * weights.output


def add_tokens(entry: Entry, rates: TokenRates, quantities: list[int]) -> None:
    """Add every token meter that was used, and input always: it carries the events."""
    for meter, (quantity, rate) in enumerate(billable(rates, quantities)):
        if quantity or meter == 0:
            if rate is None:
                entry.add(UNPRICED[meter], quantity, 0)
            else:
                entry.add(PRICED[meter], quantity, quantity * rate)


def billable(rates: TokenRates, quantities: list[int]) -> list[tuple[int, int | None]]:
    """Return (quantity, rate) by token meter.

    Reasoning is part of output, and is taken out of it only where it has a price of its own.
    """
    billed = quantities[:6]
    if rates[5] is None:
        billed[5] = 0
    else:
        billed[4] -= billed[5]
    return list(zip(billed, rates, strict=True))


def fault(index: int, event: InferenceUsage, horizon_us: int) -> Rejected:
    """Name what is wrong with a call that failed the test of the hot loop."""
    at = event["at_us"]
    if at > horizon_us:
        return Rejected(
            index, "future_time", f"expected at_us <= {horizon_us}, got {at}; set the node's clock"
        )
    if at <= 0:
        return Rejected(index, "bad_time", f"expected at_us > 0 in microseconds, got {at}")
    counts = {
        name: event[name] or 0
        for name in (
            "input_tokens",
            "cache_read_tokens",
            "cache_write_5m_tokens",
            "cache_write_1h_tokens",
            "output_tokens",
            "reasoning_tokens",
        )
    }
    negative = {name: count for name, count in counts.items() if count < 0}
    if negative:
        return Rejected(index, "negative_quantity", f"expected tokens >= 0, got {negative}")
    if counts["reasoning_tokens"] > counts["output_tokens"]:
        return Rejected(
            index,
            "reasoning_exceeds_output",
            "expected reasoning_tokens to be part of output_tokens, got "
            f"{counts['reasoning_tokens']} of {counts['output_tokens']}; add them up first",
        )
    return Rejected(
        index,
        "cache_exceeds_input",
        f"expected cached tokens to be part of input_tokens, got {counts}; add them up first",
    )

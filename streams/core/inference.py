"""Metering model calls: the hot loop.

Calls are grouped by everything that decides payer and price, then each group is rated once, which
is the same as rating each call: a group has one rate a meter, and amounts are exact integers.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import TypeAlias

from schemas.records import InferenceUsage
from streams.core.call_price import (
    HIT,
    OUTPUT,
    Used,
    by_meter,
    is_unknown,
    quantities_fault,
)
from streams.core.catalog import Attribution, api_pool
from streams.core.meters import tier_of
from streams.core.observers import told_apart
from streams.core.outcomes import Rejected
from streams.core.pools import Endpoint
from streams.core.price_book import PriceBook, Rates
from streams.core.rating import Rater
from streams.core.reserved import UNATTRIBUTED
from streams.core.sums import EVIDENCE, Key, MeterKey
from streams.core.tally import Tally
from streams.core.windows import window_start

WORK = MeterKey("work", "Token-Work", 1, True)
UNKNOWN = MeterKey("tokens.unknown", "Events", 1, False)

# tenant, project, provider, model, endpoint, region, service tier, as reported
Caller: TypeAlias = tuple[str | None, str | None, str, str, str | None, str | None, str | None]
caller_of = itemgetter(
    "tenant", "project", "provider", "model", "endpoint", "region", "service_tier"
)


@dataclass(slots=True, kw_only=True)
class Group(Used):
    """Calls of one caller that have one price, and lie in one window.

    Those in [from_us, until_us) with prompts of [from_tokens, until_tokens).
    """

    window_us: int
    from_us: int
    until_us: int
    from_tokens: int
    until_tokens: int
    rates: Rates

    def holds(self, at_us: int, tokens: int) -> bool:
        """Whether a call is one of the group's; the hot loop asks it in place."""
        return (
            self.from_us <= at_us < self.until_us and self.from_tokens <= tokens < self.until_tokens
        )


class Groups:
    """The groups of a batch. A caller's calls mostly fall into the group of the one before."""

    def __init__(self, book: PriceBook, window_us: int) -> None:
        self.latest: dict[Caller, Group] = {}
        self.all: dict[tuple[Caller, int, int], Group] = {}
        self._book = book
        self._window_us = window_us

    def find(self, caller: Caller, at_us: int, tokens: int) -> Group:
        """Return the group of a call, made when it is new, and remember it as the latest."""
        _, _, provider, model, _, region, tier = caller
        timeline = self._book.call_rates(provider, model, region, tier_of(tier))
        since_us, edge_us, by_size = timeline.piece(at_us)
        from_tokens, until_tokens, rates = by_size.piece(tokens)
        window_us = window_start(at_us, self._window_us)
        from_us = max(window_us, since_us)
        group = self.all.get((caller, from_us, from_tokens))
        if group is None:
            group = Group(
                window_us=window_us,
                from_us=from_us,
                until_us=min(window_us + self._window_us, edge_us),
                from_tokens=from_tokens,
                until_tokens=until_tokens,
                rates=rates,
            )
            self.all[caller, from_us, from_tokens] = group
        self.latest[caller] = group
        return group

    def rate(self, rater: Rater, names: Attribution) -> None:
        """Rate every group."""
        for (caller, _, _), group in self.all.items():
            add_group(rater, names, caller, group)


def meter_inference(
    events: Sequence[InferenceUsage],
    tally: Tally,
    book: PriceBook,
    names: Attribution,
    horizon_us: int,
) -> list[Rejected]:
    """Add the calls of a batch to a tally; return those that cannot be counted.

    A call after `horizon_us` comes from a clock that is wrong.
    """
    groups = Groups(book, tally.window_us)
    if names.is_ever_lesser:
        counted, evidence = told_apart(events, names, tally.window_us)
        beside = Groups(book, tally.window_us)
        rejected = gather(counted, groups, tally, horizon_us)
        rejected += gather(evidence, beside, tally, horizon_us)
        for (caller, _, _), group in beside.all.items():
            add_evidence(tally, names, caller, group.window_us, group.events)
    else:
        rejected = gather(enumerate(events), groups, tally, horizon_us)
    groups.rate(Rater(book, tally), names)
    return rejected


def gather(  # noqa: C901 - the hot loop: a call in it costs throughput
    numbered: Iterable[tuple[int, InferenceUsage]], groups: Groups, tally: Tally, horizon_us: int
) -> list[Rejected]:
    """Put calls, each with its place in the batch, into groups; return those that cannot be."""
    rejected: list[Rejected] = []
    latest, newest = groups.latest, tally.newest_us
    for index, event in numbered:
        at = event["at_us"]
        tokens_in = event["input_tokens"] or 0
        read = event["cache_read_tokens"] or 0
        write_5m = event["cache_write_5m_tokens"] or 0
        write_1h = event["cache_write_1h_tokens"] or 0
        tokens_out = event["output_tokens"] or 0
        reasoning = event["reasoning_tokens"] or 0
        uncached = tokens_in - read - write_5m - write_1h
        # One test for all faults: a bitwise or is negative when any of its terms is.
        least = uncached | read | write_5m | write_1h | tokens_out - reasoning | reasoning
        if least < 0 or not 0 < at <= horizon_us:
            rejected.append(fault(index, event, horizon_us))
            continue
        others = event["quantities"]
        if event.get("gateway_cache") == HIT and (tokens_in or tokens_out or others):
            rejected.append(used_by_nobody(index))
            continue
        if others and (wrong := others_fault(index, event)):
            rejected.append(wrong)
            continue
        if at > newest:  # noqa: PLR1730 - max() costs three times as much
            newest = at
        caller = caller_of(event)
        group = latest.get(caller)
        if (
            group is None
            or not group.from_us <= at < group.until_us
            or not group.from_tokens <= tokens_in < group.until_tokens
        ):
            group = groups.find(caller, at, tokens_in)
        group.events += 1
        group.uncached += uncached
        group.output += tokens_out
        if read:
            group.cache_read += read
        if write_5m:
            group.cache_write_5m += write_5m
        if write_1h:
            group.cache_write_1h += write_1h
        if reasoning:
            group.reasoning += reasoning
        if others:
            group.add_others(others)
        elif not (tokens_in or tokens_out):
            group.count_nothing(event)
    tally.newest_us = newest
    return rejected


def add_group(rater: Rater, names: Attribution, caller: Caller, group: Group) -> None:
    """Rate one group and add it to the window's pool, or its work to every pool of its endpoint."""
    key = payer_of(names, caller, group.window_us)
    if key.tenant == UNATTRIBUTED:
        why = names.why_nobody(caller[0], group.window_us)
        rater.tally.unattributed[why] += group.events
    paid_by_gpu = names.at(group.window_us).gpu_endpoint(key.endpoint)
    if paid_by_gpu:
        work = token_work(paid_by_gpu, group)
        for pool in paid_by_gpu.pools:
            rater.tally.sums(group.window_us, pool).entry(key).add(WORK, work, 0)
        first = rater.tally.sums(group.window_us, paid_by_gpu.pools[0])
        first.entry(key).events += group.events
        return
    place = (group.window_us, api_pool(caller[2]))
    entry = rater.add(place, key, by_meter(group, group.rates), group.rates)
    entry.events += group.events
    if is_unknown(group, group.rates):
        entry.add(UNKNOWN, group.unreported, 0)


def add_evidence(
    tally: Tally, names: Attribution, caller: Caller, window_us: int, events: int
) -> None:
    """Keep calls that are not counted where they would be: in every pool the batch has a part.

    They are events of the first.
    """
    key = payer_of(names, caller, window_us)
    paid_by_gpu = names.at(window_us).gpu_endpoint(key.endpoint)
    first, *others = paid_by_gpu.pools if paid_by_gpu else (api_pool(caller[2]),)
    tally.sums(window_us, first).entry(key).add(EVIDENCE, events, 0)
    for pool in others:
        tally.sums(window_us, pool).entry(key)
    tally.evidence += events


def payer_of(names: Attribution, caller: Caller, window_us: int) -> Key:
    """Return whose calls a caller's are."""
    reported, project, provider, model, endpoint, region, tier = caller
    tenant = names.tenant(reported, window_us)
    return Key(tenant, project, provider, model, endpoint, None, region, tier_of(tier))


def token_work(endpoint: Endpoint, group: Used) -> int:
    """Return the work of a group in thousandths of an input token's."""
    weights = endpoint.weights
    written_or_new = group.uncached + group.cache_write_5m + group.cache_write_1h
    return (
        written_or_new * weights.input
        + group.cache_read * weights.cache_read
        + group.output * weights.output
    )


def others_fault(index: int, event: InferenceUsage) -> Rejected | None:
    """Name what is wrong with quantities beside the totals, if anything is."""
    used = used_by(event)
    totals = used.totals
    totals[OUTPUT] -= used.reasoning
    found = quantities_fault(event["quantities"] or (), totals)
    return Rejected(index, found[0], f"expected {found[1]}") if found else None


def used_by_nobody(index: int) -> Rejected:
    """Refuse what cannot be: a hit of a gateway's cache that used something."""
    return Rejected(
        index,
        "hit_with_usage",
        "expected a hit of a gateway's cache to have used nothing, got tokens or quantities; tell "
        "them as avoided_input_tokens and avoided_output_tokens",
    )


def used_by(event: InferenceUsage) -> Used:
    """Return what one call used. For more than a few, `meter_inference` is the fast way."""
    read = event["cache_read_tokens"] or 0
    write_5m = event["cache_write_5m_tokens"] or 0
    write_1h = event["cache_write_1h_tokens"] or 0
    return Used(
        (event["input_tokens"] or 0) - read - write_5m - write_1h,
        read,
        write_5m,
        write_1h,
        event["output_tokens"] or 0,
        event["reasoning_tokens"] or 0,
        1,
    )


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

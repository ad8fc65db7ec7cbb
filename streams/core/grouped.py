"""Metering events that were summed before: the archive's, grouped by all that decides their price.

The same as metering each event, by the same rules: a group has one payer and one rate a meter, and
sums are exact integers. Only whole events can be grouped, which lie in one window and between the
same changes of prices.
"""

from collections.abc import Iterable
from typing import NamedTuple, TypeAlias

from streams.core import gpu, resource
from streams.core.catalog import resource_pool
from streams.core.inference import Caller, Group, Groups, add_evidence
from streams.core.metering import Rules
from streams.core.price_book import MeterUnit
from streams.core.rating import Rater
from streams.core.tally import Tally
from streams.core.windows import window_start

Source: TypeAlias = str  # who reported; any name where the catalog lets anybody speak of anybody


class Where(NamedTuple):
    """An instant for which all calls of a group have the same price, and a size of prompts."""

    at_us: int
    prompt_tokens: int


class Calls(NamedTuple):
    """Sums of calls; tokens as the events have them, cached ones included."""

    events: int
    unreported: int
    unserved: int
    input: int
    cache_read: int
    cache_write_5m: int
    cache_write_1h: int
    output: int
    reasoning: int


class Interval(NamedTuple):
    """What decides pool and price of GPU time."""

    at_us: int
    node: str
    gpu_model: str
    purchase_option: str | None


class Quantity(NamedTuple):
    """What decides payer and price of a resource."""

    at_us: int
    tenant: str | None
    project: str | None
    kind: str
    sku: str
    resource_id: str | None
    unit: str


class GroupedMeter:
    """Adds grouped events to a tally."""

    def __init__(self, rules: Rules, tally: Tally) -> None:
        self._rules = rules
        self._tally = tally
        self._rater = Rater(rules.book, tally)
        self._groups: dict[Source, Groups] = {}

    def calls(self, rows: Iterable[tuple[Source, Where, Caller, Calls]]) -> None:
        """Add calls. Not before `finish` do they count."""
        for source, where, caller, calls in rows:
            group = self._group(source, where, caller)
            group.events += calls.events
            group.unreported += calls.unreported
            group.unserved += calls.unserved
            group.uncached += (
                calls.input - calls.cache_read - calls.cache_write_5m - calls.cache_write_1h
            )
            group.cache_read += calls.cache_read
            group.cache_write_5m += calls.cache_write_5m
            group.cache_write_1h += calls.cache_write_1h
            group.output += calls.output
            group.reasoning += calls.reasoning

    def call_quantities(self, rows: Iterable[tuple[Source, Where, Caller, MeterUnit, int]]) -> None:
        """Add what calls are priced by beside their totals, in base units."""
        for source, where, caller, meter, quantity in rows:
            self._group(source, where, caller).add_other(meter, quantity)

    def evidence(self, rows: Iterable[tuple[Source, int, Caller, int]]) -> None:
        """Add how many calls of a window are kept and not counted."""
        for source, window_us, caller, events in rows:
            names = self._rules.catalog.said_by(source)
            add_evidence(self._tally, names, caller, window_us, events)

    def held(self, rows: Iterable[tuple[Source, Interval, gpu.Holding, int, int]]) -> None:
        """Add GPU time held and, of it, worked."""
        for source, where, holder, held_us, active_us in rows:
            names = self._rules.catalog.said_by(source)
            key = gpu.holder_key(names, self._window(where.at_us), where.gpu_model, holder)
            self._parts(
                where, [(key, gpu.ACTIVE, active_us), (key, gpu.HELD_IDLE, held_us - active_us)]
            )

    def unheld(self, rows: Iterable[tuple[Interval, int, tuple[int, ...]]]) -> None:
        """Add how many intervals there were, and their time in the order of gpu.UNHELD."""
        for where, events, times in rows:
            key = gpu.unheld_key(where.gpu_model)
            self._parts(where, [(key, *part) for part in zip(gpu.UNHELD, times, strict=True)])
            self._tally.count_capacity_events(*self._place(where), events)

    def quantities(self, rows: Iterable[tuple[Source, Quantity, int, int]]) -> None:
        """Add how many events there were of a resource, and how much, in 1e-12 of its unit."""
        rules = self._rules
        for source, what, events, quantity in rows:
            meter = (resource.meter_name(what.kind), what.unit)
            rates = rules.book.resource_rates(meter[0], what.sku, what.unit)
            place = (self._window(what.at_us), resource_pool(what.kind))
            tenant = rules.catalog.said_by(source).tenant(what.tenant, place[0])
            key = resource.payer(tenant, what.project, what.sku, what.resource_id)
            self._tally.sums(*place).entry(key).events += events
            rate = resource.only_rate(meter, rates.at(what.at_us))
            self._rater.add(place, key, {meter: quantity}, rate)

    def finish(self) -> None:
        """Rate the calls."""
        for source, groups in self._groups.items():
            groups.rate(self._rater, self._rules.catalog.said_by(source))

    def _group(self, source: Source, where: Where, caller: Caller) -> Group:
        groups = self._groups.get(source)
        if groups is None:
            groups = self._groups[source] = Groups(self._rules.book, self._tally.window_us)
        group = groups.latest.get(caller)
        if group and group.holds(*where):
            return group
        return groups.find(caller, *where)

    def _window(self, at_us: int) -> int:
        return window_start(at_us, self._tally.window_us)

    def _place(self, where: Interval) -> tuple[int, str]:
        window_us = self._window(where.at_us)
        return window_us, self._rules.catalog.pool_of_node(where.node, window_us)

    def _parts(self, where: Interval, parts: list[gpu.Part]) -> None:
        place = self._place(where)
        rates = self._rules.book.gpu_rates(where.gpu_model, place[1], where.purchase_option)
        gpu.add_parts(self._tally.sums(*place), parts, rates.at(where.at_us))

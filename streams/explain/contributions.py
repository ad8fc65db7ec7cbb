"""What each group of events adds to a window: every group metered by itself. Pure.

By the functions that meter all of them at once; together they are the window's sums.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from streams.core.gpu import Holding, meter_gpu
from streams.core.grouped import Calls, GroupedMeter, Interval, Quantity, Source, Where
from streams.core.inference import Caller
from streams.core.lines import WindowPool
from streams.core.metering import LATEST_US, Rules
from streams.core.resource import meter_resource
from streams.core.sums import Key, MeterKey, Sums
from streams.explain.recorded import Addition, RecordedTally
from streams.replay import archived
from streams.replay.archived import Rows
from streams.replay.ask import Row


@dataclass(frozen=True, slots=True)
class CallsOf:
    """Calls of one caller, reported by one source, that have one price."""

    source: Source
    where: Where
    caller: Caller
    calls: Calls

    @property
    def at_us(self) -> int:
        """An instant at which they have their price."""
        return self.where.at_us

    @property
    def events(self) -> int:
        """How many there are."""
        return self.calls.events


@dataclass(frozen=True, slots=True)
class EvidenceOf:
    """Calls of one caller that another observer told of, too, and that are not counted."""

    source: Source
    at_us: int  # begin of their window
    caller: Caller
    events: int


@dataclass(frozen=True, slots=True)
class TimeOf:
    """GPU time that was reported alike; null source and holding: nobody held it."""

    source: Source | None
    where: Interval
    holding: Holding | None
    events: int | None  # null: not counted apart

    @property
    def at_us(self) -> int:
        """An instant at which it has its price, unless one changes meanwhile."""
        return self.where.at_us


@dataclass(frozen=True, slots=True)
class ResourceOf:
    """Quantities of a resource that were reported alike."""

    source: Source
    what: Quantity
    events: int

    @property
    def at_us(self) -> int:
        """An instant at which it has its price, unless one changes meanwhile."""
        return self.what.at_us


Context: TypeAlias = CallsOf | EvidenceOf | TimeOf | ResourceOf
Alone: TypeAlias = tuple[Context, RecordedTally]  # a group of events, and what only it adds


class Contribution(NamedTuple):
    """Part of one meter of a window, and what decides about its price."""

    of: Context
    addition: Addition


class Contributions:
    """Everything that was added to a (window, pool), by what it was added to."""

    def __init__(self, alone: Iterable[Alone], where: WindowPool) -> None:
        self.all = [
            Contribution(context, addition)
            for context, tally in alone
            for addition in tally.additions(where.start_us, where.pool)
        ]
        self.by_meter: dict[tuple[Key, MeterKey], list[Contribution]] = {}
        for each in self.all:
            what = (each.addition.key, each.addition.meter)
            self.by_meter.setdefault(what, []).append(each)

    def hold_to(self, sums: Sums) -> None:
        """Raise where they do not sum to what the window was drawn of: a bug here."""
        wanted = {
            (key, meter): tuple(totals)
            for key, entry in sums.entries.items()
            for meter, totals in entry.meters.items()
        }
        found = {what: summed(parts) for what, parts in self.by_meter.items()}
        if found != wanted:
            differing = sorted(map(str, found.items() ^ wanted.items()))[:4]
            raise AssertionError(f"expected the sums of the window, explained {differing}")


def summed(parts: list[Contribution]) -> tuple[int, ...]:
    """Return quantity and amounts of contributions."""
    rows = [(each.addition.quantity, *each.addition.amounts) for each in parts]
    return tuple(map(sum, zip(*rows, strict=True)))


def metered_alone(rows: Rows, rules: Rules) -> Iterator[Alone]:
    """Yield each group of events with the tally of only it."""
    yield from _calls(rows, rules)
    for seen in archived.evidence(rows["grouped_evidence"]):
        meter, tally = _meter(rules)
        meter.evidence([seen])
        yield EvidenceOf(*seen), tally
    for held in archived.held(rows["grouped_held"]):
        meter, tally = _meter(rules)
        meter.held([held])
        yield TimeOf(*held[:3], None), tally
    for unheld in archived.unheld(rows["grouped_unheld"]):
        meter, tally = _meter(rules)
        meter.unheld([unheld])
        yield TimeOf(None, unheld[0], None, unheld[1]), tally
    for quantity in archived.quantities(rows["grouped_resources"]):
        meter, tally = _meter(rules)
        meter.quantities([quantity])
        yield ResourceOf(*quantity[:3]), tally
    yield from _cut_intervals(rows, rules)
    yield from _cut_resources(rows, rules)


def _meter(rules: Rules) -> tuple[GroupedMeter, RecordedTally]:
    tally = RecordedTally(rules.window_us)
    return GroupedMeter(rules, tally), tally


def _calls(rows: Rows, rules: Rules) -> Iterator[Alone]:
    beside: dict[tuple[Source, Where, Caller], list[Row]] = {}
    for row in rows["grouped_call_quantities"]:
        [(source, where, caller, *_)] = archived.call_quantities([row])
        beside.setdefault((source, where, caller), []).append(row)
    for source, where, caller, calls in archived.calls(rows["grouped_calls"]):
        meter, tally = _meter(rules)
        meter.calls([(source, where, caller, calls)])
        mine = beside.get((source, where, caller), [])
        meter.call_quantities(archived.call_quantities(mine))
        meter.finish()
        yield CallsOf(source, where, caller, calls), tally


def _cut_intervals(rows: Rows, rules: Rules) -> Iterator[Alone]:
    for source, cut in archived.by_source(rows["cut_intervals"]):
        names = rules.catalog.said_by(source)
        for event in map(archived.interval, cut):
            tally = RecordedTally(rules.window_us)
            meter_gpu([event], tally, rules.book, names, LATEST_US)
            node, model, bought = event["node"], event["gpu_model"], event["purchase_option"]
            yield TimeOf(source, Interval(event["start_us"], node, model, bought), None, 1), tally


def _cut_resources(rows: Rows, rules: Rules) -> Iterator[Alone]:
    for source, cut in archived.by_source(rows["cut_resources"]):
        names = rules.catalog.said_by(source)
        for used in map(archived.resource, cut):
            tally = RecordedTally(rules.window_us)
            meter_resource([used], tally, rules.book, names, LATEST_US)
            what = (used["tenant"], used["project"], used["kind"], used["sku"])
            quantity = Quantity(used["start_us"], *what, used["resource_id"], used["unit"])
            yield ResourceOf(source, quantity, 1), tally

"""A stretch of the archive, summed where it lies, and the windows that rules make of it.

ClickHouse sums whole events by all that decides payer and price; `core` rates the groups as it
rates events. Events that cross a window's end or a change of prices are read one by one and cut by
`core`. What comes out is what metering each event gives (tests hold the two together).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeAlias

from schemas.decimals import ONE, to_bytes
from schemas.records import GpuInterval, Holder, ResourceUsage
from streams.core.allocation import Policy, allocate, policy_of
from streams.core.catalog import Catalog
from streams.core.gpu import Holding, meter_gpu
from streams.core.grouped import Calls, GroupedMeter, Interval, Quantity, Source, Where
from streams.core.inference import Caller
from streams.core.lines import Lines, WindowPool
from streams.core.metering import LATEST_US, Rules
from streams.core.meters import PARTS
from streams.core.names_in_force import NamesInForce
from streams.core.policies import Documents
from streams.core.price_book import MeterUnit, PriceBook
from streams.core.resource import meter_resource
from streams.core.sums import Sums
from streams.core.tally import Tally
from streams.core.windows import window_start
from streams.replay.ask import Asker, Params, Row
from streams.replay.ranking import NOBODY_LESSER, Ranking, ranking_of
from streams.replay.span import Span

Revisions: TypeAlias = Mapping[tuple[int, str], int]  # by begin of a window, and pool
Rows: TypeAlias = Mapping[str, list[Row]]  # by query of QUERIES

NO_NAME = [""]  # the engine's transform takes no empty array
RANKED = "inference of ranked observers"
QUERIES = {  # by kind of event; asking costs something even where there is nothing
    "inference": ("grouped_calls",),
    RANKED: ("grouped_evidence",),
    "inference with quantities": ("grouped_call_quantities",),
    "gpu": ("grouped_held", "grouped_unheld", "cut_intervals"),
    "resource": ("grouped_resources", "cut_resources"),
}


@dataclass(frozen=True, slots=True)
class ArchivedWindow:
    """One (window, pool) as the archive says it is. `revision`: batches that have a part in it."""

    where: WindowPool
    sums: Sums
    capacity_events: int
    revision: int
    rules: Rules

    def lines(self, *, explained: bool = False) -> Lines:
        """Return every line with its figures. `explained`: see `Policy`."""
        policy = replace(self.policy, explained=explained)
        return allocate(self.sums, policy, self.capacity_events)

    @property
    def policy(self) -> Policy:
        """What its lines depend on beside its sums."""
        return policy_of(Documents(self.rules.book, self.rules.catalog), self.where)


class Archived:
    """The events of a span, read once for any rules whose books were named.

    Twice where some catalogs let any source speak of any tenant, and others do not, or where they
    rank the observers of calls in several ways.
    """

    def __init__(self, asker: Asker, span: Span, books: Iterable[PriceBook]) -> None:
        self._asker = asker
        self._span = span
        self._stretch: Params = {"since": span.since_us, "until": span.until_us}
        self._params = {**self._stretch, "window": span.window_us, **cuts(span, list(books))}
        self._kinds = kinds_of(asker.rows("archived_kinds", self._stretch))
        self._found: dict[tuple[bool, Ranking], Rows] = {}  # by whether sources are told apart
        self._rankings: dict[str, Ranking] = {}  # by version of the catalog
        self._counted: dict[str, Revisions] = {}  # by version of the catalog

    def windows(self, rules: Rules) -> dict[WindowPool, ArchivedWindow]:
        """Return the windows of the span under rules."""
        found = self.rows(rules.catalog, by_source=rules.catalog.limits_sources)
        return self._drawn(tallied(found, rules), rules)

    def rows(self, catalog: Catalog, *, by_source: bool) -> Rows:
        """Return the rows of every query; each of one source, where those are told apart."""
        ranking = self._ranking(catalog)
        if (by_source, ranking) not in self._found:
            params: Params = {**self._params, **ranking.params, "by_source": int(by_source)}
            kinds = self._kinds | ({RANKED} if ranking.ranks else set())
            self._found[by_source, ranking] = {
                query: self._asker.rows(query, params) if kind in kinds else []
                for kind, queries in QUERIES.items()
                for query in queries
            }
        return self._found[by_source, ranking]

    def _ranking(self, catalog: Catalog) -> Ranking:
        if catalog.version not in self._rankings:
            is_any = "inference" in self._kinds
            found = ranking_of(self._asker, self._span, catalog) if is_any else NOBODY_LESSER
            self._rankings[catalog.version] = found
        return self._rankings[catalog.version]

    def _drawn(self, tally: Tally, rules: Rules) -> dict[WindowPool, ArchivedWindow]:
        revisions = self.revisions(rules)
        found = {}
        for (start_us, pool), sums in tally.by_window_pool.items():
            if self._span.since_us <= start_us < self._span.until_us:
                where = WindowPool(start_us, start_us + rules.window_us, pool)
                events = tally.capacity_events.get((start_us, pool), 0)
                revision = revisions[start_us, pool]
                found[where] = ArchivedWindow(where, sums, events, revision, rules)
        return found

    def revisions(self, rules: Rules) -> Revisions:
        """Return how many batches have a part in each window and pool of a catalog."""
        version = rules.catalog.version
        if version not in self._counted:
            self._counted[version] = self._count(rules)
        return self._counted[version]

    def _count(self, rules: Rules) -> Revisions:
        """Ask between the changes of the catalog: of each window, its begin decides."""
        nodes = []
        if "gpu" in self._kinds:
            nodes = [name for [name] in self._asker.rows("archived_nodes", self._stretch)]
        found: dict[tuple[int, str], int] = {}
        for begin, end in steady(self._span, rules.catalog):
            params: Params = {"since": begin, "until": end, "window": rules.window_us}
            names = rules.catalog.at(begin)
            rows = self._asker.rows("archived_batches", {**params, **where(names, nodes)})
            found |= {(start_us, pool): batches for start_us, pool, batches in rows}
        return found


def kinds_of(rows: Iterable[Row]) -> set[str]:
    """Return the keys of QUERIES that there are events of."""
    found = set()
    for kind, has_quantities in rows:
        found.add(kind)
        if has_quantities:
            found.add(f"{kind} with quantities")
    return found


def tallied(rows: Rows, rules: Rules) -> Tally:
    """Return what rows of all QUERIES amount to."""
    tally = Tally(rules.window_us)
    meter = GroupedMeter(rules, tally)
    meter.calls(calls(rows["grouped_calls"]))
    meter.call_quantities(call_quantities(rows["grouped_call_quantities"]))
    meter.evidence(evidence(rows["grouped_evidence"]))
    meter.held(held(rows["grouped_held"]))
    meter.unheld(unheld(rows["grouped_unheld"]))
    meter.quantities(quantities(rows["grouped_resources"]))
    meter.finish()
    for source, cut in by_source(rows["cut_intervals"]):
        names = rules.catalog.said_by(source)
        meter_gpu([*map(interval, cut)], tally, rules.book, names, LATEST_US)
    for source, cut in by_source(rows["cut_resources"]):
        names = rules.catalog.said_by(source)
        meter_resource([*map(resource, cut)], tally, rules.book, names, LATEST_US)
    return tally


def cuts(span: Span, books: list[PriceBook]) -> Mapping[str, list[int]]:
    """Return at which instants and sizes of prompts any of the books changes a price."""
    edges = {at for book in books for at in book.edges(span.since_us, span.until_us)}
    steps = {step for book in books for step in book.steps}
    return {"edges": [0, *sorted(edges)], "steps": [0, *sorted(steps)]}


def steady(span: Span, catalog: Catalog) -> Iterator[tuple[int, int]]:
    """Yield the stretches of a span's windows between changes of a catalog, half-open."""
    window_us = span.window_us
    follow = {
        window_start(edge - 1, window_us) + window_us  # the first window that a change holds for
        for edge in catalog.edges(span.since_us, span.until_us)
    }
    edges = {span.since_us, *follow, span.until_us}
    return pairwise(sorted(edge for edge in edges if edge <= span.until_us))


def where(names: NamesInForce, nodes: list[str]) -> dict[str, list[str]]:
    """Return into which pools names put calls and intervals, one of each for each pair."""
    endpoints = [each for each in names.endpoints.values() if each.basis == "gpu_time"]
    pairs = [(each.name, pool) for each in endpoints for pool in each.pools]
    return {
        "endpoints": [name for name, _ in pairs] or NO_NAME,
        "endpoint_pools": [pool for _, pool in pairs] or NO_NAME,
        "nodes": nodes or NO_NAME,
        "node_pools": [names.pool_of_node(name) for name in nodes] or NO_NAME,
    }


def by_source(rows: Iterable[Row]) -> Iterable[tuple[str, list[Row]]]:
    """Return rows by who reported, without that."""
    found: dict[str, list[Row]] = {}
    for source, *row in rows:
        found.setdefault(source, []).append(row)
    return found.items()


def calls(rows: Iterable[Row]) -> Iterator[tuple[Source, Where, Caller, Calls]]:
    """Yield rows of grouped_calls as the core has them."""
    for source, *row in rows:
        yield source, Where(row[0], row[1]), tuple(row[2:9]), Calls(*row[9:])


def call_quantities(rows: Iterable[Row]) -> Iterator[tuple[Source, Where, Caller, MeterUnit, int]]:
    """Yield rows of grouped_call_quantities as the core has them: tokens whole."""
    for source, *row in rows:
        meter, unit, scaled = row[9:]
        quantity = scaled // ONE if meter in PARTS else scaled
        yield source, Where(row[0], row[1]), tuple(row[2:9]), (meter, unit), quantity


def evidence(rows: Iterable[Row]) -> Iterator[tuple[Source, int, Caller, int]]:
    """Yield rows of grouped_evidence as the core has them."""
    for source, window_us, *caller, events in rows:
        yield source, window_us, tuple(caller), events


def held(rows: Iterable[Row]) -> Iterator[tuple[Source, Interval, Holding, int, int]]:
    """Yield rows of grouped_held as the core has them."""
    for source, *row in rows:
        yield source, Interval(*row[:4]), tuple(row[4:8]), row[8], row[9]


def unheld(rows: Iterable[Row]) -> Iterator[tuple[Interval, int, tuple[int, ...]]]:
    """Yield rows of grouped_unheld as the core has them."""
    for row in rows:
        yield Interval(*row[:4]), row[4], tuple(row[5:])


def quantities(rows: Iterable[Row]) -> Iterator[tuple[Source, Quantity, int, int]]:
    """Yield rows of grouped_resources as the core has them."""
    for source, *row in rows:
        yield source, Quantity(*row[:7]), row[7], row[8]


def interval(row: Row) -> GpuInterval:
    """Return a row of cut_intervals as the event it was, but for what decides no line."""
    start_us, end_us, node, device, model, purchase, holders, *unheld_us = row
    return {
        "start_us": start_us,
        "end_us": end_us,
        "node": node,
        "device": device,
        "gpu_model": model,
        "holders": [holder(*each) for each in holders],
        "unallocated_us": unheld_us[0],
        "stranded_us": unheld_us[1],
        "out_of_service_us": unheld_us[2],
        "unobserved_us": unheld_us[3],
        "purchase_option": purchase,
        "sharing_mode": None,
        "energy_mj": None,
        "samples_expected": None,
        "samples_taken": None,
        "flags": [],
    }


def holder(  # noqa: PLR0913, PLR0917 - the fields of the record, in their order
    tenant: str | None,
    project: str | None,
    endpoint: str | None,
    job: str | None,
    held_us: int,
    active_us: int,
) -> Holder:
    """Return a holder as the event had it, but for what decides no line."""
    return {
        "tenant": tenant,
        "project": project,
        "endpoint": endpoint,
        "job": job,
        "held_us": held_us,
        "active_us": active_us,
        "no_context_us": None,
        "instance": None,
        "memory_bytes": None,
        "attribution": None,
        "rule": None,
        "evidence": [],
        "workload": {},
    }


def resource(row: Row) -> ResourceUsage:
    """Return a row of cut_resources as the event it was."""
    start_us, end_us, tenant, project, kind, sku, resource_id, unit, quantity = row
    return {
        "start_us": start_us,
        "end_us": end_us,
        "tenant": tenant,
        "project": project,
        "kind": kind,
        "sku": sku,
        "resource_id": resource_id,
        "quantity": to_bytes(quantity),
        "unit": unit,
    }

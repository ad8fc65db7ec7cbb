"""The events behind a line: who reported them and as whose, how many, and the first few."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from schemas.decimals import to_decimal
from streams.core.gpu import holder_key
from streams.core.lines import Dimensions, WindowPool
from streams.core.metering import Rules
from streams.core.sums import EVIDENCE, Key
from streams.explain.contributions import CallsOf, EvidenceOf, ResourceOf
from streams.explain.keys import keys_of
from streams.explain.made import Made
from streams.explain.time_cost import seconds
from streams.readable import instant
from streams.replay.ask import Asker, Params, Row
from streams.replay.ranking import Ranking
from streams.replay.span import Span

FEW = 3  # events shown of those that one source reported as one tenant's
NO_TENANT = "no tenant"


@dataclass(frozen=True, slots=True)
class Evidence:
    """Events that one source reported as one tenant's. `first`: the first few, in words."""

    source: str
    reported: str | None
    what: str
    events: int
    first: tuple[str, ...]


class Reported:
    """The events of a window, as they were reported."""

    def __init__(self, asker: Asker, span: Span, ranking: Ranking) -> None:
        params: Params = {"since": span.since_us, "until": span.until_us, "few": FEW}
        ranked: Params = {**params, **ranking.params, "window": span.window_us}
        self._calls = asker.rows("reported_calls", ranked)
        self._time = asker.rows("reported_time", params)
        self._resources = asker.rows("reported_resources", params)
        self.devices = asker.rows("reported_devices", params)

    def of(self, made: Made, what: Dimensions) -> list[Evidence]:
        """Return the events behind a line; none where it is a part of others' usage."""
        keys = keys_of(made, what)
        contexts = {each.of for each in made.contributions.all if each.addition.key in keys}
        told = EvidenceOf if what.meter == EVIDENCE.name else CallsOf
        calls = {
            (told is EvidenceOf, each.source, *each.caller)
            for each in contexts
            if isinstance(each, told)
        }
        resources = {(r.source, *r.what[1:]) for r in contexts if isinstance(r, ResourceOf)}
        found = [
            *(call(row) for row in self._calls if tuple(row[:9]) in calls),
            *(time(row) for row in self._time if held_key(row, made) in keys),
            *(resource(row) for row in self._resources if tuple(row[:7]) in resources),
        ]
        return [*together(found)]


def together(found: Iterable[tuple[tuple[object, ...], Evidence]]) -> Iterator[Evidence]:
    """Yield events of one source, tenant and kind together; each group of them counted once."""
    groups: dict[tuple[str, str | None, str], Evidence] = {}
    counted: set[tuple[object, ...]] = set()
    for group, each in found:
        alike = (each.source, each.reported, each.what)
        have = groups.get(alike, replace(each, events=0, first=()))
        events = have.events + (0 if group in counted else each.events)
        groups[alike] = replace(have, events=events, first=(*have.first, *each.first)[:FEW])
        counted.add(group)
    yield from groups.values()


def call(row: Row) -> tuple[tuple[object, ...], Evidence]:
    """Return a row of reported_calls."""
    at_us, epoch, seq, index, request, tokens_in, tokens_out = row[10:]
    counts = f"{counted(tokens_in)} tokens in, {counted(tokens_out)} out"
    named = f", request {request}" if request else ""
    words = f"{instant(at_us)}: {counts} ({batch(epoch, seq, index)}{named})"
    return tuple(row[:9]), Evidence(row[1], row[2], "calls", row[9], (words,))


def time(row: Row) -> tuple[tuple[object, ...], Evidence]:
    """Return a row of reported_time."""
    node, at_us, epoch, seq, index, device, held_us, active_us = (row[1], *row[8:])
    held = f"held {seconds(held_us)} s and worked {seconds(active_us)} s"
    words = f"{instant(at_us)}: {device} of {node}, {held} ({batch(epoch, seq, index)})"
    return tuple(row[:7]), Evidence(row[0], row[3], "GPU intervals", row[7], (words,))


def resource(row: Row) -> tuple[tuple[object, ...], Evidence]:
    """Return a row of reported_resources."""
    at_us, epoch, seq, index, until_us, quantity = row[8:]
    used = f"{to_decimal(quantity):f} {row[6]} until {instant(until_us)}"
    words = f"{instant(at_us)}: {used} ({batch(epoch, seq, index)})"
    return tuple(row[:7]), Evidence(row[0], row[1], "amounts", row[7], (words,))


def held_key(row: Row, made: Made) -> Key | None:
    """Return whose a row of reported_time is in this pool; None in others."""
    rules, where = made.window.rules, made.window.where
    source, node, model, *holding = row[:7]
    if rules.catalog.pool_of_node(node, where.start_us) != where.pool:
        return None
    tenant, project, endpoint, job = holding
    names = rules.catalog.said_by(source)
    return holder_key(names, where.start_us, model, (tenant, project, endpoint, job))


def counted(tokens: int | None) -> str:
    """Return a number of tokens, or that it was not reported."""
    return "unreported" if tokens is None else f"{tokens:,}"


def batch(epoch: int, seq: int, index: int) -> str:
    """Return the identity of an event at its source."""
    return f"epoch {epoch}, batch {seq}, event {index}"


def attribution(rules: Rules, where: WindowPool, each: Evidence, tenant: str) -> str:
    """Return why events are of a tenant."""
    if each.reported == tenant:
        return f"reported as {tenant}"
    if not each.reported:
        return f"reported with {NO_TENANT}"
    known = rules.catalog.tenant(each.reported, where.start_us)
    if known == each.reported:
        return f"reported as {each.reported}, of whom {each.source} may not speak"
    return f"reported as {each.reported}, which is no tenant of the catalog"

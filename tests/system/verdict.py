"""Judges a run: every figure against the ledger, every batch accounted for, once."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from fractions import Fraction

from schemas.decimals import from_bytes
from schemas.records import CostLine
from tests.system.evidence import Control, Evidence
from tests.system.facts import WINDOW_US
from tests.system.ledger import PICO, BatchId, Line, Place, together, worth
from tests.system.load import Load

CAPACITY = {"used", "held_idle", "idle_share", "unobserved", "unmapped"}
ROUNDING_PICO = 100_000  # of a tenant's GPU time: intervals are cut to whole microseconds

Pair = tuple[BatchId, Place]


def faults(load: Load, evidence: Evidence) -> Iterator[str]:
    """Yield everything that is wrong with what the topics hold."""
    if evidence.dead_letters:
        yield f"{len(evidence.dead_letters)} dead letters, first {evidence.dead_letters[0]}"
    yield from contradictions(evidence)
    late = late_pairs(evidence)
    yield from misjudged(load, late)
    counted = counted_batches(load, late)
    finals = finals_of(evidence)
    yield from differing("windows with finals", set(finals), load.places)
    for place in sorted(load.places & set(finals)):
        lines = list(finals[place].values())
        yield from (f"{place}: {fault}" for fault in wrong(load, place, counted[place], lines))
    yield from overtaken(evidence, finals)


def late_pairs(evidence: Evidence) -> set[Pair]:
    """Return what was passed on, each once."""
    return {
        (
            BatchId(each["source"], each["epoch"], each["seq"]),
            Place(each["window_start_us"], each["pool"]),
        )
        for each in evidence.late
    }


def contradictions(evidence: Evidence) -> Iterator[str]:
    """Yield lines that have two different finals."""
    seen: dict[str, bytes] = {}
    for value, line in evidence.lines:
        if line["status"] == "final" and seen.setdefault(line["line_id"], value) != value:
            yield f"two different finals of one line, one of them {line}"


def misjudged(load: Load, late: set[Pair]) -> Iterator[str]:
    """Yield batches that are neither counted nor passed on, and ones that never were."""
    for pair in sorted(load.late - late):
        yield f"neither counted nor passed on: {pair}"
    known = {(batch, place) for batch, worths in load.worths.items() for place in worths}
    for pair in sorted(late - known):
        yield f"passed on, but never sent: {pair}"


def passed_on_needlessly(load: Load, late: set[Pair]) -> set[Pair]:
    """Return what was passed on though its window counts it.

    Repair finds nothing to mend then, so it does no harm. It is right for what comes again when
    nobody remembers the batch; and after a restart of allocate it happens to what came again
    between the committed offset and the restart, for windows closed before that offset.
    """
    return late & load.in_time


def counted_batches(load: Load, late: set[Pair]) -> dict[Place, set[BatchId]]:
    """Return the batches each window must hold: all in time, of the others those not late."""
    counted: dict[Place, set[BatchId]] = defaultdict(set)
    for batch, worths in load.worths.items():
        for place in worths:
            if (batch, place) in load.in_time or (batch, place) not in late:
                counted[place].add(batch)
    return counted


def finals_of(evidence: Evidence) -> dict[Place, dict[str, CostLine]]:
    """Return the final lines of each window."""
    finals: dict[Place, dict[str, CostLine]] = defaultdict(dict)
    for _, line in evidence.lines:
        if line["status"] == "final":
            finals[Place(line["window_start_us"], line["pool"])][line["line_id"]] = line
    return finals


def differing(what: str, got: set[Place], expected: set[Place]) -> Iterator[str]:
    """Yield what one of two sets has alone."""
    if got != expected:
        yield f"{what}: missing {sorted(expected - got)}, unexpected {sorted(got - expected)}"


def wrong(
    load: Load, place: Place, batches: Iterable[BatchId], lines: list[CostLine]
) -> Iterator[str]:
    """Yield what is wrong with the final lines of a window that must hold some batches."""
    usages = [load.worths[batch][place] for batch in batches]
    usage = together(usages)
    expected = worth(usage, place.pool)
    revisions = {line["revision"] for line in lines}
    if revisions != {len(usages)}:
        yield f"expected {len(usages)} batches, got revisions {revisions}"
    if {line["window_end_us"] for line in lines} != {place.start_us + WINDOW_US}:
        yield "a window of another length"
    events = sum(line["events"] for line in lines)
    if events != usage.events:
        yield f"expected {usage.events} events, got {events}"
    total = sum(cost_of(line) for line in lines)
    if total != expected.cost_pico:
        yield f"expected {expected.cost_pico} pico, got {total}"
    metered = {line_of(line): line for line in lines if line["kind"] not in CAPACITY}
    if metered.keys() != expected.lines_pico.keys():
        yield f"other lines: {sorted(map(str, metered.keys() ^ expected.lines_pico.keys()))}"
    for what in metered.keys() & expected.lines_pico.keys():
        yield from wrong_line(what, metered[what], expected.lines_pico[what],
                              expected.quantities[what])  # fmt: skip
    yield from wrong_shares(lines, expected.capacity)


def wrong_line(
    what: Line, line: CostLine, cost_pico: int | None, quantity: Fraction
) -> Iterator[str]:
    """Yield what is wrong with one metered line."""
    cost = None if line["cost"] is None else from_bytes(line["cost"])
    if cost != cost_pico:
        yield f"{what}: expected {cost_pico} pico, got {cost}"
    if Fraction(from_bytes(line["quantity"]), PICO) != quantity:
        yield f"{what}: expected {quantity}, got {from_bytes(line['quantity'])} pico"


def wrong_shares(lines: list[CostLine], expected: dict[str, Fraction]) -> Iterator[str]:
    """Yield tenants whose part of the capacity is not theirs."""
    got: dict[str, int] = defaultdict(int)
    for line in lines:
        if line["kind"] in CAPACITY:
            got[line["tenant"]] += cost_of(line)
    for tenant in got.keys() | expected.keys():
        off = got.get(tenant, 0) - expected.get(tenant, Fraction(0)) * PICO
        if abs(off) > ROUNDING_PICO:
            yield f"{tenant}: {float(off)} pico too much of the capacity"


def overtaken(evidence: Evidence, finals: dict[Place, dict[str, CostLine]]) -> Iterator[str]:
    """Yield lines that a reader would take for newer than the final ones."""
    for _, line in evidence.lines:
        place = Place(line["window_start_us"], line["pool"])
        final = finals.get(place, {}).get(line["line_id"])
        if final is None or line["revision"] > final["revision"]:
            yield f"{place}: a line outlives the finals: {line}"


def cost_of(line: CostLine) -> int:
    """Return the cost of a line in pico; unpriced is 0."""
    return from_bytes(line["cost"]) if line["cost"] else 0


def line_of(line: CostLine) -> Line:
    """Return what a metered line is about."""
    return Line(
        line["tenant"], line["project"], line["meter"], line["provider"], line["model"],
        line["endpoint"], line["job"], line["service_tier"], line["region"],
    )  # fmt: skip


def valid_closes(controls: Iterable[Control]) -> dict[int, set[int]]:
    """Return the offsets of closes by the last claimant, by partition."""
    claimant: dict[int, str] = {}
    closes: dict[int, set[int]] = defaultdict(set)
    for each in controls:
        if each.name == "Claim":
            claimant[each.partition] = each.record["owner"]
        elif each.name == "Close" and claimant.get(each.partition) == each.record["owner"]:
            closes[each.partition].add(each.offset)
    return closes


def wrong_offsets(
    commits: Iterable[tuple[int, int | None]], controls: Iterable[Control]
) -> Iterator[str]:
    """Yield committed offsets of allocate that are no valid close."""
    closes = valid_closes(controls)
    for partition, offset in commits:
        if offset is not None and offset not in closes[partition]:
            yield f"partition {partition}: committed {offset}, which is no valid close"

"""From events to lines in one go, and lines in a form that a table of expectations can hold."""

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from schemas.decimals import from_bytes, to_decimal
from schemas.records import CostLine, Partial
from streams.core.lines import WindowPool
from streams.core.metering import Metered, Rules, meter_batch
from streams.core.policies import OneVersion, Policies
from streams.core.window import Window
from tests.builders.terms import NOTHING_AGREED
from tests.builders.usage import NOW, Event, batch

ORIGIN = "usage.test.v1:0"


class Plain(NamedTuple):
    """A line without what is the same all over its window."""

    tenant: str
    kind: str
    meter: str
    quantity: str
    cost: str | None
    events: int


def record_name(event: Event) -> str:
    """Return the name of the batches that carry an event."""
    if "holders" in event:
        return "GpuUsageBatch"
    return "ResourceUsageBatch" if "quantity" in event else "InferenceUsageBatch"


def meter(rules: Rules, *events: Event, seq: int = 0, now_us: int = NOW) -> Metered:
    """Meter events of one kind as one batch."""
    usage = batch(*events, seq=seq)
    return meter_batch(record_name(events[0]), usage, ORIGIN, rules, now_us)


def windows(
    partials: Iterable[Partial], policies: Policies = NOTHING_AGREED
) -> dict[WindowPool, Window]:
    """Apply partials to their windows."""
    found: dict[WindowPool, Window] = {}
    for each in partials:
        where = WindowPool(each["window_start_us"], each["window_end_us"], each["pool"])
        found.setdefault(where, Window(where, 0, policies)).apply(each)
    return found


def lines(partials: Iterable[Partial], policies: Policies = NOTHING_AGREED) -> list[CostLine]:
    """Draw the final lines of every window."""
    return [line for window in windows(partials, policies).values() for line in window.final()]


def agreed(rules: Rules) -> Policies:
    """Return what lines are drawn under when they were metered by these rules."""
    return OneVersion(rules.book, rules.catalog)


def drawn(rules: Rules, *events: Event) -> list[Plain]:
    """Meter each event as a batch of its own and return the lines, in order."""
    partials: list[Partial] = []
    for seq, event in enumerate(events):
        metered = meter(rules, event, seq=seq)
        assert not metered.rejected
        partials += metered.partials
    return plain(lines(partials, agreed(rules)))


def plain(records: Iterable[CostLine]) -> list[Plain]:
    """Return lines as short rows, sorted."""
    return sorted(
        (
            Plain(
                line["tenant"],
                line["kind"],
                line["meter"],
                text(from_bytes(line["quantity"])),
                None if line["cost"] is None else text(from_bytes(line["cost"])),
                line["events"],
            )
            for line in records
        ),
        key=lambda row: (row.tenant, row.kind, row.meter, row.quantity, row.cost or ""),
    )


class Amounts(NamedTuple):
    """What a line costs, costs by the list, and is charged."""

    tenant: str
    kind: str
    cost: str
    listed: str
    billed: str


def amounts(rules: Rules, *events: Event) -> list[Amounts]:
    """Meter each event as a batch of its own; return the amounts of the lines that have some."""
    partials = [p for seq, each in enumerate(events) for p in meter(rules, each, seq=seq).partials]
    rows = [
        Amounts(line["tenant"], line["kind"], *(text(from_bytes(each)) for each in money))
        for line in lines(partials, agreed(rules))
        if all(money := [line[name] or b"" for name in MONEY])  # type: ignore[literal-required]  # of the tuple below
    ]
    return sorted(row for row in rows if row[2:] != ("0", "0", "0"))


MONEY = ("cost", "list_cost", "billed_cost")


def text(pico: int) -> str:
    """Return an integer of 1e-12 as a decimal without trailing zeros."""
    number = to_decimal(pico)
    whole = number.to_integral_value()
    return str(int(whole)) if number == whole else f"{number.normalize():f}"


def total(records: Iterable[CostLine]) -> int:
    """Return the cost of lines in pico."""
    return sum(from_bytes(line["cost"]) for line in records if line["cost"] is not None)


def cost(row: Plain) -> Decimal:
    """Return the cost of a priced row."""
    assert row.cost is not None
    return Decimal(row.cost)

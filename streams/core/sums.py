"""Additive sums per (window, pool): what metering fills and allocation draws lines from.

Addition is exact, commutative and associative: integers only. A window's sums depend on the set of
batches added, never on their order.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from schemas.decimals import from_bytes, to_bytes
from schemas.records import Meter, Sum


class Key(NamedTuple):
    """Who used what. What each null means stands in partial.v1.avsc."""

    tenant: str | None
    project: str | None
    provider: str | None
    model: str | None
    endpoint: str | None
    job: str | None
    region: str | None = None
    service_tier: str | None = None


class MeterKey(NamedTuple):
    """What was counted, and whether a price was in force."""

    name: str
    unit: str
    divisor: int
    priced: bool


# Events kept and not counted, see `streams.core.observers`. They cost nothing, and know it.
EVIDENCE: Final = MeterKey("evidence", "Events", 1, True)


@dataclass(slots=True)
class Entry:
    """Sums under one key: `meters[key] == [quantity, amount, list amount, billed amount]`."""

    events: int = 0
    meters: dict[MeterKey, list[int]] = field(default_factory=dict)

    def add(
        self,
        meter: MeterKey,
        quantity: int,
        amount: int,
        listed: int | None = None,
        billed: int | None = None,
    ) -> None:
        """Add to one meter. What is listed or billed is the amount itself where not given."""
        listed = amount if listed is None else listed
        billed = amount if billed is None else billed
        total = self.meters.get(meter)
        if total is None:
            self.meters[meter] = [quantity, amount, listed, billed]
        else:
            total[0] += quantity
            total[1] += amount
            total[2] += listed
            total[3] += billed


class Sums:
    """Entries by key."""

    __slots__ = ("entries",)

    def __init__(self) -> None:
        self.entries: dict[Key, Entry] = {}

    def entry(self, key: Key) -> Entry:
        """Return the entry of a key, made when it is new."""
        found = self.entries.get(key)
        if found is None:
            found = self.entries[key] = Entry()
        return found

    def records(self) -> list[Sum]:
        """Return the sums as the partial carries them."""
        return [record(key, entry) for key, entry in self.entries.items()]

    def add_records(self, records: list[Sum]) -> int:
        """Add the sums of a partial; return how many usage events they count."""
        events = 0
        for each in records:
            key = Key(
                each["tenant"],
                each["project"],
                each["provider"],
                each["model"],
                each["endpoint"],
                each["job"],
                each["region"],
                each["service_tier"],
            )
            entry = self.entry(key)
            entry.events += each["events"]
            events += each["events"]
            for meter, sums in read_meters(each["meters"]):
                entry.add(meter, *sums)
        return events


def events_in(records: list[Sum]) -> int:
    """Return how many usage events the sums of a partial are of, counted or kept as evidence."""
    return sum(
        each["events"] + sum(from_bytes(m["quantity"]) for m in each["meters"] if is_evidence(m))
        for each in records
    )


def is_evidence(meter: Meter) -> bool:
    """Whether a meter is of events that are kept and not counted."""
    return meter["name"] == EVIDENCE.name and meter["unit"] == EVIDENCE.unit


def read_meters(meters: list[Meter]) -> Iterator[tuple[MeterKey, tuple[int, int, int, int]]]:
    """Yield (key, sums as an entry has them); amounts of an unpriced meter are 0, mean nothing."""
    for meter in meters:
        amount = meter["amount"]
        key = MeterKey(meter["name"], meter["unit"], meter["divisor"], amount is not None)
        cost = from_bytes(amount) if amount else 0
        listed, billed = meter["list_amount"], meter["billed_amount"]
        yield (
            key,
            (
                from_bytes(meter["quantity"]),
                cost,
                cost if listed is None else from_bytes(listed),
                cost if billed is None else from_bytes(billed),
            ),
        )


def record(key: Key, entry: Entry) -> Sum:
    """Return one entry as the partial carries it."""
    return {
        "tenant": key.tenant,
        "project": key.project,
        "provider": key.provider,
        "model": key.model,
        "endpoint": key.endpoint,
        "job": key.job,
        "region": key.region,
        "service_tier": key.service_tier,
        "events": entry.events,
        "meters": [
            {
                "name": name,
                "unit": unit,
                "quantity": to_bytes(quantity),
                "amount": to_bytes(amount) if priced else None,
                "divisor": divisor,
                "list_amount": None if listed == amount else to_bytes(listed),
                "billed_amount": None if billed == amount else to_bytes(billed),
            }
            for (name, unit, divisor, priced), (
                quantity,
                amount,
                listed,
                billed,
            ) in entry.meters.items()
        ],
    }

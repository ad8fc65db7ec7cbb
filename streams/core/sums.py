"""Additive sums per (window, pool): what metering fills and allocation draws lines from.

Addition is exact, commutative and associative: integers only. A window's sums depend on the set of
batches added, never on their order.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

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


class MeterKey(NamedTuple):
    """What was counted, and whether a price was in force."""

    name: str
    unit: str
    divisor: int
    priced: bool


@dataclass(slots=True)
class Entry:
    """Quantities and amounts under one key: `meters[key] == [quantity, amount]`."""

    events: int = 0
    meters: dict[MeterKey, list[int]] = field(default_factory=dict)

    def add(self, meter: MeterKey, quantity: int, amount: int) -> None:
        """Add to one meter."""
        total = self.meters.get(meter)
        if total is None:
            self.meters[meter] = [quantity, amount]
        else:
            total[0] += quantity
            total[1] += amount


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
            )
            entry = self.entry(key)
            entry.events += each["events"]
            events += each["events"]
            for meter, quantity, amount in read_meters(each["meters"]):
                entry.add(meter, quantity, amount)
        return events


def read_meters(meters: list[Meter]) -> Iterator[tuple[MeterKey, int, int]]:
    """Yield (key, quantity, amount); the amount of an unpriced meter is 0 and means nothing."""
    for meter in meters:
        amount = meter["amount"]
        key = MeterKey(meter["name"], meter["unit"], meter["divisor"], amount is not None)
        yield key, from_bytes(meter["quantity"]), from_bytes(amount) if amount else 0


def record(key: Key, entry: Entry) -> Sum:
    """Return one entry as the partial carries it."""
    tenant, project, provider, model, endpoint, job = key
    return {
        "tenant": tenant,
        "project": project,
        "provider": provider,
        "model": model,
        "endpoint": endpoint,
        "job": job,
        "region": None,
        "service_tier": None,
        "events": entry.events,
        "meters": [
            {
                "name": name,
                "unit": unit,
                "quantity": to_bytes(quantity),
                "amount": to_bytes(amount) if priced else None,
                "divisor": divisor,
                "list_amount": None,
                "billed_amount": None,
            }
            for (name, unit, divisor, priced), (quantity, amount) in entry.meters.items()
        ],
    }

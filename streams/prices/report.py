"""What an import did, for people: counts first, then what they would ask next, largest first."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import TypeVar

from streams.config.price_entry import Entry
from streams.prices.amounts import whole
from streams.prices.found import Aside, Conflict, Found, NotUnderstood, Reading
from streams.prices.merge import Change, Merged

T = TypeVar("T")

MOST_LINES = 20  # of one list; the JSON report has them all
MOST_UNREAD = 500  # of what was not understood, which somebody has to look at
MILLION = Decimal(10**6)


def report_text(reading: Reading, merged: Merged, begin: datetime) -> str:
    """Return the report of an import as lines."""
    return "\n".join([
        *_fields(reading),
        *_reasons("Put aside, and why:", list(reading.aside())),
        *_not_understood(list(reading.not_understood())),
        *_listed("Two keys disagree; the first counts:", reading.conflicts, _conflict),
        *_listed("Rounded to 1e-12 per million:", rounded(reading), _rounded),
        *_listed("Said twice in the file; the last one counts:", reading.twice, str),
        "",
        *_book(merged, begin),
        *_listed("Changes, largest first:", by_size(merged.changed), _change),
        *_listed("Kept yours:", merged.kept_yours, _kept),
        *_listed("No longer in the map, price kept:", by_model(merged.vanished), str),
    ])  # fmt: skip


def _fields(reading: Reading) -> Iterator[str]:
    kinds = Counter(type(fate).__name__ for fate in reading.fates)
    total = kinds.total()
    yield f"{total:,} fields that speak of money"
    for label, name in (
        ("taken", "Taken"),
        ("put aside", "Aside"),
        ("not understood", "NotUnderstood"),
    ):
        share = 100 * kinds[name] / total if total else 0
        yield f"  {label:<14} {kinds[name]:>7,}  {share:5.2f} %"


def _reasons(title: str, fates: Sequence[Aside]) -> Iterator[str]:
    if fates:
        yield title
    for why, count in Counter(fate.why for fate in fates).most_common():
        yield f"  {count:>7,}  {why}"


def _not_understood(fates: Sequence[NotUnderstood]) -> Iterator[str]:
    if fates:
        yield "Not understood, and so without a price:"
    for why, group in groupby(sorted(fates, key=lambda fate: fate.why), key=lambda fate: fate.why):
        lines = [f"{f.leaf.key}  {'.'.join(f.leaf.path)} = {f.leaf.text}" for f in group]
        yield f"  {len(lines):>7,}  {why}"
        yield from _first(lines, 11, MOST_UNREAD)


def _book(merged: Merged, begin: datetime) -> Iterator[str]:
    yield f"Prices from {begin.isoformat().replace('+00:00', 'Z')} on"
    counts = (
        ("new", len(merged.added)),
        ("changed", len(merged.changed)),
        ("as before", merged.same),
        ("kept yours", len(merged.kept_yours)),
        ("not in the map any more", len(merged.vanished)),
        ("uplifts new", len(merged.uplifts_added) - len(merged.uplifts_ended)),
        ("uplifts changed", len(merged.uplifts_ended)),
    )
    for label, count in counts:
        yield f"  {label:<24} {count:>7,}"


def _listed(title: str, items: Sequence[T], shown: Callable[[T], str]) -> Iterator[str]:
    if items:
        yield f"{title} {len(items):,}"
        yield from _first([shown(item) for item in items], 2, MOST_LINES)


def _first(lines: Sequence[str], indent: int, most: int) -> Iterator[str]:
    for line in lines[:most]:
        yield " " * indent + line
    if len(lines) > most:
        yield " " * indent + f"and {len(lines) - most:,} more; --json lists all"


def by_size(changes: Iterable[Change]) -> list[Change]:
    """Return changes, the largest part of the old price first."""
    return sorted(changes, key=lambda change: -abs(percent(change) or Decimal("Infinity")))


def percent(change: Change) -> Decimal | None:
    """Return by how much of the old price a price changed; None from 0."""
    old, new = unit_price(change.old), unit_price(change.new)
    return 100 * (new - old) / old if old else None


def unit_price(entry: Entry) -> Decimal:
    """Return the price of one unit."""
    return entry.price / entry.per


def rounded(reading: Reading) -> list[Found]:
    """Return prices with more digits than a book holds: they went through a float before."""
    return [found for found in reading.prices if whole(found.price) != found.price]


def by_model(entries: Iterable[Entry]) -> list[str]:
    """Return the models that entries price, each with its meters."""
    meters: dict[str, dict[str, None]] = {}
    for entry in entries:
        model = f"{entry.provider or ''} {entry.model}".strip()
        meters.setdefault(model, {})[entry.meter] = None
    return [f"{model}: {', '.join(names)}" for model, names in meters.items()]


def named(entry: Entry) -> str:
    """Return what an entry prices, as a line says it."""
    where = [entry.provider, entry.model, entry.region, entry.service_tier]
    step = f"above {entry.above_tokens:,} tokens" if entry.above_tokens is not None else None
    hours = " ".join([*(entry.days or ()), entry.hours]) if entry.hours else None
    return " ".join(filter(None, [entry.meter, "of", *where, step, hours]))


def _change(change: Change) -> str:
    part = percent(change)
    by = "from 0" if part is None else f"{part:+.1f} %"
    per = "a million" if change.new.per == MILLION else "each"
    return f"{named(change.new)}: {change.old.price} → {change.new.price} {per} ({by})"


def _conflict(conflict: Conflict) -> str:
    kept, dropped = conflict.kept, conflict.dropped
    return f"{kept.thing.meter}: {kept.key} {kept.price:f}, {dropped.key} {dropped.price:f}"


def _rounded(found: Found) -> str:
    return f"{found.key}  {'.'.join(found.path)} = {found.price:f}"


def _kept(found: Found) -> str:
    return f"{found.thing.meter} of {found.thing.provider} {found.thing.model}"

"""Puts the prices of a map into a book from an instant on, and keeps the history before it.

What the site wrote itself is never touched: only entries of earlier imports are ended. Prices that
did not change keep their entries, so that importing a map again changes nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from streams.config.agreements import Uplift
from streams.config.price_document import Document
from streams.config.price_entry import Entry
from streams.prices.dropped_prices import Said, implied
from streams.prices.errors import ImportRefused
from streams.prices.found import Found, Reading
from streams.prices.kept_yours import Yours
from streams.prices.map_entries import (
    Place,
    entry_of,
    grouped,
    holds,
    is_ours,
    place_of_entry,
    place_of_thing,
)
from streams.prices.merge_uplifts import merge_uplifts

CURRENCY = "USD"  # of the maps there are
FIELDS = tuple(Document.model_fields)


@dataclass(frozen=True, slots=True)
class Change:
    """A price that an import ends, and the one that follows it."""

    old: Entry
    new: Entry


@dataclass(frozen=True, slots=True)
class Merged:
    """A book with a map in it, and what that did. `same`: prices that stayed as they were.

    `vanished`: prices of earlier imports that this map says nothing of; they stay in force.
    """

    document: Document
    added: tuple[Entry, ...]
    changed: tuple[Change, ...]
    same: int
    kept_yours: tuple[Found, ...]
    vanished: tuple[Entry, ...]
    uplifts_added: tuple[Uplift, ...]
    uplifts_ended: tuple[Uplift, ...]


def import_into(book: Document, reading: Reading, begin: datetime) -> Merged:
    """Return a book with a map's prices from an instant on.

    Raises ImportRefused when an import wrote later prices already. The result still has to be
    checked: an entry that the site ended before leaves a gap.
    """
    if book.currency != CURRENCY:
        raise ImportRefused(
            f"expected a book in {CURRENCY}, as the map is, got {book.currency}; import into "
            "a book of its own"
        )
    normal = book.normal()
    entries = normal.prices or ()
    refuse_rewriting((*entries, *normal.uplifts), begin)
    yours = Yours(entries, normal.uplifts, begin)
    ours = [entry for entry in entries if is_ours(entry.source)]
    in_force = {place_of_entry(entry): entry for entry in ours if holds(entry, begin)}
    said, kept_yours = wanted(reading, yours)
    said |= dict(implied(in_force, said))
    changes, added = differences(in_force, said, begin)
    uplifts = merge_uplifts(normal.uplifts, reading.raises, yours, begin)
    if changes or added:
        old = {id(change.old) for change in changes}
        kept = [ended(entry, begin) if id(entry) in old else entry for entry in ours]
        book = with_ours(book, [*kept, *(change.new for change in changes), *added])
    if uplifts.added:
        book = remade(book, uplifts=uplifts.all)
    return Merged(
        document=book,
        added=tuple(added),
        changed=tuple(changes),
        same=len(said) - len(added) - len(changes),
        kept_yours=tuple(kept_yours),
        vanished=tuple(entry for place, entry in in_force.items() if place not in said),
        uplifts_added=uplifts.added,
        uplifts_ended=uplifts.ended,
    )


def refuse_rewriting(entries: Iterable[Entry | Uplift], begin: datetime) -> None:
    """Raise ImportRefused when an import wrote prices that begin later."""
    later = [
        each.effective_from
        for each in entries
        if is_ours(each.source) and each.effective_from and each.effective_from > begin
    ]
    if later:
        raise ImportRefused(
            f"expected effective_from of {max(later).isoformat()} or later, to which the book has "
            f"imported prices, got {begin.isoformat()}; import maps in the order of their dates"
        )


def wanted(reading: Reading, yours: Yours) -> tuple[dict[Place, Said], list[Found]]:
    """Return what a map says that things cost, and what of it the site says itself."""
    said = {}
    kept = []
    for found in reading.prices:
        place = place_of_thing(found.thing)
        if yours.has_price(place):
            kept.append(found)
        else:
            said[place] = Said(found.price, found.key)
    return said, kept


def differences(
    in_force: dict[Place, Entry], said: dict[Place, Said], begin: datetime
) -> tuple[list[Change], list[Entry]]:
    """Return what costs something else from now on, and what had no price. Raises ImportRefused."""
    changes = []
    added = []
    for place, price in said.items():
        old = in_force.get(place)
        new = entry_of(place, price.price, price.key, begin)
        if old is None:
            added.append(new)
        elif old.price * new.per != new.price * old.per:
            if old.effective_from == begin:
                raise ImportRefused(
                    f"expected effective_from after {begin.isoformat()}: {place.meter} of "
                    f"{place.model} already costs {old.price} from then on and not {new.price}; "
                    "choose a later date"
                )
            changes.append(Change(old, new))
    return changes, added


def ended(entry: Entry, at: datetime) -> Entry:
    """Return an entry that holds until an instant."""
    return entry.model_copy(update={"effective_to": at})


def with_ours(book: Document, ours: Iterable[Entry]) -> Document:
    """Return a book with other imported entries; the site's own stay as they are written."""
    single, groups = grouped(ours)
    unnamed = book.defaults.source
    prices = [each for each in book.prices or () if not is_ours(each.source or unnamed)]
    models = [each for each in book.models if not is_ours(each.source or unnamed)]
    return remade(book, prices=(*prices, *single) or None, models=(*models, *groups))


def remade(book: Document, **fields: object) -> Document:
    """Return a book that says other things in some fields."""
    return Document.model_validate({**{name: getattr(book, name) for name in FIELDS}, **fields})

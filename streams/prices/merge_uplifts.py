"""Puts the uplifts of a map into a book, by the rules that its prices are merged by."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from streams.config.agreements import Uplift
from streams.prices.errors import ImportRefused
from streams.prices.found import Raise
from streams.prices.kept_yours import Yours
from streams.prices.map_entries import holds, is_ours, uplift_of


@dataclass(frozen=True, slots=True)
class MergedUplifts:
    """All uplifts of a book after an import, and what it began and ended."""

    all: tuple[Uplift, ...]
    added: tuple[Uplift, ...]
    ended: tuple[Uplift, ...]


def merge_uplifts(
    uplifts: Sequence[Uplift], raises: Sequence[Raise], yours: Yours, begin: datetime
) -> MergedUplifts:
    """Return a book's uplifts with a map's from an instant on.

    One that the map has no more stays, like a price. Raises ImportRefused.
    """
    wanted = {
        each.thing: each
        for each in (uplift_of(r, begin) for r in raises if not yours.has_uplift(r))
    }
    in_force = {each.thing: each for each in uplifts if is_ours(each.source) and holds(each, begin)}
    added = [
        each
        for thing, each in wanted.items()
        if thing not in in_force or in_force[thing].factor != each.factor
    ]
    replaced = [in_force[each.thing] for each in added if each.thing in in_force]
    for each in replaced:
        if each.effective_from == begin:
            raise ImportRefused(
                f"expected effective_from after {begin.isoformat()}: the book has another factor "
                f"for {each.models[0]} in {each.region} from then on; choose a later date"
            )
    kept = [
        each.model_copy(update={"effective_to": begin}) if each in replaced else each
        for each in uplifts
    ]
    return MergedUplifts((*kept, *added), tuple(added), tuple(replaced))

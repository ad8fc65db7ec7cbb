"""Prices that a map had once and has no more, of models that it still has.

Where the model's other prices cover the same usage they cover it now: a step that is gone costs
what smaller prompts cost, reasoning without a price what output costs. To say so the entry gets
that price; ended, it would leave a gap should the map bring it back.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from streams.core.meters import PARTS
from streams.prices.map_entries import Place

Steps: TypeAlias = dict[int, "Said"]


@dataclass(frozen=True, slots=True)
class Said:
    """What a map says that a unit of a thing costs, and which of its keys does."""

    price: Decimal
    key: str


def implied(known: Iterable[Place], said: Mapping[Place, Said]) -> Iterator[tuple[Place, Said]]:
    """Yield what a map says without words of things that an earlier one priced."""
    by_step: defaultdict[Place, Steps] = defaultdict(dict)
    for place, price in said.items():
        by_step[place._replace(step=0)][place.step] = price
    for place in known:
        if place not in said:
            covering = _covering(place, by_step)
            if covering is not None:
                yield place, covering


def _covering(place: Place, by_step: Mapping[Place, Steps]) -> Said | None:
    """Return the price that holds where a thing has none of its own."""
    for meter in (place.meter, PARTS.get(place.meter)):
        for hours, days in ((place.hours, place.days), (None, None)):
            if meter is not None:
                wanted = place._replace(meter=meter, step=0, hours=hours, days=days)
                steps = by_step.get(wanted, {})
                below = [step for step in steps if step <= place.step]
                if below:
                    return steps[max(below)]
    return None

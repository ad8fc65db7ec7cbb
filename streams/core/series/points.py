"""What one stretch of time is in every series: a value, and the money behind it.

Money becomes a float of the currency here, for detectors, and is an integer of pico beside it.
"""

from collections.abc import Iterator
from typing import NamedTuple

from streams.core.catalog import DERIVED_MARK
from streams.core.money import PICO
from streams.core.reserved import IDLE
from streams.core.series.buckets import Slice
from streams.core.series.cells import NONE, Amounts, Cell, Sums
from streams.core.series.keys import SeriesKey
from streams.core.windows import HOUR_US

THOUSAND_TOKENS = 1_000 * PICO  # tokens are counted in 1e-12


class Point(NamedTuple):
    """One value of a series, and what it costs.

    `value`: currency an hour; of idle the part of the pool's cost, of unit currency a thousand
    tokens. `pico`: what the stretch cost. `scale`: value times scale is currency an hour.
    """

    value: float
    pico: int
    scale: float


def points_of(of: Slice) -> dict[SeriesKey, Point]:
    """Return the values of all series that there is something of."""
    per_hour = HOUR_US / (of.end_us - of.start_us)
    found: dict[SeriesKey, Point] = {}
    for key, amounts in by_series(of.sums).items():
        point = point_of(key, amounts, per_hour)
        if point is not None:
            found[key] = point
    return found


def point_of(key: SeriesKey, amounts: Amounts, per_hour: float) -> Point | None:
    """Return the value of one series; None where it has none."""
    if key.subject == "idle":
        if amounts.cost <= 0:
            return None
        scale = amounts.cost / PICO * per_hour
        return Point(amounts.idle / amounts.cost, amounts.idle, scale)
    if key.subject == "unit":
        if amounts.tokens <= 0:
            return None
        thousands = amounts.tokens / THOUSAND_TOKENS
        unit = amounts.token_cost / PICO / thousands
        return Point(unit, amounts.token_cost, thousands * per_hour)
    return Point(amounts.cost / PICO * per_hour, amounts.cost, 1.0)


def by_series(sums: Sums) -> dict[SeriesKey, Amounts]:
    """Return what each series sums up of some cells."""
    found: dict[SeriesKey, Amounts] = {}
    for cell, amounts in sums.items():
        for key in series_with(cell, amounts):
            found[key] = found.get(key, NONE).plus(amounts)
    return found


def series_with(cell: Cell, amounts: Amounts) -> Iterator[SeriesKey]:
    """Yield the series that a cell is part of.

    Capacity that nobody could take is of its pool only, and only capacity can be idle.
    """
    currency = cell.currency
    if cell.tenant != IDLE:
        yield SeriesKey("tenant", cell.tenant, "", "", currency)
        if cell.model:
            yield SeriesKey("model", cell.tenant, cell.model, "", currency)
    if amounts.tokens:
        yield SeriesKey("unit", cell.tenant, cell.model, "", currency)
    if DERIVED_MARK not in cell.pool:
        yield SeriesKey("idle", "", "", cell.pool, currency)

"""What hours and days cost, by the hourly rollups of ClickHouse, to look for growth. Blocks.

Raises StoreUnavailable and SqlRefused.
"""

from streams.core.growths import (
    PART_WEEKS,
    HourCost,
    Hours,
    PartCost,
    PartDay,
    Whose,
    part_costs,
    with_tenants,
)
from streams.core.reserved import IDLE
from streams.core.series.parts import DIMENSIONS
from streams.core.timeline import WEEK_US
from streams.replay.ask import Asker, Params


def hours_since(asker: Asker, since_us: int) -> int:
    """Return when the first hour with a cost begins, of those since an instant; 0: none."""
    [[first_us]] = asker.rows("grown_since", {"since": since_us})
    return int(first_us)


def hours_of(asker: Asker, since_us: int, until_us: int) -> Hours:
    """Return what hours that begin in [since, until) cost each tenant, and its models."""
    rows = asker.rows("grown_hours", {"since": since_us, "until": until_us, "nobody": IDLE})
    return with_tenants(HourCost(Whose(*row[:3]), *row[3:]) for row in rows)


def grown_parts(asker: Asker, whose: Whose, day_us: int) -> list[PartCost]:
    """Return what parts of a cost were on a day, and on that day of the weeks before it."""
    asked: Params = {**whose._asdict(), "since": day_us - PART_WEEKS * WEEK_US, "day": day_us}
    parts = (PartDay(*row) for row in asker.rows("grown_parts", asked))
    return part_costs(parts, DIMENSIONS["model" if whose.model else "tenant"], day_us)

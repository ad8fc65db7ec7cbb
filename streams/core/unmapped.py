"""Calls of endpoints for which no GPU is reported: they cost nothing, and nothing hides that.

A call of an endpoint that is paid by GPU time costs its part of the time that the endpoint held.
Where the pool has no GPU of it there is nothing to have a part of: an agent is silent, or a name is
written in two ways. A row of its own says how much work that was.
"""

from collections import Counter

from streams.core.held import Entries, GpuPart
from streams.core.lines import Dimensions, Figures, Lines
from streams.core.metered_lines import WORK, dimensions
from streams.core.money import PICO
from streams.core.pools import WEIGHT_SCALE
from streams.core.reserved import UNMAPPED
from streams.core.sums import Key, MeterKey

KIND = "unmapped"
METER = MeterKey("endpoint.unmapped", "Token-Work", 1, priced=True)  # no GPU time: there was none


def unmapped(lines: Lines, entries: Entries, parts: list[GpuPart]) -> None:
    """Draw the row of every endpoint that was called; nothing is on it where a GPU is reported."""
    there = {key.endpoint for key, *_ in parts}
    for endpoint, work in sorted(work_by_endpoint(entries).items()):
        figures = lines.setdefault(unmapped_line(endpoint), Figures())
        if endpoint not in there:
            figures.quantity += work * PICO // WEIGHT_SCALE


def work_by_endpoint(entries: Entries) -> Counter[str]:
    """Return the work of calls, in thousandths of an input token."""
    found: Counter[str] = Counter()
    for key, entry in entries:
        if key.endpoint:
            for meter, (work, *_) in entry.meters.items():
                if meter.name == WORK:
                    found[key.endpoint] += work
    return found


def unmapped_line(endpoint: str) -> Dimensions:
    """Return what the row of an endpoint is about."""
    return dimensions(Key(UNMAPPED, None, None, None, endpoint, None), UNMAPPED, KIND, METER)

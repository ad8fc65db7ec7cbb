"""Idle capacity: who pays for what nobody used.

What nobody can take is a row of its own, so nothing of it is lost.
"""

from collections.abc import Mapping

from streams.core.capacity import Capacity
from streams.core.gpu import ACTIVE
from streams.core.lines import Lines
from streams.core.pools import Share
from streams.core.reserved import IDLE
from streams.core.time_lines import BORROWED, TIME_KINDS, pool_line, put

IDLE_SHARE = "idle_share"
IDLE_METER = "gpu.idle"
TAKERS = TIME_KINDS | {BORROWED}  # kinds of lines whose tenants take idle time


def share_idle(
    lines: Lines, pot: Capacity, share: Share, reserved: Mapping[str, int], events: int
) -> None:
    """Hand out the pot; what nobody can take stays with IDLE, whose line is always there.

    `reserved`: GPU-microseconds of the window by tenant. `events`: how many said what there was.
    """
    weights = weights_of(lines, share, reserved)
    *parts, rest = pot.parts([*weights.values(), int(not any(weights.values()))], share)
    for tenant, part in zip(weights, parts, strict=True):
        put(lines, pool_line(tenant, IDLE_SHARE, IDLE_METER), part)
    put(lines, pool_line(IDLE, IDLE_SHARE, IDLE_METER), rest, events)


def weights_of(lines: Lines, share: Share, reserved: Mapping[str, int]) -> dict[str, int]:
    """Return by which weights idle time is handed out, by tenant in the order that decides ties."""
    worked = worked_by(lines)
    if share == "reservation":
        return {name: reserved.get(name, 0) for name in sorted({*worked, *reserved})}
    if share == "weighted":
        return dict(sorted(worked.items()))
    return {name: int(share == "even") for name in sorted(worked)}


def worked_by(lines: Lines) -> dict[str, int]:
    """Return what the time cost that each tenant worked in, in pico; 0 of time it only held."""
    found: dict[str, int] = {}
    for what, figures in lines.items():
        if what.kind in TAKERS:
            cost = figures.cost or 0
            found[what.tenant] = found.get(what.tenant, 0) + (cost if what.meter == ACTIVE else 0)
    return found

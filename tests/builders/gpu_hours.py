"""GPU time by the hour: as many intervals of the hour from T0 as it takes."""

from decimal import Decimal

from schemas.records import GpuInterval
from streams.core.windows import HOUR_US
from tests.builders.usage import T0, holder, interval

NODE = "gpu-node-1"


def worked(hours: str, node: str = NODE, **who: object) -> list[GpuInterval]:
    """Return time that somebody held and worked."""
    return [
        interval(holder(for_us, for_us, **who), **span(for_us, node)) for for_us in pieces(hours)
    ]


def held(hours: str, **who: object) -> list[GpuInterval]:
    """Return time that somebody held and did not work."""
    return [interval(holder(for_us, 0, **who), **span(for_us)) for for_us in pieces(hours)]


def unheld(hours: str, node: str = NODE) -> list[GpuInterval]:
    """Return time that nobody held."""
    return [interval(**span(for_us, node)) for for_us in pieces(hours)]


def in_repair(hours: str) -> list[GpuInterval]:
    """Return time out of service."""
    return [interval(**span(for_us), out_of_service_us=for_us) for for_us in pieces(hours)]


def unobserved(hours: str) -> list[GpuInterval]:
    """Return time that nobody looked."""
    return [interval(**span(for_us), unobserved_us=for_us) for for_us in pieces(hours)]


def pieces(hours: str) -> list[int]:
    """Return the lengths of its intervals, in microseconds: an hour each, but for the last."""
    left = int(Decimal(hours) * HOUR_US)
    found = [HOUR_US] * (left // HOUR_US)
    return [*found, left % HOUR_US] if left % HOUR_US else found


def span(for_us: int, node: str = NODE) -> dict[str, object]:
    """Return the fields that say when and where."""
    return {"start_us": T0, "end_us": T0 + for_us, "node": node}

"""What a job may cost: caps by tenant and job, as a catalog has them."""

from dataclasses import dataclass

from streams.core.timeline import FOREVER


@dataclass(frozen=True, slots=True)
class JobCap:
    """What every job of some name may cost, each for itself: `limit` is pico of the currency.

    Of a tenant by globs of tenants, and of the job by globs of its id. The first cap of a catalog
    that fits a job is its cap.
    """

    name: str
    tenants: tuple[str, ...]
    jobs: tuple[str, ...]
    limit: int
    currency: str
    from_us: int = 0
    to_us: int = FOREVER

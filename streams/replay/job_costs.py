"""What every job cost: GPU time that was held under its id."""

from dataclasses import dataclass

from streams.replay.ask import Asker, Params


@dataclass(frozen=True, slots=True)
class JobCost:
    """A job of a tenant, in pico; empty project: none. Idle time is not a job's.

    `provisional_lines`: of windows that are still open, so that the cost may grow.
    """

    tenant: str
    project: str
    job: str
    first_us: int
    last_us: int
    gpu_us: int
    cost: int
    billed: int
    currency: str
    unpriced_lines: int
    provisional_lines: int


def job_costs(asker: Asker, since_us: int, until_us: int, job: str = "") -> list[JobCost]:
    """Return what jobs cost in windows that begin in a stretch, dearest first. Blocks."""
    params: Params = {"since": since_us, "until": until_us, "job": job}
    return [JobCost(*row) for row in asker.rows("job_costs", params)]

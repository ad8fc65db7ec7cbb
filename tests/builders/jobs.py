"""Cost lines of jobs, and caps on them."""

from schemas.records import CostLine
from streams.core.windows import MINUTE_US
from tests.builders.cost_lines import line
from tests.builders.usage import T0

JOB = "train-7"


def job_line(
    minute: int, cost: str | None, *, job: str | None = JOB, thing: int = 0, **changes: object
) -> CostLine:
    """Return a line of a job's GPU time in a minute; `thing` tells several of one minute apart."""
    named = sum(map(ord, f"{job}{changes.get('tenant')}{changes.get('pool')}"))
    fixed = {
        "window_start_us": T0 + minute * MINUTE_US,
        "window_end_us": T0 + (minute + 1) * MINUTE_US,
        "job": job,
        "pool": "h100",
        "kind": "used",
        "meter": "gpu.active",
        "unit": "GPU-Microseconds",
        "provider": None,
    }
    return line(named * 1_000_000 + minute * 100 + thing, cost, **fixed | changes)


def caps(limit: str, tenant: str = "*", jobs: str = "train-*", **more: str) -> str:
    """Return a catalog with one cap."""
    rest = "".join(f", {name}: {value}" for name, value in more.items())
    said = f"name: runs, tenants: ['{tenant}'], jobs: ['{jobs}'], limit: '{limit}', currency: USD"
    return f"job_caps: [{{{said}{rest}}}]\n"

"""What jobs cost, by the lines in force."""

import pytest

from clickhouse.client import Connection
from clickhouse.rows import cost_lines
from clickhouse.writer import Writer
from schemas.decimals import to_bytes
from streams.core.windows import MINUTE_US
from streams.replay.ask import Direct
from streams.replay.job_costs import JobCost, job_costs
from tests.builders.cost_lines import line
from tests.builders.usage import T0

pytestmark = pytest.mark.integration

USD = 10**12


def test_a_job_costs_what_its_gpu_time_does_over_all_windows(database: Connection) -> None:
    """train-1: 2 and 0.5 in one window, 1 in the next, which is open. A bucket is no job."""
    of_job = {
        "job": "train-1", "meter": "gpu.active", "kind": "used", "unit": "GPU-Microseconds",
        "quantity": to_bytes(10 * USD), "provider": None, "pool": "h100",
    }  # fmt: skip
    later = {"window_start_us": T0 + MINUTE_US, "window_end_us": T0 + 2 * MINUTE_US}
    writer = Writer(database.session())
    writer.add(
        cost_lines(
            [
                line(1, "2", **of_job, status="final"),
                line(2, "0.5", **of_job | {"kind": "held_idle"}, status="final"),
                line(3, "1", **of_job, **later),
                line(4, "9", job="bucket-1", kind="resource.storage", meter="resource.storage"),
                line(5, "7", **of_job | {"job": "train-2"}, status="final"),
                line(6, "5", **of_job | {"job": None}, status="final"),
            ]
        )
    )
    writer.flush()
    within = T0, T0 + 2 * MINUTE_US
    one = JobCost(
        "acme", "", "train-1", T0, T0 + 2 * MINUTE_US, 30, 35 * USD // 10, 35 * USD // 10,
        "USD", 0, 1,
    )  # fmt: skip
    assert job_costs(Direct(database), *within, "train-1") == [one]
    assert [each.job for each in job_costs(Direct(database), *within)] == ["train-2", "train-1"]

"""`apportion jobs`: what every batch or training job cost."""

from typing import Annotated

import typer

from streams.cli.listing import AsJson, Listing, asking, cell, exact, stretch
from streams.cli.reach import Check, ClickHouse, Data
from streams.core.windows import DAY_US, HOUR_US
from streams.readable import instant
from streams.replay.job_costs import JobCost, job_costs

MONTH_US = 31 * DAY_US


def jobs(  # noqa: PLR0913 - one parameter an option
    *,
    since: Annotated[
        str | None, typer.Option("--from", help="Windows from this instant on; the last 31 days.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", help="Windows that begin before this instant; now.")
    ] = None,
    job: Annotated[str, typer.Option(help="This job only.")] = "",
    as_json: AsJson = False,
    data: Data = None,
    clickhouse: ClickHouse = None,
    check: Check = False,
) -> None:
    """Print the cost of every job that held GPUs, the dearest first."""
    within = stretch(since, until, MONTH_US)
    with asking(data, clickhouse, check=check) as asker:
        found = job_costs(asker, *within, job)
    LISTING.show(found, as_json=as_json)


def plain(each: JobCost) -> dict[str, object]:
    """Return one entry of the JSON object; money as exact decimal strings."""
    return {
        "tenant": each.tenant,
        "project": each.project or None,
        "job": each.job,
        "from": instant(each.first_us),
        "to": instant(each.last_us),
        "gpu_us": each.gpu_us,
        "cost": exact(each.cost),
        "billed_cost": exact(each.billed),
        "currency": each.currency,
        "unpriced_lines": each.unpriced_lines,
        "provisional_lines": each.provisional_lines,
    }


def row(each: JobCost) -> tuple[str, ...]:
    """Return one line of the table."""
    names = map(cell, (each.tenant, each.project, each.job))
    hours = f"{each.gpu_us / HOUR_US:,.3f}"
    notes = [
        *(["partly unpriced"] if each.unpriced_lines else []),
        *(["provisional"] if each.provisional_lines else []),
    ]
    cost = exact(each.cost) or ""
    return (*names, instant(each.first_us), hours, cost, each.currency, ", ".join(notes))


LISTING = Listing(
    "jobs",
    "no jobs",
    ("tenant", "project", "job", "began", "GPU-hours", "cost", "currency", ""),
    "GPU-hours cost",
    row,
    plain,
)

"""Lines of a job, joined one by one: which count, and when all is known."""

import pytest

from streams.core.job_cost import JobCost, JobKey, Past, key_of
from streams.core.windows import MINUTE_US
from tests.builders.jobs import JOB, job_line
from tests.builders.usage import T0

USD = 10**12


def known(past: Past | None = None) -> JobCost:
    job = JobCost()
    job.learn(past or Past())
    return job


def pico(job: JobCost) -> int | None:
    spent = job.spending()
    return None if spent is None else spent.pico


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, JobKey("acme", JOB, "USD")),
        ({"job": None}, None),
        ({"meter": "resource.storage"}, None),  # of resources the id names something else
        ({"meter": "gpu.held_idle", "tenant": "globex"}, JobKey("globex", JOB, "USD")),
    ],
)
def test_a_job_is_gpu_time_under_its_id(
    changes: dict[str, object], expected: JobKey | None
) -> None:
    assert key_of(job_line(0, "1", **{"job": JOB} | changes)) == expected  # type: ignore[arg-type]  # of any


def test_nothing_is_known_before_the_past_is() -> None:
    job = JobCost()
    assert job.take(job_line(0, "1"), 0)
    assert not job.is_whole
    assert pico(job) is None
    job.learn(Past())
    assert pico(job) == USD


def test_of_a_line_the_highest_revision_counts_and_final_before_provisional() -> None:
    """3 of revision 2, then 4 of the same as final; 9 of revision 1 comes too late."""
    job = known()
    for offset, (cost, revision, status) in enumerate(
        [("3", 2, "provisional"), ("4", 2, "final"), ("9", 1, "final")]
    ):
        job.take(job_line(0, cost, revision=revision, status=status), offset)
    assert pico(job) == 4 * USD


def test_a_line_without_a_price_is_counted_apart() -> None:
    job = known()
    job.take(job_line(0, "1"), 0)
    job.take(job_line(0, None, thing=1), 1)
    spent = job.spending()
    assert spent is not None
    assert (spent.pico, spent.unpriced) == (USD, 1)


def test_a_line_of_a_correction_does_not_count_by_itself() -> None:
    job = known()
    job.take(job_line(0, "1"), 0)
    assert not job.take(job_line(0, "9", generation=1, status="corrected", lines=2), 1)
    assert pico(job) == USD


def test_corrected_windows_are_what_the_past_says_and_their_lines_are_not() -> None:
    job = known(Past(corrected=frozenset({(T0, "h100")}), settled=5 * USD))
    job.take(job_line(0, "1"), 0)
    job.take(job_line(1, "2"), 1)
    assert pico(job) == 7 * USD


def test_a_settled_line_read_again_changes_nothing() -> None:
    job = known(Past(before=10, since_us=T0 + MINUTE_US, settled=USD))
    job.take(job_line(1, "2"), 11)
    assert not job.take(job_line(0, "1"), 9)
    assert job.is_whole
    assert pico(job) == 3 * USD


def test_a_new_line_of_a_settled_window_has_its_job_read_again() -> None:
    job = known(Past(before=10, since_us=T0 + MINUTE_US, settled=USD))
    job.take(job_line(0, "1", thing=1), 12)
    assert not job.is_whole
    assert pico(job) is None
    job.learn(Past(before=12, since_us=T0 + MINUTE_US, settled=USD))  # the store is not there yet
    assert not job.is_whole
    job.learn(Past(before=13, since_us=T0 + MINUTE_US, settled=2 * USD))
    job.take(job_line(1, "0"), 13)
    assert pico(job) == 2 * USD


def test_it_says_from_when_until_when_it_ran_and_under_which_prices() -> None:
    job = known()
    job.take(job_line(5, "1", price_book="later"), 0)
    job.take(job_line(3, "1"), 1)
    spent = job.spending()
    assert spent is not None
    assert (spent.first_us, spent.newest.end_us) == (T0 + 3 * MINUTE_US, T0 + 6 * MINUTE_US)
    assert spent.newest.price_book == "later"

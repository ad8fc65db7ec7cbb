"""Laws of what the reader tells of time, over made-up nodes: nothing twice, nothing lost."""

import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from agents.gpu.nvml.reader import NvmlReader
from agents.gpu.observed import Activity
from tests.nvml_process import START_US, Clocks, node_in_process

PERIOD_US = 200_000  # between two samples of the stub
PERCENT_ERROR = 0.005  # the driver tells whole percents

pauses = st.integers(1, 40).map(lambda tenths: tenths / 10)  # the stub keeps 20 s of samples
pids = st.sampled_from([100, 101, 102])
doings = st.one_of(
    st.none(),  # only time passes
    st.tuples(pids, st.integers(0, 33)),  # three of them fit into the GPU
)


@given(st.lists(st.tuples(doings, pauses), min_size=1, max_size=15))
def test_windows_cover_the_time_once_and_their_work_is_what_was_done(
    story: list[tuple[tuple[int, int] | None, float]],
) -> None:
    done_us = dict.fromkeys([100, 101, 102], 0.0)
    rates = dict.fromkeys([100, 101, 102], 0)
    windows: list[Activity] = []
    with tempfile.TemporaryDirectory() as folder, node_in_process(Path(folder)) as node:
        gpu = node.add_gpu()
        reader = NvmlReader(Clocks(node))
        reader.look()
        for doing, pause_s in [*story, (None, 2.0)]:
            if doing is not None:
                pid, percent = doing
                gpu.work(pid, percent)
                rates[pid] = percent
            node.advance(pause_s)
            for pid, percent in rates.items():
                done_us[pid] += percent / 100 * pause_s * 1_000_000
            (seen,) = reader.look()
            if seen.activity is not None:
                windows.append(seen.activity)
    starts = [window.since_us for window in windows]
    ends = [window.until_us for window in windows]
    assert starts == [START_US, *ends[:-1]]
    for_us = ends[-1] - START_US
    # what the driver has not sampled yet, and rounding to whole percents in each window
    slack_us = PERIOD_US * 2 + sum(PERCENT_ERROR * (w.until_us - w.since_us) for w in windows)
    for pid, us in done_us.items():
        told_us = sum((window.sm_us or {}).get(pid, 0) for window in windows)
        assert abs(told_us - us) <= slack_us + rates[pid] / 100 * (node_end(story) - for_us), pid
    told_us = sum(window.device_us or 0 for window in windows)
    assert abs(told_us - sum(done_us.values())) <= 3 * slack_us


def node_end(story: list[tuple[tuple[int, int] | None, float]]) -> float:
    """Return how long a story lasts, in microseconds."""
    return (sum(pause_s for _, pause_s in story) + 2.0) * 1_000_000

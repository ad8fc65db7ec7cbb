"""What unit tests of the GPU reader share: a made-up node behind the real pynvml."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.nvml_scenario import Node


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    """A node without GPUs yet. Its clock moves only as the test says."""
    from tests.nvml_process import node_in_process  # noqa: PLC0415 # pynvml for whom needs it

    with node_in_process(tmp_path) as node:
        yield node

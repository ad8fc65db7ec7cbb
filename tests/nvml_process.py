"""A made-up node behind the pynvml of the test's own process, in its own time."""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import pynvml

from agents.gpu.observed import Instant
from tests.nvml_scenario import SONAME, Node, stub_folder

START_US = 1_764_000_000_000_000  # 2025-11-24 16:00 UTC
BOOTED_US = 86_400_000_000  # before the start


@contextmanager
def node_in_process(folder: Path) -> Iterator[Node]:
    """Put a node with a stopped clock behind pynvml, and the former library back after."""
    node = Node(folder, clock_us=START_US)
    stub = ctypes.CDLL(str(stub_folder() / SONAME))
    before = pynvml.nvmlLib
    pynvml._nvmlGetFunctionPointer_cache.clear()
    pynvml.nvmlLib = stub
    try:
        with mock.patch.dict(os.environ, node.environment):
            yield node
    finally:
        pynvml._nvmlGetFunctionPointer_cache.clear()
        pynvml.nvmlLib = before


class Clocks:
    """The clocks of a made-up node: they follow the stub's, plus what a test steps the wall by."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self.stepped_us = 0  # of the wall clock; the stub's clock is the wall clock

    def step(self, seconds: float) -> None:
        """Set the wall clock forward or back."""
        by_us = round(seconds * 1_000_000)
        self.stepped_us += by_us
        self._node.set_clock(self._node.now_us + by_us)

    def __call__(self) -> Instant:
        steady_us = self._node.now_us - self.stepped_us - START_US + BOOTED_US
        return Instant(self._node.now_us, steady_us, steady_us)

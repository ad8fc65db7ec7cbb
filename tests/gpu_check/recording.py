"""What NVML answers about one GPU, tick by tick, as it is: the raw material of the check."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TypeVar

from agents.errors import NvmlRefused
from agents.gpu.nvml import library as nvml
from agents.gpu.nvml.library import EventSet, Handle

T = TypeVar("T")

SINCE_EVER_US = 0


@dataclass(frozen=True, slots=True)
class Tick:
    """All answers of one instant. None: refused."""

    step: str  # of the story, e.g. "two spin"
    at_us: int  # wall clock
    since_us: int  # what rows and samples were asked for
    rows: list[tuple[int, int, int]] | None  # pid, stamp, percent
    samples: list[tuple[int, int]] | None  # stamp, percent
    all_rows: list[tuple[int, int, int]] | None  # of the whole buffer
    all_samples: list[tuple[int, int]] | None
    processes: list[tuple[int, int | None]] | None
    gauge_percent: int | None
    energy_mj: int | None
    power_mw: int | None
    took_us: dict[str, int]
    refused: dict[str, int]  # NVML's code

    def as_json(self) -> dict[str, object]:
        return asdict(self)


class Recorder:
    """Asks one GPU. Windows follow each other as in the reader: each begins at the newest stamp."""

    def __init__(self, handle: Handle, power_mw: Callable[[Handle], int]) -> None:
        self._handle = handle
        self._power_mw = power_mw
        self._since_us = time.time_ns() // 1_000
        self._events: EventSet | None = self._listening()
        self._took_us: dict[str, int] = {}
        self._refused: dict[str, int] = {}

    def _listening(self) -> EventSet | None:
        try:
            events = nvml.open_events()
            nvml.listen_for_xids(self._handle, events)
        except NvmlRefused:
            return None
        return events

    def tick(self, step: str) -> Tick:
        self._took_us, self._refused = {}, {}
        at_us, since_us, gpu = time.time_ns() // 1_000, self._since_us, self._handle
        samples = self._ask("samples", nvml.utilisation_samples, gpu, since_us)
        rows = self._ask("rows", nvml.process_utilisation, gpu, since_us)
        if self._events is not None:
            self._ask("events", nvml.next_xid, self._events)
        tick = Tick(
            step=step,
            at_us=at_us,
            since_us=since_us,
            rows=rows,
            samples=samples,
            all_rows=self._ask("all_rows", nvml.process_utilisation, gpu, SINCE_EVER_US),
            all_samples=self._ask("all_samples", nvml.utilisation_samples, gpu, SINCE_EVER_US),
            processes=self._ask("processes", nvml.processes, gpu),
            gauge_percent=self._ask("gauge", nvml.utilisation_percent, gpu),
            energy_mj=self._ask("energy", nvml.energy_mj, gpu),
            power_mw=self._ask("power", self._power_mw, gpu),
            took_us=self._took_us,
            refused=self._refused,
        )
        stamps = [at for _, at, _ in rows or []] or [at for at, _ in samples or []]
        self._since_us = max([since_us, *stamps])
        return tick

    def _ask(self, name: str, function: Callable[..., T], *arguments: object) -> T | None:
        start_ns = time.perf_counter_ns()
        try:
            return function(*arguments)
        except NvmlRefused as refused:
            self._refused[name] = refused.code
            return None
        finally:
            self._took_us[name] = (time.perf_counter_ns() - start_ns) // 1_000

"""A part is kept running, restarted with back-off, and always ends."""

import asyncio
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from streams.errors import PartFailed
from streams.metrics import Metrics
from streams.up.fleet import KILLED, Fleet
from streams.up.lines import into
from streams.up.parts import Part, Role
from streams.up.probes import Probes
from streams.up.process import LAST_LINES, LINE_BYTES, Process
from streams.up.supervisor import Supervisor, Surroundings

pytestmark = pytest.mark.e2e

WAIT_S = 30.0
SLEEPER = "import time; print('up', flush=True); time.sleep(600)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "print('up', flush=True); time.sleep(600)"
)


class Bench:
    """Surroundings for a supervisor, and what it did in them."""

    def __init__(self, *, ready: bool = True) -> None:
        self.lines: list[tuple[str, str]] = []
        self.registry = CollectorRegistry()
        self.around = Surroundings(
            probe=self._probe,
            sink=lambda name, line: self.lines.append((name, line)),
            metrics=Metrics(self.registry, "up"),
            changed=lambda: None,
        )
        self._ready = ready

    async def _probe(self, _part: Part) -> bool:
        return self._ready

    def restarts(self, part: str) -> float:
        labels = {"processor": "up", "part": part}
        return self.registry.get_sample_value("apportion_part_restarts_total", labels) or 0


def part(code: str, name: str = "part", role: Role = "meter") -> Part:
    return Part(name, role, (sys.executable, "-c", code), port=0)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not condition():  # noqa: ASYNC110 - conditions of other processes
            await asyncio.sleep(0.01)


def supervised(code: str, during: Callable[[Supervisor, Bench], Awaitable[None]]) -> Bench:
    bench = Bench()

    async def run() -> None:
        supervisor = Supervisor(part(code), bench.around)
        supervisor.start()
        try:
            await during(supervisor, bench)
        finally:
            await supervisor.stop(1.0)
            assert supervisor.pid is None
            assert supervisor.state == "stopped"

    asyncio.run(run())
    return bench


def test_a_killed_part_is_started_again() -> None:
    async def during(supervisor: Supervisor, _: Bench) -> None:
        await until(lambda: supervisor.state == "ready")
        first = supervisor.pid
        supervisor.send(signal.SIGKILL)
        await until(lambda: supervisor.pid not in {None, first} and supervisor.state == "ready")
        assert (supervisor.failures, supervisor.last_status) == (1, -signal.SIGKILL)

    bench = supervised(SLEEPER, during)
    assert bench.restarts("part") == 1


def test_a_part_that_keeps_failing_backs_off_and_leaves_its_last_words() -> None:
    async def during(supervisor: Supervisor, _: Bench) -> None:
        await until(lambda: supervisor.failures >= 2)
        assert supervisor.last_status == 3
        assert supervisor.last_lines == ["expected a price, got none"]

    began_s = time.monotonic()
    supervised("import sys; print('expected a price, got none'); sys.exit(3)", during)
    assert time.monotonic() - began_s >= 0.2  # the first wait


def test_output_of_both_streams_reaches_the_sink_under_the_part_s_name() -> None:
    async def during(supervisor: Supervisor, bench: Bench) -> None:
        await until(lambda: len(bench.lines) >= 2)
        assert supervisor.failures == 0

    bench = supervised(
        "import sys, time; print('out', flush=True); print('err', file=sys.stderr, flush=True); "
        "time.sleep(600)",
        during,
    )
    assert sorted(bench.lines) == [("part", "err"), ("part", "out")]


@pytest.mark.parametrize("code", [SLEEPER, STUBBORN])
def test_a_paused_or_stubborn_part_ends_within_its_time(code: str) -> None:
    async def during(supervisor: Supervisor, bench: Bench) -> None:
        await until(lambda: bool(bench.lines))
        supervisor.send(signal.SIGSTOP)
        began_s = time.monotonic()
        await supervisor.stop(0.5)
        assert time.monotonic() - began_s < 5.0

    supervised(code, during)


def test_a_line_without_end_is_cut_and_only_the_last_ones_are_kept() -> None:
    lines: list[str] = []

    async def run() -> None:
        code = f"print('x' * {3 * LINE_BYTES}); [print(n) for n in range(100)]"
        command = (sys.executable, "-c", code)
        process = await Process.start("p", command, lambda _, line: lines.append(line))
        assert await process.wait() == 0
        assert list(process.last_lines) == [str(n) for n in range(100 - LAST_LINES, 100)]

    asyncio.run(run())
    assert len(lines) == 101
    assert len(lines[0]) == LINE_BYTES


def test_a_part_dies_with_its_supervisor(tmp_path: Path) -> None:
    told = tmp_path / "pid"
    child = f"import os, time; open({str(told)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    parent = (
        "import asyncio, sys\n"
        "from streams.up.process import Process\n"
        "async def run():\n"
        f"    command = (sys.executable, '-c', {child!r})\n"
        "    process = await Process.start('p', command, lambda *_: None)\n"
        "    await process.wait()\n"
        "asyncio.run(run())\n"
    )

    async def run() -> None:
        supervisor = await Process.start("s", (sys.executable, "-c", parent), lambda *_: None)
        await until(lambda: told.exists() and bool(told.read_text()))
        supervisor.send(signal.SIGKILL)
        await supervisor.wait()
        gone = Path("/proc") / told.read_text()
        await until(lambda: not gone.exists())

    asyncio.run(run())


def test_starting_gives_up_on_a_part_that_only_ends() -> None:
    bench = Bench(ready=False)

    async def run() -> None:
        fleet = Fleet(bench.around, Probes())
        started = fleet.start([part("print('no such topic'); raise SystemExit(1)")])
        with pytest.raises(PartFailed, match="no such topic") as caught:
            await fleet.wait_ready(started, WAIT_S)
        assert caught.value.part == "part"
        await fleet.drain(KILLED)

    asyncio.run(run())


def test_starting_gives_up_on_a_part_that_is_too_slow() -> None:
    bench = Bench(ready=False)

    async def run() -> None:
        fleet = Fleet(bench.around, Probes())
        with pytest.raises(PartFailed, match="did not answer in time"):
            await fleet.wait_ready(fleet.start([part(SLEEPER)]), 0.5)
        await fleet.drain(KILLED)

    asyncio.run(run())


def test_parts_end_in_the_order_input_flows() -> None:
    bench = Bench()
    code = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: (print('ended', flush=True), sys.exit(0)))\n"
        "print('up', flush=True); time.sleep(600)\n"
    )
    roles: tuple[Role, ...] = ("broker", "store", "allocate", "meter")

    async def run() -> None:
        async with Probes() as probes:
            fleet = Fleet(bench.around, probes)
            fleet.start([part(code, name=role, role=role) for role in roles])
            await until(lambda: len(bench.lines) == len(roles))
            bench.lines.clear()
            await fleet.drain(KILLED)

    asyncio.run(run())
    assert bench.lines == [(role, "ended") for role in reversed(roles)]


def test_lines_can_go_to_a_file(tmp_path: Path) -> None:
    sink = into(tmp_path / "logs" / "up.log")
    sink("meter", "one")
    sink("store", "two")
    text = (tmp_path / "logs" / "up.log").read_text()
    assert text == "meter      | one\nstore      | two\n"

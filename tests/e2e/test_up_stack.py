"""`apportion up`: ready, kept running, looked at, drained in time."""

import asyncio
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from streams.errors import DataInUse, PartFailed
from streams.settings import KafkaSettings, load
from streams.up.options import Options
from streams.up.stack import Stack

pytestmark = pytest.mark.e2e

READY_S = 90.0  # on a machine that does much else; `up` itself aims at 10
ENDS_IN_S = 10.0
POLL_S = 0.1


class Up:
    """A running `apportion up` and what it has said."""

    def __init__(self, data: Path, *flags: str) -> None:
        self.data = data
        self._said = data.parent / "up.log"
        with self._said.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "streams", "up", "--data", str(data), *flags],
                stdout=subprocess.DEVNULL,
                stderr=log,
            )

    def said(self) -> str:
        return self._said.read_text(encoding="utf-8")

    def until(self, condition: Callable[[], bool]) -> None:
        deadline_s = time.monotonic() + READY_S
        while not condition():
            assert time.monotonic() < deadline_s, self.said()
            assert self.process.poll() is None, self.said()
            time.sleep(POLL_S)

    def pid(self, part: str) -> int:
        found = json.loads((self.data / "up.json").read_text())["parts"][part]["pid"]
        return int(found or 0)

    def end(self) -> tuple[int, float]:
        began_s = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(READY_S), time.monotonic() - began_s


@contextmanager
def up(data: Path, *flags: str) -> Iterator[Up]:
    stack = Up(data, "--broker-port", "0", *flags)
    try:
        yield stack
    finally:
        stack.process.kill()
        stack.process.wait()


def apportion(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "streams", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=READY_S,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def children(pid: int) -> list[str]:
    listed = subprocess.run(
        ["/bin/ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False
    )
    return listed.stdout.split()


def test_it_runs_restarts_answers_and_ends(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with up(data) as stack:
        stack.until(lambda: "stack_ready" in stack.said())
        count = apportion("sql", "--data", str(data), "--format", "CSV", "SELECT 1 + 1 AS n")
        assert count == "2\n"
        tail = ["tail", "config.price-book", "--data", str(data), "--from", "beginning"]
        [book] = apportion(*tail, "--until-end").splitlines()
        assert json.loads(book)["record"] == "Config"

        killed = stack.pid("meter")
        subprocess.run(["/bin/kill", "-9", str(killed)], check=True)
        stack.until(lambda: re.search(r"part_ended.*part=meter", stack.said()) is not None)
        stack.until(lambda: stack.said().count("part_ready") == 5)
        assert stack.pid("meter") not in {0, killed}

        status, for_s = stack.end()
        assert status == 0, stack.said()
        assert for_s < ENDS_IN_S
        assert re.search(r"part_killed.*part=store", stack.said()) is None
        assert not (data / "up.json").exists()
    kept = apportion(
        "sql", "--data", str(data), "--format", "CSV", "SELECT count() FROM cost_lines"
    )
    assert kept == "0\n"


def test_a_second_stack_in_the_same_directory_is_refused(tmp_path: Path) -> None:
    with up(tmp_path / "data") as stack:
        stack.until((tmp_path / "data" / "up.json").exists)

        async def second() -> None:
            async with Stack(Options(data=tmp_path / "data")):
                pass

        with pytest.raises(DataInUse):
            asyncio.run(second())


def test_told_twice_it_does_not_drain(tmp_path: Path) -> None:
    with up(tmp_path / "data") as stack:
        stack.until(lambda: "part=store" in stack.said())
        parts = children(stack.process.pid)
        stack.process.send_signal(signal.SIGTERM)
        stack.process.send_signal(signal.SIGINT)
        assert stack.process.wait(ENDS_IN_S) == 0, stack.said()
    assert [pid for pid in parts if Path("/proc", pid).exists()] == []


def test_a_full_broker_ends_the_stack_and_says_what_to_do(tmp_path: Path) -> None:
    with up(tmp_path / "data", "--broker-memory", "0.01") as stack:
        status = stack.process.wait(READY_S)
        said = stack.said()
    assert status == 1, said
    assert "broker_memory_full" in said
    assert "--kafka" in said[said.rindex("stack_ended") :]


def test_a_part_with_wrong_settings_ends_the_start_with_its_words(tmp_path: Path) -> None:
    options = Options(
        data=tmp_path / "data", settings=load(), overrides={"allocate.lateness_s": "-1"}
    )

    async def start() -> None:
        async with Stack(options, lambda *_: None):
            pass

    with pytest.raises(PartFailed, match="APPORTION_ALLOCATE__LATENESS_S") as caught:
        asyncio.run(start())
    assert caught.value.part in {"meter", "allocate", "store"}  # each reads all settings


def test_a_given_kafka_is_used_and_workers_come_and_go(tmp_path: Path, broker: str) -> None:
    options = Options(data=tmp_path / "data", kafka=KafkaSettings(bootstrap=broker))

    async def run() -> None:
        async with Stack(options, lambda *_: None) as stack:
            assert stack.bootstrap == broker
            assert set(stack.pids) == {"meter", "allocate", "store"}
            second = await stack.add("meter")
            assert second == "meter-2"
            assert stack.health().ok
            await stack.remove("meter")
            assert set(stack.pids) == {"meter-2", "allocate", "store"}
            assert await stack.add("meter") == "meter"

    asyncio.run(run())

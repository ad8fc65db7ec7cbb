"""A leader that was stopped for a while waits to hear whether another leads, before it speaks."""

import asyncio
from collections.abc import Callable

import pytest

from streams.processors import leader as module
from streams.processors.leader import HELD_S, PAUSED_S, Leader, Lines
from streams.settings import KafkaSettings
from tests.processor_fakes import CODEC, app, metrics, run

TICKS = 8  # so that instants are exact


class Clock:
    """A clock that moves when somebody sleeps, and when the process is stopped."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.slept: list[float] = []
        self.tick: Callable[[], None] = lambda: None

    def monotonic(self) -> float:
        return self.now_s

    async def sleep(self, for_s: float) -> None:
        """Tick meanwhile, as a process that runs does."""
        self.slept.append(for_s)
        for _ in range(TICKS):
            self.now_s += for_s / TICKS
            self.tick()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(module, "time", made)
    monkeypatch.setattr(asyncio, "sleep", made.sleep)
    return made


async def nothing(_: Lines) -> None:
    return


def leader() -> Leader:
    return Leader(app("leads"), KafkaSettings(), CODEC, metrics(), nothing)


def test_who_ran_all_the_time_speaks_at_once(clock: Clock) -> None:
    async def case() -> None:
        of = leader()
        for _ in range(5):
            of.check()
            clock.now_s += PAUSED_S
            await of.steady()
        assert clock.slept == []

    run(case())


@pytest.mark.parametrize("is_told_by_the_tick", [False, True])
def test_who_was_paused_waits_once_whoever_notices(
    clock: Clock, *, is_told_by_the_tick: bool
) -> None:
    async def case() -> None:
        of = leader()
        of.check()
        clock.tick = of.check
        clock.now_s += 30.0
        if is_told_by_the_tick:
            of.check()
            clock.now_s += 0.5
        await of.steady()
        assert clock.slept == [HELD_S - 0.5 * is_told_by_the_tick]
        of.check()
        await of.steady()
        assert len(clock.slept) == 1

    run(case())

"""Workers killed, paused beyond their session, doubled, scaled out and back."""

import time
from collections.abc import Callable
from functools import partial

from streams.settings import KafkaSettings
from tests.system.abuse import Abuse
from tests.system.facts import SECOND_US
from tests.system.stack import PROCESSORS
from tests.system.workers import Worker

PAUSED_S = KafkaSettings().session_timeout_s + 2.0
AFTER_TAKEOVER_US = 15 * SECOND_US  # of event time that others close while one is paused
PAUSED_AT_MOST_S = 25.0


def kills_and_pauses(abuse: Abuse) -> None:
    """Plan a second worker of each for most of the run, three kills of each, a pause of each."""
    abuse.at(4, "second workers", partial(grow, abuse, PROCESSORS))
    for percent in (14, 46):
        for processor in abuse.random.sample(PROCESSORS, 3):
            abuse.at(percent, f"kill {processor}", killer(abuse, processor))
    for percent, processor in zip((28, 42, 60), abuse.random.sample(PROCESSORS, 3), strict=True):
        abuse.at(percent, f"pause {processor}", pauser(abuse, processor))
    abuse.at(74, "one worker each", partial(shrink, abuse, PROCESSORS), alone=True)
    for processor in PROCESSORS:
        abuse.at(88, f"kill {processor}", killer(abuse, processor))


def scaling(abuse: Abuse) -> None:
    """Plan growth from one worker to four and back, two killed at once, zombies that come back."""
    for percent in (6, 14, 22):
        abuse.at(percent, "one more worker each", partial(grow, abuse, PROCESSORS))
    for percent, processor in zip((34, 42), abuse.random.sample(PROCESSORS, 2), strict=True):
        abuse.at(percent, f"kill two of {processor}", partial(kill_two, abuse, processor))
    for percent, processor in zip((50, 58), abuse.random.sample(PROCESSORS, 2), strict=True):
        abuse.at(percent, f"pause {processor}", pauser(abuse, processor))
    for percent in (70, 78, 86):
        abuse.at(percent, "one worker less each", partial(shrink, abuse, PROCESSORS), alone=True)


def grow(abuse: Abuse, processors: tuple[str, ...]) -> None:
    """Start one more worker of each."""
    for processor in processors:
        abuse.stack.add(processor)


def shrink(abuse: Abuse, processors: tuple[str, ...]) -> None:
    """Stop one worker of each, in order."""
    for processor in processors:
        worker = abuse.random.choice(abuse.stack.of(processor))
        code = worker.stop()
        abuse.note(f"stopped {worker.name}: {code}")
        abuse.stack.workers.remove(worker)
        if code:
            raise AssertionError(f"{worker.name} exited with {code}, see {worker.log}")


def killer(abuse: Abuse, processor: str) -> Callable[[], None]:
    """Return what kills a worker of a processor: of store the one that writes."""

    def kill() -> None:
        awake = [worker for worker in abuse.stack.of(processor) if not worker.is_paused]
        storing = abuse.stack.storing()
        kill_one(abuse, storing if storing in awake else abuse.random.choice(awake))

    return kill


def kill_two(abuse: Abuse, processor: str) -> None:
    """Kill two workers at once."""
    awake = [worker for worker in abuse.stack.of(processor) if not worker.is_paused]
    for worker in abuse.random.sample(awake, 2):
        kill_one(abuse, worker)


def kill_one(abuse: Abuse, worker: Worker | None) -> None:
    """Kill a worker, which is started again."""
    if worker is not None:
        abuse.note(f"killing {worker.name}")
        worker.kill()
        abuse.kills[worker.processor] += 1


def pauser(abuse: Abuse, processor: str) -> Callable[[], None]:
    """Return what pauses a worker until others have taken over and gone on."""

    def pause() -> None:
        storing = abuse.stack.storing()
        choice = abuse.random.choice(abuse.stack.of(processor))
        worker = storing if processor == "store" and storing else choice
        abuse.note(f"pausing {worker.name}")
        worker.pause()
        abuse.later(taken_over(abuse, processor), f"resuming {worker.name}", worker.resume)

    return pause


def taken_over(abuse: Abuse, processor: str) -> Callable[[], bool]:
    """Return whether, from now on, a pause has been long enough to be told from a delay."""
    since_s, closed_us = time.monotonic(), abuse.observer.closed_us

    def is_so() -> bool:
        for_s = time.monotonic() - since_s
        if for_s < PAUSED_S:
            return False
        others_went_on = abuse.observer.closed_us >= closed_us + AFTER_TAKEOVER_US
        return processor == "store" or others_went_on or for_s > PAUSED_AT_MOST_S

    return is_so

"""One demo from start to end: stack up, load played, everything settled, stack down, audited."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from clickhouse.client import Connection, connect
from clickhouse.directory import wait_for_directory
from schemas.codec import Codec
from schemas.topics import USAGE
from streams import sql
from streams.demo import figures
from streams.demo.errors import DemoOff, NotFresh
from streams.demo.figures import Ask, Tenant, Totals
from streams.demo.outlet import KafkaOutlet
from streams.demo.player import Player, Progress
from streams.demo.screen import Screen
from streams.demo.sends import Send
from streams.demo.settling import missing
from streams.demo.table import View, residual_text
from streams.kafka import Start, follow, list_topics
from streams.replay.audit import Audit, audit
from streams.settings import ClickHouseSettings, KafkaSettings, WorkerSettings
from streams.up.lines import Sink
from streams.up.options import Options
from streams.up.stack import Stack

LOOK_EVERY_S = 1.0
LOOK_SHARE = 0.15  # of the time, at most, goes into looking
RESIDUAL_EVERY = 3  # looks
STALLED_S = 60.0  # nothing moved for so long: something is wrong
BOUNDARY_AGE = 1  # looks at the residual
EMPTY_CHECK_S = 10.0
LET_GO_S = 30.0
JSON_LINES = "JSONEachRow"


@dataclass(frozen=True, slots=True)
class Load:
    """What to play, and how fast: event seconds a wall second, None as fast as it goes."""

    sends: Iterator[Send]
    speed: float | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it ended. `for_s` is from the first send until everything was settled."""

    totals: Totals
    tenants: list[Tenant]
    audit: Audit
    position_us: int  # event time of the last message
    sent_events: int  # duplicates included
    for_s: float


async def run(load: Load, options: Options, screen: Screen, sink: Sink) -> Outcome:
    """Run a demo. Raises what starting a stack raises, BadTrace, NotFresh and DemoOff."""
    if options.kafka is not None:
        await asyncio.to_thread(refuse_used_kafka, options.kafka)
    screen.say("starting broker, meter, allocate and store ...")
    began_s = time.monotonic()
    stack = Stack(options, sink)
    async with stack:
        screen.say(f"ready after {time.monotonic() - began_s:.1f} s")
        began_s = time.monotonic()
        progress = await play(load, stack, screen)
        for_s = time.monotonic() - began_s
    screen.say("settled; auditing every window against the archive ...")
    return await asyncio.to_thread(conclude, stack.settings, progress, for_s)


def conclude(settings: WorkerSettings, progress: Progress, for_s: float) -> Outcome:
    """Read the final figures from the data at rest, and audit it."""
    with at_rest(settings.clickhouse) as connection:

        def ask(statement: str) -> str:
            return connection.reader.text(statement, JSON_LINES)

        totals, tenants, found = figures.totals(ask), figures.tenants(ask), audit(connection)
    return Outcome(totals, tenants, found, progress.position_us, progress.events, for_s)


def at_rest(clickhouse: ClickHouseSettings) -> Connection:
    """Connect to the data once the store is gone: a killed one may take a moment to let go."""
    directory = clickhouse.embedded
    lock = None
    if directory is not None:
        lock = wait_for_directory(directory, lambda _: None, timeout_s=LET_GO_S)
    return connect(clickhouse.dsn, clickhouse.database, lock)


async def play(load: Load, stack: Stack, screen: Screen) -> Progress:
    """Play a load and show how it arrives until all is settled."""
    settings = stack.settings
    tail_us = int(1e6 * (settings.meter.window_s + settings.allocate.lateness_s))
    ask = asker(settings)
    if (await asyncio.to_thread(figures.totals, ask)).events:
        raise NotFresh(settings.clickhouse.url, "name another with APPORTION_CLICKHOUSE__DATABASE")
    player = Player(KafkaOutlet(settings.kafka), Codec(), load.speed)
    playing = asyncio.create_task(asyncio.to_thread(player.play, load.sends, tail_us))
    try:
        await watch(playing, player, Watch(ask, player), stack, screen)
    finally:
        player.stop()
        with suppress(asyncio.CancelledError):
            await asyncio.wait({playing})
    return player.progress


class Watch:
    """Looks at ClickHouse, and remembers enough of earlier looks to know what has arrived."""

    def __init__(self, ask: Ask, player: Player) -> None:
        self._ask = ask
        self._player = player
        self._looks = 0
        self._boundaries_us: list[int] = []
        self._residual = residual_text(None)
        self.totals: Totals | None = None

    def look(self) -> View:
        """Read the figures of now. Blocks."""
        self.totals = figures.totals(self._ask)
        if self._looks % RESIDUAL_EVERY == 0:
            self._look_at_residual()
        self._looks += 1
        progress = self._player.progress
        tenants = figures.tenants(self._ask)
        return View(progress.position_us, progress.events, self.totals, tenants, self._residual)

    def missing(self) -> str | None:
        """Return what is missing of everything sent, by the last look. Blocks."""
        if self.totals is None:
            return "nobody has looked yet"
        sources, lines = figures.sources(self._ask), figures.lines(self._ask)
        return missing(self._player.progress.sent, self.totals, sources, lines)

    def _look_at_residual(self) -> None:
        """Compare what was settled at an earlier look: by now archive and lines have it whole."""
        self._boundaries_us.append(figures.lines(self._ask).settled_until_us)
        if len(self._boundaries_us) > BOUNDARY_AGE:
            boundary_us = self._boundaries_us.pop(0)
            self._residual = residual_text(figures.imbalance(self._ask, boundary_us))


async def watch(
    playing: "asyncio.Task[bool]", player: Player, watched: Watch, stack: Stack, screen: Screen
) -> None:
    """Show views until everything sent is settled. Raises DemoOff when that does not happen."""
    moved_s = time.monotonic()
    before: object = None
    broker = stack.pids.get("broker")
    while True:
        began_s = time.monotonic()
        view = await asyncio.to_thread(watched.look)
        screen.show(view)
        lacking: str | None = "the load is still being played"
        if playing.done():
            playing.result()
            lacking = await asyncio.to_thread(watched.missing)
            if lacking is None:
                return
        state = (player.progress.batches, watched.totals)
        now_s = time.monotonic()
        if state != before:
            before, moved_s = state, now_s
        if stack.ended.is_set():
            raise DemoOff(f"the stack ended: {stack.ended_because}")
        if stack.pids.get("broker") != broker:
            raise DemoOff("the embedded broker ended, and with it what was not processed yet")
        if now_s - moved_s > STALLED_S:
            raise DemoOff(f"nothing moved for {STALLED_S:.0f} s: {lacking}")
        await pause(now_s - began_s)


async def pause(looked_for_s: float) -> None:
    """Wait until the next look; looking must not starve what is looked at."""
    await asyncio.sleep(max(LOOK_EVERY_S - looked_for_s, looked_for_s * (1 / LOOK_SHARE - 1)))


def asker(settings: WorkerSettings) -> Ask:
    """Return what answers SQL, while the stack runs and after."""
    return lambda statement: sql.query(settings, statement, JSON_LINES)


def refuse_used_kafka(kafka: KafkaSettings) -> None:
    """Raise NotFresh when a Kafka holds usage: its windows of these event times are closed."""
    there = list_topics(kafka)
    for topic in (each.name for each in USAGE):
        if topic in there:
            entries = follow(
                kafka, topic, Start.BEGINNING, until_end=True, deadline_s=EMPTY_CHECK_S
            )
            if next(entries, None) is not None:
                raise NotFresh(f"{kafka.bootstrap}:{topic}", "delete the topics, or use another")

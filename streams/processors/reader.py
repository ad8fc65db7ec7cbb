"""Reads topics through a Faust agent and hands each record on once, in order of its partition.

A rebalance hands out every partition anew: all state of the old assignment is void, and reading
begins again at what is committed.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol, cast

import faust
import structlog
from faust.types import TP, EventT
from faust.types.tuples import Message

from streams.processors.app import Partitions
from streams.processors.position import Positions, Verdict
from streams.processors.stall import Stalls

LOG = structlog.get_logger()


class Handler(Protocol):
    """What a processor does with partitions and their records."""

    async def assigned(self, partitions: set[TP]) -> None:
        """Forget everything, and begin with these partitions."""

    async def handle(self, message: Message) -> None:
        """Take in one record. An exception stops the processor."""


class Signal(Protocol):
    """Faust's signal, as far as it is used; its own type does not fit its own handlers."""

    def connect(self, fun: Callable[..., Awaitable[None]]) -> object:
        """Call `fun` whenever the signal is sent."""


class Reader:
    """Binds a handler to the topics of an app."""

    def __init__(self, app: faust.App, topics: list[str], handler: Handler) -> None:
        self.partitions = Partitions(app)
        self.ready = False  # the group has handed out partitions at least once
        self.rebalances = 0
        self._handler = handler
        self._positions = Positions()
        self._mine: set[TP] = set()
        self._fresh: set[TP] = set()  # of mine, those nothing has come of yet
        self._begin: dict[TP, int] = {}
        self._stalls = Stalls()
        self._handling = False
        self._waiting: Callable[[], int] = lambda: 0  # records handed over and not looked at yet
        channel = app.topic(*topics, value_type=bytes, key_type=bytes, acks=False)
        app.agent(channel, name=f"{app.conf.id}-reader")(self._read)
        cast("Signal", app.on_partitions_assigned).connect(self._assigned)

    def next_offset(self, tp: TP) -> int | None:
        """Return the offset of the next record to be handled; None before any came."""
        unread = tp in self._fresh or tp not in self._mine
        return None if unread else self._positions.expected(tp)

    @property
    def is_behind(self) -> bool:
        """Whether there was more in the log at the last fetches than was handled since."""
        mine = self.partitions.assigned()
        ends = ((tp, self.partitions.high_watermark(tp)) for tp in mine)
        return any(end is not None and (self.next_offset(tp) or 0) < end[0] for tp, end in ends)

    async def begin_offset(self, tp: TP) -> int:
        """Return where reading of a partition began: what is committed, else its log's begin."""
        committed = self.partitions.committed(tp)
        if committed is not None:
            return committed
        if tp not in self._begin:
            self._begin[tp] = await self.partitions.beginning(tp)
        return self._begin[tp]

    async def recover(self) -> None:
        """Read again what was fetched and never handed over. Several times a second."""
        now_s = time.monotonic()
        self._stalls.look(now_s)
        if self._handling or self._waiting() or self.partitions.rebalancing:
            self._stalls.forget()
            return
        for tp in self.partitions.assigned():
            end = self.partitions.high_watermark(tp)
            if end is None:
                continue
            expected = self.next_offset(tp)
            if expected is None:
                expected = await self.begin_offset(tp)
            if self._stalls.is_stalled(tp, expected, end[0], now_s):
                LOG.warning("stalled", topic=tp.topic, partition=tp.partition,
                            expected=expected, end=end[0])  # fmt: skip
                await self.partitions.seek(tp, expected)

    async def _assigned(self, _app: object, *args: set[TP], **_: object) -> None:
        (assigned,) = args
        self._mine = set(assigned)
        self._fresh = set(assigned)
        self._begin.clear()
        self._stalls.forget()
        self.ready = True
        self.rebalances += 1
        LOG.info("partitions_assigned", count=len(assigned))
        await self._handler.assigned(set(assigned))

    async def _read(self, stream: faust.StreamT[bytes]) -> None:
        source = cast("faust.Stream[bytes]", stream)
        events = cast("AsyncIterator[EventT[bytes]]", source.noack().events())
        self._waiting = cast("faust.Channel[bytes]", source.channel).queue.qsize
        async for event in events:
            self._handling = True
            await self._one(event.message)
            self._handling = False

    async def _one(self, message: Message) -> None:
        tp = message.tp
        if tp in self._fresh:
            rebalances = self.rebalances
            begin = await self.begin_offset(tp)
            if rebalances != self.rebalances:
                return  # partitions were handed out anew meanwhile; it comes again
            self._positions.begin(tp, begin)
            self._fresh.discard(tp)
        elif tp not in self._mine:
            return  # fetched before the partition was taken away
        verdict = self._positions.check(tp, message.offset, time.monotonic())
        match verdict:
            case Verdict.FOLD:
                await self._handler.handle(message)
            case Verdict.SEEK:
                expected = self._positions.expected(tp)
                LOG.warning("gap_in_log", topic=tp.topic, partition=tp.partition,
                            expected=expected, got=message.offset)  # fmt: skip
                await self.partitions.seek(tp, expected)
            case Verdict.SKIP:
                pass

"""Many requests, one commit: each is answered when the outbox has synced what it put.

Requests that come within `gather_s`, or while the disk is busy with others, share the next commit.
Invariant: `kept` answers True only when all that was put since the mark is on disk.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

from agents.outbox import Outbox


class Committer:
    """Shares commits. Made by `committing`; for one event loop."""

    def __init__(self, outbox: Outbox, gather_s: float, commit_s: float) -> None:
        self._outbox = outbox
        self._gather_s = gather_s
        self._commit_s = commit_s
        self._waiting: list[tuple[int, asyncio.Future[bool]]] = []
        self._asked = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="commit")

    async def kept(self, mark: int) -> bool:
        """Wait until all that was put since a mark is on disk; False: it may not be."""
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((mark, done))
        self._asked.set()
        return await done

    async def work(self, told: Callable[[float], None]) -> None:
        """Commit for whoever waits, again and again. `told`: seconds that each commit took."""
        loop = asyncio.get_running_loop()
        while True:
            await self._asked.wait()
            await asyncio.sleep(self._gather_s)
            self._asked.clear()
            served, self._waiting = self._waiting, []
            since = min(mark for mark, _ in served)
            start_s = time.perf_counter()
            is_kept = await loop.run_in_executor(
                self._thread, self._outbox.flush, self._commit_s, since
            )
            told(time.perf_counter() - start_s)
            for _, done in served:
                if not done.done():  # else its client has gone
                    done.set_result(is_kept)

    def close(self) -> None:
        """Let go of the thread, and of whoever still waits."""
        for _, done in self._waiting:
            done.cancel()
        self._thread.shutdown(wait=False)


@asynccontextmanager
async def committing(
    committer: Committer, told: Callable[[float], None], ended: Callable[[], None]
) -> AsyncIterator[None]:
    """Let a committer work until the block is left. `ended`: called when it works no more."""
    working = asyncio.create_task(committer.work(told))
    working.add_done_callback(lambda _: ended())
    try:
        yield
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        committer.close()

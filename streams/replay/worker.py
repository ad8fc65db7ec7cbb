"""One process of a replay: takes stretches, asks for their data, gives what they changed."""

import gc
import os
import signal
import threading
import time
from dataclasses import dataclass
from functools import cache
from multiprocessing import parent_process

from streams.config.errors import ConfigError
from streams.config.price_book import load_price_book
from streams.errors import StoreUnavailable, StreamsError
from streams.replay.chunk import Askers, Request, replay
from streams.replay.encoded import Encoded, encoded
from streams.replay.errors import ReplayError, StretchFailed
from streams.replay.place import Place, asker_of
from streams.replay.span import Span
from streams.replay.versions import Versions

PATIENCE_S = 60.0  # a store that was killed is back in ten
RETRY_S = 1.0
GARBAGE = (100_000, 10, 10)  # rows and lines are many small objects and no cycles


@dataclass(frozen=True, slots=True)
class Job:
    """What every stretch of a replay has in common.

    `book`: the text of one never published. `archive`: where the events are, if not with the lines.
    """

    place: Place
    request: Request
    book: str | None = None
    archive: Place | None = None


def begin() -> None:
    """Set up a process of the pool: it ends with its parent, and leaves Ctrl-C to it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.freeze()
    gc.set_threshold(*GARBAGE)
    threading.Thread(target=end_with_parent, daemon=True).start()


def end_with_parent() -> None:
    """End at once when the parent is gone, even if it was killed."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def work(job: Job, span: Span) -> Encoded:
    """Replay one stretch. Blocks; waits for a store that is away for a while.

    Raises StretchFailed, and nothing else: it has to get from one process to another.
    """
    until_s = time.monotonic() + PATIENCE_S
    while True:
        try:
            return replayed(job, span)
        except StoreUnavailable as error:
            if time.monotonic() > until_s:
                raise StretchFailed(str(error)) from None
            time.sleep(RETRY_S)
        except (ReplayError, StreamsError, ConfigError) as error:
            raise StretchFailed(str(error)) from None


def replayed(job: Job, span: Span) -> Encoded:
    """Replay one stretch."""
    askers = Askers(asker_of(job.place), asker_of(job.archive or job.place))
    return encoded(replay(askers, span, job.request, versions(job.place, job.book)))


@cache
def versions(place: Place, book: str | None) -> Versions:
    """Return the documents of a place, kept by this process."""
    given = [] if book is None else [load_price_book(book)]
    return Versions(asker_of(place), *given)

"""A whole replay: plans it, has all cores work on it, notes and publishes what they give."""

import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import islice
from typing import TypeAlias

from schemas import topics
from streams.kafka.batch import publish_all
from streams.replay.chunk import Outcome
from streams.replay.encoded import Encoded, totals
from streams.replay.errors import StretchFailed
from streams.replay.notebook import Notebook
from streams.replay.span import Span
from streams.replay.worker import Job, begin, work
from streams.settings import KafkaSettings

AHEAD = 2  # stretches a process has waiting; each result is held until it is noted


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a replay is."""

    done: int
    stretches: int
    events: int


Report: TypeAlias = Callable[[Progress], None]


def run(
    job: Job, spans: list[Span], notebook: Notebook, kafka: KafkaSettings | None, report: Report
) -> Outcome:
    """Replay stretches that are not noted yet and return what all gave. Blocks.

    `kafka`: where to publish, None for not. Raises what asking and publishing raise; what was noted
    by then stays, and another run goes on from there.
    """
    done = notebook.done()
    left = [span for span in spans if span not in done]
    so_far = totals(notebook.bodies()).events
    finished = len(spans) - len(left)
    report(Progress(finished, len(spans), so_far))
    publish_noted(notebook, kafka)
    for span, encoded in worked(job, left):
        notebook.note(span, encoded)
        publish_noted(notebook, kafka)
        finished += 1
        so_far += totals([encoded.body]).events
        report(Progress(finished, len(spans), so_far))
    return totals(notebook.bodies())


def publish_noted(notebook: Notebook, kafka: KafkaSettings | None) -> None:
    """Publish what is noted and not known to be published."""
    if kafka is None:
        return
    for span, lines in notebook.unpublished():
        publish_all(kafka, topics.COST_LINE.name, lines)
        notebook.published(span)


def worked(job: Job, spans: list[Span]) -> Iterator[tuple[Span, Encoded]]:
    """Yield what each stretch gave, as they come, from as many processes as there are cores."""
    processes = min(os.cpu_count() or 1, len(spans))
    if not processes:
        return
    context = multiprocessing.get_context("spawn")
    try:
        with ProcessPoolExecutor(processes, context, begin) as pool:
            yield from as_they_come(pool, job, spans, processes * AHEAD)
    except BrokenProcessPool:
        raise StretchFailed(
            "expected the processes of the replay to run on, one was killed (when memory is short, "
            "the system does that); give the command again to go on from here"
        ) from None


def as_they_come(
    pool: ProcessPoolExecutor, job: Job, spans: Iterable[Span], at_once: int
) -> Iterator[tuple[Span, Encoded]]:
    """Yield results with at most so many stretches under way."""
    waiting = iter(spans)
    under_way: dict[Future[Encoded], Span] = {}
    try:
        while True:
            for span in islice(waiting, at_once - len(under_way)):
                under_way[pool.submit(work, job, span)] = span
            if not under_way:
                return
            finished, _ = wait(under_way, return_when=FIRST_COMPLETED)
            for each in finished:
                yield under_way.pop(each), each.result()
    finally:
        for each in under_way:
            each.cancel()

"""How far a replay is: a bar on a terminal, else a line now and then. On stderr."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from streams.replay.run import Progress as Done
from streams.replay.run import Report

LINE_EVERY_S = 10.0


@contextmanager
def showing(console: Console) -> Iterator[Report]:
    """Give what takes progress."""
    began_s = time.monotonic()
    if not console.is_terminal:
        yield lines(console, began_s)
        return
    columns = (BarColumn(), TaskProgressColumn(), TextColumn("{task.description}"))
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as progress:
        task = progress.add_task("reading", total=None)

        def show(done: Done) -> None:
            text = f"{done.events:,} events, {rate(done, began_s):,.0f}/s"
            progress.update(task, total=done.stretches, completed=done.done, description=text)

        yield show


def lines(console: Console, began_s: float) -> Callable[[Done], None]:
    """Return what prints a line every few seconds."""
    printed_s = began_s

    def show(done: Done) -> None:
        nonlocal printed_s
        now_s = time.monotonic()
        if now_s - printed_s >= LINE_EVERY_S:
            printed_s = now_s
            left_s = (now_s - began_s) / max(done.done, 1) * (done.stretches - done.done)
            console.print(
                f"{done.done} of {done.stretches} stretches, {done.events:,} events, "
                f"{rate(done, began_s):,.0f}/s, about {left_s:.0f} s left",
                highlight=False,
            )

    return show


def rate(done: Done, began_s: float) -> float:
    """Return events a second since the beginning."""
    return done.events / max(time.monotonic() - began_s, 1e-3)

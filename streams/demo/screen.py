"""Where the view goes while a demo runs: a live table on a terminal, else a line now and then."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.live import Live

from streams.demo.table import View, log_line, table

LINE_EVERY_S = 5.0


class Screen(Protocol):
    """Takes views, and what is going on before there is one."""

    def say(self, text: str) -> None:
        """Show one line that stays."""

    def show(self, view: View) -> None:
        """Show how things are."""


class LiveScreen:
    """A table drawn over itself."""

    def __init__(self, live: Live) -> None:
        self._live = live

    def say(self, text: str) -> None:
        """Print above the table."""
        self._live.console.print(text, highlight=False)

    def show(self, view: View) -> None:
        """Draw the table anew."""
        self._live.update(table(view), refresh=True)


class LogScreen:
    """Lines, at most one every few seconds."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._clock = clock
        self._due_s = clock()

    def say(self, text: str) -> None:
        """Print a line."""
        self._console.print(text, highlight=False, soft_wrap=True, markup=False)

    def show(self, view: View) -> None:
        """Print a line when one is due."""
        if self._clock() >= self._due_s:
            self.say(log_line(view))
            self._due_s = self._clock() + LINE_EVERY_S


@contextmanager
def screen(console: Console) -> Iterator[Screen]:
    """Give the screen that fits a console; the live table is gone when it ends."""
    if not console.is_terminal:
        yield LogScreen(console)
        return
    with Live(console=console, auto_refresh=False, transient=True) as live:
        yield LiveScreen(live)

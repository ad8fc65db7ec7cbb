"""Where the parts' output goes: a sink takes a part's name and one line of it."""

import sys
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from typing import TextIO, TypeAlias

Sink: TypeAlias = Callable[[str, str], None]

COLOURS = (36, 33, 32, 35, 34, 31)  # ANSI foregrounds, handed out in order of appearance
NAME_WIDTH = 10


def prefixed(out: TextIO | None = None) -> Sink:
    """Return a sink that writes `part | line` to stderr, a colour for each part on a terminal."""
    stream = out or sys.stderr
    colours = cycle(COLOURS)
    labels: dict[str, str] = {}

    def label(part: str) -> str:
        text = f"{part:<{NAME_WIDTH}} |"
        return f"\x1b[{next(colours)}m{text}\x1b[0m" if stream.isatty() else text

    def write(part: str, line: str) -> None:
        if part not in labels:
            labels[part] = label(part)
        stream.write(f"{labels[part]} {line}\n")
        stream.flush()

    return write


def bare(out: TextIO | None = None) -> Sink:
    """Return a sink that writes lines as they are: JSON logs name their part themselves."""
    stream = out or sys.stderr

    def write(_part: str, line: str) -> None:
        stream.write(f"{line}\n")
        stream.flush()

    return write


def into(path: Path) -> Sink:
    """Return a sink that appends to a file, for a terminal that shows something else."""
    path.parent.mkdir(parents=True, exist_ok=True)

    def write(part: str, line: str) -> None:
        with path.open("a", encoding="utf-8") as out:
            out.write(f"{part:<{NAME_WIDTH}} | {line}\n")

    return write

"""Commands of ours, in this process: read with the command line's own parser, or run."""

import sys
from collections.abc import Callable
from typing import TypeAlias

import pytest
import typer.main
from typer.core import TyperGroup

from streams.__main__ import main
from streams.cli.verbs import VERBS

Apportion: TypeAlias = Callable[..., tuple[int, str, str]]  # status, stdout and stderr


def parse(words: list[str]) -> None:
    """Parse the words after `apportion`. Raises what the parser does: no such option, for one."""
    verb, *rest = words
    command = typer.main.get_command(VERBS[verb].load())
    while isinstance(command, TyperGroup):
        _, inner, rest = command.resolve_command(command.context_class(command), rest)
        assert inner is not None, words
        command = inner
    command.make_context(verb, rest)


def runner(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Apportion:
    """Return what runs a command in this process, and returns status, stdout and stderr."""

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["apportion", *words])
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr()
        return int(end.value.code or 0), said.out, said.err

    return run

"""Commands of ours, in this process: read with the command line's own parser, or run."""

import sys
from collections.abc import Callable
from importlib import import_module
from typing import TypeAlias

import pytest
import typer.main
from typer.core import TyperGroup

from streams.__main__ import main
from streams.cli.programs import PROGRAMS
from streams.cli.verbs import VERBS

Apportion: TypeAlias = Callable[..., tuple[int, str, str]]  # status, stdout and stderr


def app_of(verb: str) -> typer.Typer:
    """Return the app of a verb, or of the program that has its name."""
    if verb in PROGRAMS:
        program: typer.Typer = import_module(f"{PROGRAMS[verb].module}.__main__").APP
        return program
    return VERBS[verb].load()


def parse(words: list[str]) -> None:
    """Parse the words after `apportion`. Raises what the parser does: no such option, for one."""
    verb, *rest = words
    command = typer.main.get_command(app_of(verb))
    while isinstance(command, TyperGroup) and rest and not rest[0].startswith("-"):
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

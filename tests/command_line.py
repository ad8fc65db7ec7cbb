"""Reads a command with the command line's own parser, without running it."""

import typer.main
from typer.core import TyperGroup

from streams.cli.verbs import VERBS


def parse(words: list[str]) -> None:
    """Parse the words after `apportion`. Raises what the parser does: no such option, for one."""
    verb, *rest = words
    command = typer.main.get_command(VERBS[verb].load())
    while isinstance(command, TyperGroup):
        _, inner, rest = command.resolve_command(command.context_class(command), rest)
        assert inner is not None, words
        command = inner
    command.make_context(verb, rest)

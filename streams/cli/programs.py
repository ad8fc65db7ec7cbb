"""Verbs that are programs of their own: agents, which run beside the work.

Nothing of theirs is imported here (streams knows no agents), and an agent wants little memory: so
this process becomes the other one.
"""

import os
import sys
from dataclasses import dataclass
from typing import NoReturn


@dataclass(frozen=True, slots=True)
class Program:
    """A program of this installation, run as `python -m module`."""

    name: str
    module: str
    help: str

    def command(self, arguments: list[str]) -> list[str]:
        """Return the command line. `-P`: what lies in the current folder is not imported."""
        return [sys.executable, "-P", "-m", self.module, *arguments]

    def become(self, arguments: list[str]) -> NoReturn:
        """Replace this process by the program."""
        os.execv(sys.executable, self.command(arguments))  # noqa: S606 - no shell is wanted


PROGRAMS = {
    program.name: program
    for program in (
        Program("gpu-agent", "agents.gpu", "Watch who holds the GPUs of this node, how much."),
        Program("collector", "agents.gateway", "Take usage that gateways push over HTTP."),
    )
}

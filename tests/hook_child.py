"""A program with a hook, for tests that fork it and kill it: `hook_child.py fork | hold <events>`.

It says "held" when its events are on disk.
"""

import os
import signal
import sys

from apportion_hook import Hook
from apportion_hook.settings import from_environment

CHILDREN = 3


def record(hook: Hook, name: str) -> None:
    """Tell of a call."""
    hook.record(provider="openai", model="m", request_id=name, input_tokens=1)


def fork(hook: Hook) -> None:
    """Tell of a call before and after forking workers, each of which tells of two."""
    record(hook, "parent-before")
    assert hook.flush()
    children = []
    for number in range(CHILDREN):
        pid = os.fork()
        if pid == 0:
            record(hook, f"child-{number}-a")
            record(hook, f"child-{number}-b")
            sys.exit(0)
        children.append(pid)
    for pid in children:
        _, status = os.waitpid(pid, 0)
        assert status == 0
    record(hook, "parent-after")


def hold(hook: Hook, events: int) -> None:
    """Tell of calls, and wait to be killed."""
    for number in range(events):
        record(hook, f"{os.getpid()}-{number}")
    assert hook.flush(60.0)
    sys.stdout.write("held\n")
    sys.stdout.flush()
    signal.pause()


if __name__ == "__main__":
    mode, *arguments = sys.argv[1:]
    made = Hook(from_environment())
    if mode == "fork":
        fork(made)
    else:
        hold(made, int(arguments[0]))

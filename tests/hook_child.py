"""A program with a hook, for tests that fork it, kill it and let it end.

    hook_child.py fork | hold <events> | end <events>

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


def end(hook: Hook, events: int) -> None:
    """Tell of calls, those of a second hook beside them, and end without a word to either."""
    beside = Hook(hook.config)
    for number in range(events):
        record(hook, f"first-{number}")
        record(beside, f"second-{number}")


if __name__ == "__main__":
    mode, *arguments = sys.argv[1:]
    made = Hook(from_environment())
    if mode == "fork":
        fork(made)
    elif mode == "hold":
        hold(made, int(arguments[0]))
    else:
        end(made, int(arguments[0]))

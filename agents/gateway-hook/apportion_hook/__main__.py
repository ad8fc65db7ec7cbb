"""Sends what processes left behind that do not come back: python -m apportion_hook.

Settings are those of the hook, from the environment. Files that are in use are left alone.
"""

import sys

from agents.errors import AgentError, OutboxBusy, SettingsInvalid
from apportion_hook.settings import HookConfig, from_environment
from apportion_hook.slots import left_behind, open_slot

DONE, FAILED, MISUSED = 0, 1, 2


def main() -> int:
    """Drain every outbox of the directory; return 1 when something is left in one."""
    try:
        config = from_environment()
    except SettingsInvalid as error:
        print(error, file=sys.stderr)
        return MISUSED
    results = [drain(config, source) for source in left_behind(config.directory)]
    return DONE if all(results) else FAILED


def drain(config: HookConfig, source: str) -> bool:
    """Send what one outbox holds; tell whether it is empty, or another process sees to it."""
    try:
        left = open_slot(config, source).close(config.close_s)
    except OutboxBusy:
        print(f"{source}: in use")
        return True
    except AgentError as error:
        print(f"{source}: {error}", file=sys.stderr)
        return False
    print(f"{source}: " + ("empty" if left.is_drained else f"{left.events} events left"))
    return left.is_drained


if __name__ == "__main__":
    sys.exit(main())

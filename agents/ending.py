"""How an agent's command ends: 0 done, 1 failed, 2 misused, with the reason on stderr."""

import sys
from collections.abc import Callable

from agents.errors import AgentError

FAILED = 1
MISUSED = 2


def status_of(run: Callable[[], int | None], misuses: tuple[type[AgentError], ...]) -> int:
    """Run a command and return its exit status. What neither we nor the system raise goes on."""
    try:
        return run() or 0
    except misuses as error:
        return _said(error, MISUSED)
    except (AgentError, OSError) as error:
        return _said(error, FAILED)


def _said(error: Exception, status: int) -> int:
    sys.stderr.write(f"apportion: {error}\n")
    return status

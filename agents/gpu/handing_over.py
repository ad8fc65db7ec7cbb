"""How the process that checked the settings becomes the one that works.

Checking takes pydantic, fifteen megabytes for as long as it is loaded. So the checked plan goes
through memory that only the two have, since a password may be in it, and the program is replaced.
"""

import os
import pickle
import sys
from typing import NoReturn

from agents.gpu.plan import Plan

WORK = "agents.gpu.work"  # the module that goes on


def hand_over(plan: Plan) -> NoReturn:
    """Replace this program by the one that works by a plan."""
    fd = os.memfd_create("plan", 0)  # without MFD_CLOEXEC: it survives what follows
    with os.fdopen(fd, "wb", closefd=False) as file:
        pickle.dump(plan, file)
    os.execv(sys.executable, [sys.executable, "-P", "-m", WORK, str(fd)])  # noqa: S606 - no shell


def taken_over(fd: int) -> Plan:
    """Return the plan that was handed over."""
    with os.fdopen(fd, "rb") as file:
        file.seek(0)
        plan = pickle.load(file)  # noqa: S301 - written by this user's process just before
    if not isinstance(plan, Plan):
        raise TypeError(f"expected a Plan from the process before, got {type(plan).__name__}")
    return plan

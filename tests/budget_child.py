"""A program whose worker is forked while it follows budgets: `budget_child.py <broker> <topic>`.

Ends with 0 when parent and worker both know of the exceeded budget `budget:a`.
"""

import os
import sys

from apportion_hook.budgets import Budgets

WITHIN_S = 60.0


def knows(budgets: Budgets) -> bool:
    """Whether all was read and the budget is exceeded."""
    is_read = budgets.open(WITHIN_S)
    return is_read and budgets.of_call(tenant="acme").stage == "exceeded"


def main(broker: str, topic: str) -> int:
    """Fork a worker; return how many do not know."""
    budgets = Budgets({"bootstrap.servers": broker}, topic=topic, clock=lambda: 0.0)
    if not knows(budgets):
        return 1
    pid = os.fork()
    if pid == 0:
        is_known = budgets.stage("budget:a") == "exceeded"  # what the parent had read
        os._exit(0 if is_known and knows(budgets) else 1)
    _, status = os.waitpid(pid, 0)
    return int(status != 0 or not knows(budgets))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

"""The agent at work, where the process was that checked its settings: `-m agents.gpu.work`."""

import sys

from agents.ending import status_of
from agents.errors import OutboxForeign, OutboxMisconfigured
from agents.gpu.handing_over import taken_over

MISUSES = (OutboxForeign, OutboxMisconfigured)


def work(fd: int) -> None:
    """Work by the plan that was handed over."""
    # structlog would load rich for its tracebacks, ten megabytes for ever; ours are plain.
    sys.modules["rich"] = None  # type: ignore[assignment] # which makes an import of it fail
    from agents import logs  # noqa: PLC0415 - after the line above
    from agents.gpu import service  # noqa: PLC0415 - as above

    plan = taken_over(fd)
    logs.configure(plan.log_format, plan.log_level, "gpu-agent")
    service.run(plan)


if __name__ == "__main__":
    sys.exit(status_of(lambda: work(int(sys.argv[1])), MISUSES))

"""An agent's logs: one event name and its fields a line, to stderr, set up once by its command.

No payloads, tokens or text of calls are logged, and what repeats is said once in a while.
"""

import logging
import sys
import time
from collections.abc import Callable

import structlog
from structlog.typing import Processor

NOISY = ("asyncio", "agents.outbox.librdkafka", "uvicorn")


class Occasionally:
    """Says of each key at most once in a while that it is due. Keys must be a bounded set."""

    def __init__(self, every_s: float = 1.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._every_s = every_s
        self._clock = clock
        self._last_s: dict[str, float] = {}

    def due(self, key: str) -> bool:
        """Whether `key` was not due within the last `every_s`."""
        now_s = self._clock()
        if now_s - self._last_s.get(key, float("-inf")) < self._every_s:
            return False
        self._last_s[key] = now_s
        return True


def configure(form: str, least: str, part: str) -> None:
    """Send every log of this process to stderr, as `console` or `json`, of a level and above."""
    level = logging.getLevelNamesMapping()[least.upper()]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        lambda _, __, event: {"part": part, **event},
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *rendering(form),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in NOISY:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))


def rendering(form: str) -> list[Processor]:
    """Return what makes a line; a traceback shows no local values."""
    if form == "json":
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    return [
        structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    ]

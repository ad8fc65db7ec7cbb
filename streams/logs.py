"""Logs: one event name and its fields a line, to stderr, set up once by a command.

Both worlds end in the same renderer: structlog's loggers, used here, and the standard library's,
used by the Kafka clients, which are quietened to warnings. No payloads, keys or secrets are logged.
"""

import logging
import sys
import time
from collections.abc import Callable

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from streams.settings import LogSettings

# The last also says the address of an incoming webhook, which is a secret.
NOISY = (
    *("faust", "mode", "aiokafka", "aiohttp.access", "asyncio", "httpx2", "librdkafka"),
    "slack_sdk",
)
REPEATING = ("librdkafka", "aiokafka")  # they say the same many times a second when a broker goes


def configure(settings: LogSettings, part: str | None = None) -> None:
    """Send every log of this process to stderr, at `settings.level` and above.

    `part` is said on each line, e.g. the processor; None leaves it out.
    """
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    shared = _shared(part)
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
                *_rendering(settings),
            ],
        )
    )
    handler.addFilter(_OncePerSecond())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    _quieten(level)


class Occasionally:
    """Says of each key at most once in a while that it is due: for what repeats without end."""

    def __init__(self, every_s: float = 1.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._every_s = every_s
        self._clock = clock
        self._last_s: dict[str, float] = {}

    def due(self, key: str) -> bool:
        """Whether `key` was not due within the last `every_s`. Keys must be a bounded set."""
        now_s = self._clock()
        if now_s - self._last_s.get(key, float("-inf")) < self._every_s:
            return False
        self._last_s[key] = now_s
        return True


class _OncePerSecond(logging.Filter):
    """Lets each place in the code of a repeating client speak once a second."""

    def __init__(self) -> None:
        super().__init__()
        self._occasionally = Occasionally()

    def filter(self, record: logging.LogRecord) -> bool:
        if not record.name.startswith(REPEATING):
            return True
        return self._occasionally.due(f"{record.name}:{record.lineno}")


def _quieten(level: int) -> None:
    for name in NOISY:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))


def _shared(part: str | None) -> list[Processor]:
    def name_part(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        if part is not None:
            event.setdefault("part", part)
        return event

    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        name_part,
    ]


def _rendering(settings: LogSettings) -> list[Processor]:
    if settings.format == "json":
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    return [
        structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            exception_formatter=structlog.dev.plain_traceback,  # the rich one prints local values
        )
    ]
